"""Values as people type them: text, addresses, numbers, days. Each is returned normalised, or refused by name."""
