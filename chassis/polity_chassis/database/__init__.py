"""One service's PostgreSQL database: its pool and transactions, its errors, its schema.

A transaction commits, or rolls back and returns its connection, whatever happens to its task. Every wait for a
connection or a lock is bounded. Schema changes run one at a time and never wait long for a lock.
"""
