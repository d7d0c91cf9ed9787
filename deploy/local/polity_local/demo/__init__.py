"""The demonstration: the letter's network and campaign, 1,000 places to invite, invented signatories."""
