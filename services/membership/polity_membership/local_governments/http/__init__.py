"""Routes of the register.

A secretariat lists its register and corrects a contact.
"""
