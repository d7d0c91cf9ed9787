"""A city's answer to its invitation: the form, and the letter signed on paper.

The link of the mail stands in the address and is the only credential. What was typed is never lost to an error.
"""
