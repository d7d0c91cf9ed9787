"""Facts between services: `publishing` brings them from a transaction to Kafka, `consuming` back into one.

An acknowledged write is in its database and at least once in Kafka; a database effect happens once per fact. Order
exists only within a key. The two packages know nothing of each other.
"""
