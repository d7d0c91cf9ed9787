"""Opening a campaign, announcing a milestone."""
