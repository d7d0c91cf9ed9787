"""What a local government does by its invitation's link, without signing in.

It reads what is asked, expresses interest or declines, and saves a form for whoever continues with it.
A commitment is made by `commitments`.
"""
