"""Whatever address a partner names, nothing is posted but to the public Internet."""

from ipaddress import ip_address

import pytest
from polity_notifications.domain.endpoints import BadEndpoint, checked, is_public, permits

BAD = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.8.8.8",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "::",
    "::1",
    "::127.0.0.1",
    "::10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:0808:0808::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "5f00::1",
]
GOOD = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.215.14",
    "2606:4700:4700::1111",
    "2a00:1450:4001:80b::200e",
    "2001:4860:4860::8888",
]


@pytest.mark.parametrize("address", BAD)
def test_not_of_the_public_internet(address: str) -> None:
    assert not is_public(ip_address(address))
    assert not permits("https", ip_address(address), allow_loopback=False)


@pytest.mark.parametrize("address", GOOD)
def test_of_the_public_internet_by_https_alone(address: str) -> None:
    assert permits("https", ip_address(address), allow_loopback=False)
    assert not permits("http", ip_address(address), allow_loopback=True)


def test_loopback_is_for_demonstrations_alone() -> None:
    for scheme in ("http", "https"):
        assert permits(scheme, ip_address("127.0.0.1"), allow_loopback=True)
        assert not permits(scheme, ip_address("127.0.0.1"), allow_loopback=False)
        assert not permits(scheme, ip_address("10.0.0.1"), allow_loopback=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://partner.example/hooks",
        "https://partner.example:443/",
        "https://partner.example:8443/a?b=c%20d",
        "https://a.b-c.xn--55qx5d.example/",
        f"https://{'a' * 63}.example/",
        "https://8.8.8.8/hooks",
        "https://[2606:4700:4700::1111]:8443/hooks",
    ],
)
def test_a_url_that_may_be_posted_to(url: str) -> None:
    assert checked(url, allow_loopback=False) == url


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://partner.example/", "not_https"),
        ("ftp://partner.example/", "not_https"),
        ("file:///etc/passwd", "malformed"),
        ("partner.example/hooks", "malformed"),
        ("", "malformed"),
        ("https://", "malformed"),
        ("https://user:secret@partner.example/", "credentials"),
        ("https://8.8.8.8@10.0.0.1/", "credentials"),
        ("https://partner.example:22/", "port"),
        ("https://partner.example:0/", "port"),
        ("https://partner.example:70000/", "malformed"),
        ("https://partner.example/#part", "malformed"),
        ("https://partner.example\\@10.0.0.1/", "malformed"),
        ("https://partner.example/a b", "malformed"),
        ("https://partner.example/\r\nHost: x", "malformed"),
        ("https://pärtner.example/", "malformed"),
        ("https://example..com/", "malformed"),
        ("https://.example.com/", "malformed"),
        ("https://partner-.example/", "malformed"),
        (f"https://{'a' * 64}.example/", "malformed"),
        (f"https://{'a.' * 130}example/", "malformed"),
        ("https://127.0.0.1/", "address"),
        ("https://[::1]/", "address"),
        ("https://[::ffff:10.0.0.1]/", "address"),
        ("https://127.1/", "malformed"),
        ("https://2130706433/", "malformed"),
        ("https://0x7f.0.0.1/", "malformed"),
        ("https://0x7f000001/", "malformed"),
        ("https://partner.example/" + "a" * 2000, "malformed"),
    ],
)
def test_a_url_that_may_not(url: str, reason: str) -> None:
    with pytest.raises(BadEndpoint, match=f"^{reason}$"):
        checked(url, allow_loopback=False)


def test_http_is_for_loopback_alone() -> None:
    for url in ("http://127.0.0.1:9000/x", "http://localhost:9000/x", "http://[::1]:9000/"):
        assert checked(url, allow_loopback=True) == url
        with pytest.raises(BadEndpoint):
            checked(url, allow_loopback=False)
    for url in ("http://partner.example:9000/", "http://10.0.0.1:9000/"):
        with pytest.raises(BadEndpoint):
            checked(url, allow_loopback=True)
