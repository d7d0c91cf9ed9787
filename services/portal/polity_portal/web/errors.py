"""What a page may raise; `page_routes` turns each into a page that says what happened and what to do."""


class NotFound(Exception):
    """There is no such page, or not for this person."""


class NotSignedIn(Exception):
    """The page needs a session."""


class SessionOver(Exception):
    """The session ended while a request of it was under way."""


class SignInRefused(Exception):
    """The realm refused, or its answer does not belong to this browser."""


class IdentityUnavailable(Exception):
    """The realm did not answer."""


class FormRefused(Exception):
    """The form did not come from our own page of this session."""
