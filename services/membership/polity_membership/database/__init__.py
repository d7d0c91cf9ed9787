"""What all nouns share of the database.

One metadata for all tables, aggregates loaded, locked and saved, and many rows in one statement.
Locks are taken in one order everywhere; see `aggregates`.
"""
