"""Pages that anybody may read: the home, a network, a campaign with its progress, map and list.

They show what the API answers without credentials, and are cached for 15 seconds.
"""
