"""What is done with networks, one transaction each.

An operator founds a network; its secretariat adds members.
"""
