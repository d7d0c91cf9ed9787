"""What is done with proofs.

Receiving one piece by piece, and removing its files.
"""
