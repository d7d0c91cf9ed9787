"""People: contacts of local governments, signatories, holders of mandates."""
