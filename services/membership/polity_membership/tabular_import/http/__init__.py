"""The file that a request sends, and the report on it that is answered."""
