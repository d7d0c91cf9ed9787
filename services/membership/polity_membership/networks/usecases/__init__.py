"""Founding a network, adding a member."""
