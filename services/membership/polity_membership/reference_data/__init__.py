"""What exists in the world: countries with their regions and land, time zones, languages.

It is read once per process from the tables in this folder and from the libraries that ship the rest.
"""
