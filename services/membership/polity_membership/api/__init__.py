"""What all nouns share of the HTTP API.

Who may call a route, the fields of request bodies, and the titles of refusals in every language.
"""
