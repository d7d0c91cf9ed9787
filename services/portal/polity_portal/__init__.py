"""The pages of Polity.

The portal keeps sessions alone. All it shows and does goes through the HTTP API, with the person's token or the link
of a mail. Each feature has a package; features import `auth`, `web`, `client` and `i18n`, and not each other.
"""
