"""Mandates: which person may act in which role for whom, granted by a link that the person accepts."""
