"""Erasing a person: here at once, in other services by a tombstone, in Kafka and at the sign-in later."""
