"""Whom a mail may be addressed to: one address, in characters that cannot become a second one or another header."""

from email_validator import EmailNotValidError, validate_email


class UnsafeAddress(ValueError):
    """The address is not one plain address. The message never quotes it."""


def one_address(address: str) -> str:
    """Returns the address in ASCII, an international domain in its xn-- form (RFC 5891); raises UnsafeAddress.

    The rule is the one by which membership takes addresses: what it has taken can be sent to.
    """
    try:
        found = validate_email(address, allow_smtputf8=False, strict=True, check_deliverability=False).ascii_email
    except EmailNotValidError:
        found = None
    if found is None:
        raise UnsafeAddress("not one plain address")
    return found
