"""What is done with commitments, one transaction each.

A local government commits; a secretariat records a signed letter, confirms, returns or withdraws.
"""
