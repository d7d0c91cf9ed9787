"""Proofs: photos or scans of signed letters.

A proof is sent in pieces, each stored before it is acknowledged, and kept in files beside the database.
Files that nobody needs any more are deleted by the worker.
"""
