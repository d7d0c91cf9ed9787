"""What a local government does by its invitation's link, without signing in.

It reads what is asked, says that it is interested or not this time, and saves a form for whoever goes on with it.
"""
