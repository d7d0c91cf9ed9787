"""Networks of local governments, and their members.

A network is founded by an operator; its secretariat adds members from its register.
"""
