"""What the holder of an invitation's link does, one transaction each.

Expressing interest, declining, saving the form.
"""
