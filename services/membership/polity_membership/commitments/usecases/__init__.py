"""Making a commitment, and what the secretariat does with it."""
