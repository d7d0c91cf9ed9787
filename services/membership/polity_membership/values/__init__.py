"""Values as people type them: lines of text, mail addresses, numbers, days.

Each function returns the value normalised, or raises InvalidValue with a stable reason.
The package is pure: no clock, no database, no HTTP.
"""
