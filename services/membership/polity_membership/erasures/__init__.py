"""Erasing a person.

Their row is emptied at once, and the tombstone tells other services to do the same.
Later the worker makes Kafka forget the record and deletes the sign-in account.
"""
