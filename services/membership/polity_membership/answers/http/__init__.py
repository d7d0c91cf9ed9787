"""Routes of an invitation's link.

A GET changes nothing; every route checks the link's generation and the deadline.
"""
