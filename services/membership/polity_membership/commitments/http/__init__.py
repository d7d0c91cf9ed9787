"""Routes of commitments for the secretariat.

Listing, confirming, returning, withdrawing, and recording a commitment that was signed on paper.
"""
