"""Where webhooks may be posted to: partners choose it, so it must lead to the public Internet and nowhere else."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
MAX_URL_LENGTH = 2000

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\]")
"""A name of the DNS (RFC 1035, 2.3.4) or a literal address."""
_URL = re.compile(r"[!#-\[\]^_a-z{|}~]+", re.IGNORECASE)
"""Printable ASCII without quote, backslash and backtick, which URL parsers read differently."""
_GLOBAL_IPV6 = ip_network("2000::/3")
"""All that is assigned for the Internet (RFC 4291): without ::/96, 64:ff9b::/96, fec0::/10, multicast and the like."""
_NEVER = tuple(
    ip_network(network)
    for network in (
        "168.63.129.16/32",  # a cloud's host agent, in public address space
        "192.0.0.0/24",  # protocol assignments, RFC 6890: Python counts some of them as global
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "2001::/23",  # Teredo and other protocol assignments, RFC 2928
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",
    )
)


class BadEndpoint(Exception):
    """The URL may not be posted to; the text is stable and says why, without quoting the URL."""


def is_public(address: Address) -> bool:
    """Returns whether the address is one of the public Internet; `is_global` alone lies about several networks."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, IPv6Address) and (address not in _GLOBAL_IPV6 or address.scope_id):
        return False
    return not any(address.version == network.version and address in network for network in _NEVER)


def permits(scheme: str, address: Address, *, allow_loopback: bool) -> bool:
    """Returns whether the address may be connected to: public ones by https alone, ours where the setting allows."""
    if address.is_loopback:
        return allow_loopback
    return scheme == "https" and is_public(address)


def checked(url: str, *, allow_loopback: bool) -> str:
    """Returns the URL; raises BadEndpoint for what could never be posted to, whatever its name resolves to."""
    if len(url) > MAX_URL_LENGTH or not _URL.fullmatch(url) or "#" in url:
        raise BadEndpoint("malformed")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise BadEndpoint("malformed") from None
    if "@" in parts.netloc:
        raise BadEndpoint("credentials")
    if not _HOST.fullmatch(parts.netloc.removesuffix(f":{port}")):
        raise BadEndpoint("malformed")
    if parts.scheme != "https" and not (allow_loopback and parts.scheme == "http"):
        raise BadEndpoint("not_https")
    if port is not None and port != 443 and port < 1024:
        raise BadEndpoint("port")
    _check_literal(parts.scheme, host, allow_loopback=allow_loopback)
    return url


def _check_literal(scheme: str, host: str, *, allow_loopback: bool) -> None:
    address = literal(host)
    if address is not None:
        if not permits(scheme, address, allow_loopback=allow_loopback):
            raise BadEndpoint("address")
    elif host.rpartition(".")[2][:1].isdigit():
        # 127.1, 0x7f.1 and 2130706433 are addresses to some resolvers.
        raise BadEndpoint("malformed")
    elif scheme == "http" and host != "localhost":
        raise BadEndpoint("not_https")


def literal(host: str) -> Address | None:
    """Returns the address that the host is, None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None
