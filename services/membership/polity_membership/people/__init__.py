"""People: contacts of local governments, signatories, holders of mandates.

The row of an erased person is emptied and stays. No other fact than theirs names anyone.
"""
