"""Who calls, and what they may do for whom.

A token of the realm or a signed link says who calls; the service's own copy of the mandates says what they may do.
Every route declares exactly one rule, and an application with a route without one does not start.
"""
