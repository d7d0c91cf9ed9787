"""What a secretariat does with invitations: issue, extend, revoke, empty."""
