"""How a table is read, row by row, and what is found in it; no database, no HTTP."""
