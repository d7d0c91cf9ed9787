"""The steps of an erasure, one transaction each.

Emptying the person, publishing the tombstone again where Kafka has an older record last, and letting Kafka compact.
"""
