"""What all nouns share of the database: one metadata, rows to aggregates and back, many rows at once."""
