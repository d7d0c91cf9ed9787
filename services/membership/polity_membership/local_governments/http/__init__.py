"""Listing the register, correcting a contact."""
