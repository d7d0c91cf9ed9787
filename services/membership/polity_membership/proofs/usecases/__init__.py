"""Receiving a proof piece by piece, and removing its files."""
