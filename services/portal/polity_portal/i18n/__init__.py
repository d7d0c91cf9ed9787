"""The languages of the pages: how each writes dates, numbers and names, and the words for the API's codes.

The translations are in `locale/`; `catalogues` brings them up to date.
"""
