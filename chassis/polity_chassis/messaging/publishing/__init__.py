"""The transactional outbox and the relay that sends it to Kafka.

A fact is stored by the transaction that made it and sent after the commit: at least once, the facts of a key in the
order in which they were written. One relay of a service is active at a time.
"""
