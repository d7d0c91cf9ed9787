"""An invitation asks one local government to join one campaign, until a deadline.

It is sent to the local government's contact as a link; a new generation of the link ends the earlier ones.
"""
