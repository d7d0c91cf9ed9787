"""The rules of a commitment import.

What a row must say, and which local government of the register it is about.
"""
