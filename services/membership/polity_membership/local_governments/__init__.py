"""The register of local governments, and the contact of each.

The register is a network's list of local governments that it may invite; the contact is who gets their mail.
"""
