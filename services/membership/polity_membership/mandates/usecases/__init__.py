"""What is done with mandates, one transaction each.

Granting, accepting and ending one.
"""
