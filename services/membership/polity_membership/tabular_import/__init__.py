"""Reading a table that a spreadsheet program wrote, as CSV or XLSX.

Every faulty row is reported, every doubtful one becomes a question, and nothing is guessed.
What a row means is defined by `register_imports` and `commitment_imports`.
"""
