"""Signing in, sessions and what a page behind a session asks for.

Tokens and names are stored so that only the cookie's value can read them. `dependencies` has what features use: the
session, the form of a session, and `Visit`, a signed-in person's request.
"""
