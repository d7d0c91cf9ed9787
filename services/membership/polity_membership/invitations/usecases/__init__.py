"""What a secretariat does with invitations, one transaction each.

It invites, extends a deadline, revokes, and erases what was entered.
"""
