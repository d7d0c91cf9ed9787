"""E-mail addresses: what may be a contact's is what can be sent to, by the library that notifications sends by."""

import unicodedata

from email_validator import EmailNotValidError, validate_email

from polity_membership.errors import InvalidValue
from polity_membership.values.texts import seen


def email(value: str) -> str:
    """Returns the address, its domain in its own letters and lower case; raises InvalidValue.

    An international domain (RFC 5890) can be sent to in its xn-- form; other letters than ASCII before the @ (RFC 6531)
    not by every server, so they are refused. Whether anybody is there is not asked.
    """
    address = value.strip()
    visible = "".join(character for character in seen(address) if unicodedata.category(character) != "Cf")
    if visible != address:
        raise InvalidValue("unseen_character", visible)
    local = address.partition("@")[0]
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise InvalidValue("dot_in_email")
    if "@" in address and not local.isascii():
        raise InvalidValue("local_part_not_ascii")
    try:
        return validate_email(address, allow_smtputf8=False, strict=True, check_deliverability=False).normalized
    except EmailNotValidError:
        raise InvalidValue("bad_email") from None
