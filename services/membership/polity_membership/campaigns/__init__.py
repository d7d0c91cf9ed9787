"""Campaigns ask local governments for commitments.

A campaign counts its commitments, numbers them without a gap, and reaches milestones, each at most once.
"""
