"""Consumers: each fact is applied once, in the order of its key, in the transaction that moves the consumer's position.

A fact that cannot be applied is parked with its reason, the later facts of its key behind it; other keys go on. While
the database or Kafka is away a consumer waits, for ever and visibly.
"""
