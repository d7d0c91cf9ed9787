"""Commitments: made by link or on paper, confirmed, returned, withdrawn; each counted at most once."""
