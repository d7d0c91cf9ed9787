"""What exists in the world: countries with their regions and land, time zones, languages."""
