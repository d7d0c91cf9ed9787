"""Commitments of earlier waves come into a campaign with their own dates: all, or none."""
