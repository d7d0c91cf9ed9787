"""The secretariat's office: campaigns, invitations, messages, decisions, mandates, imports.

Every page asks for a session. The API decides, with the person's token, what is shown and done.
"""
