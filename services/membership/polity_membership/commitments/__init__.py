"""Commitments: a local government's promise in a campaign, signed by a person.

A commitment is made by link or on paper and counts at once or once it is confirmed.
It may be returned and made again, and withdrawn; its ordinal is never given again.
"""
