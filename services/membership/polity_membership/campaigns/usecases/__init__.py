"""What is done with campaigns, one transaction each.

A secretariat opens a campaign and announces a milestone that was reached.
"""
