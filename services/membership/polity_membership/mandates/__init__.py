"""A mandate is a role in a scope, given to a person.

It is granted with a link; whoever signs in and accepts the link acts under it until it ends.
"""
