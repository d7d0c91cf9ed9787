"""Rows that are kept for a time, and removed after it."""
