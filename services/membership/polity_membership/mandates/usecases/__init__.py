"""Granting, accepting and ending a mandate."""
