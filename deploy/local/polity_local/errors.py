"""What goes wrong for a person at a terminal: one sentence saying what, and how to go on."""


class CommandError(Exception):
    """Its text is printed as it stands and the command ends with status 1."""
