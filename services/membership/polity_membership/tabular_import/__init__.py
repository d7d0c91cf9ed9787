"""Reading a table that somebody's program wrote, CSV or XLSX.

Every faulty row is named, every doubtful one asked about, and nothing is guessed. What a row means is said by
`register_imports` and `commitment_imports`.
"""
