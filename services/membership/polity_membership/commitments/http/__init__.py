"""Commitments as the secretariat sees them, and recording one that was signed on paper."""
