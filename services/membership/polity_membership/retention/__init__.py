"""Deleting rows that are kept for a limited time.

Saved forms after the deadline, removed proofs, and erasures that are done.
"""
