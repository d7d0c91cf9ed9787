"""Going on after the database was restored from a backup.

Facts that were published after the backup are compared with the database and settled.
"""
