"""Importing a file into a network's register.

All rows that aren't set aside are imported in one transaction, or none.
A row of a local government that the register has may update it.
"""
