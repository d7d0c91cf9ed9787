"""Proofs: photos or scans of signed letters, sent in pieces, kept in files, removed when nobody needs them."""
