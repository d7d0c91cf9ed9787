"""The rules of a register import.

What a row must say, and how it differs from what the register has.
"""
