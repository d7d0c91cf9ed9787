"""What may be sent as a proof, and what a photo tells of itself."""
