"""An invitation asks one local government to join a campaign, by its contact, until a deadline."""
