"""Importing commitments of earlier waves into a campaign, with their own dates.

All rows that aren't set aside are imported in one transaction, or none; nobody is mailed.
Local governments that the register lacks are added to it.
"""
