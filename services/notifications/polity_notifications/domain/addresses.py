"""Whom a mail may be addressed to: one address, in characters that cannot become a second one or another header."""

import re

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?){1,255}")
"""The local part's characters are `atext` and dots of RFC 5322: no comma, quote, bracket, space or line end."""


class UnsafeAddress(ValueError):
    """The address is not one plain address. The message never quotes it."""


def one_address(address: str) -> str:
    """Returns the address in ASCII, an international domain as Punycode (RFC 5891); raises UnsafeAddress."""
    local, at, domain = address.rpartition("@")
    try:
        plain = f"{local}{at}{domain.encode('idna').decode()}"
    except UnicodeError:
        raise UnsafeAddress("the domain is not valid") from None
    if not _ADDRESS.fullmatch(plain) or ".." in plain:
        raise UnsafeAddress("not one plain address")
    return plain
