"""Campaigns ask local governments for commitments, count them and reach milestones."""
