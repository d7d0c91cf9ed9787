"""The mail on the wire: one recipient, clean headers, the same Message-ID for ever."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr
from uuid import UUID

import pytest
from polity_chassis.web.headers import UnsafeHeader
from polity_notifications.domain.addresses import UnsafeAddress, one_address
from polity_notifications.mail.message import Posted, message
from polity_notifications.mail.writing import Written

NOW = datetime(2030, 1, 2, 3, 4, tzinfo=UTC)


def post(
    name: str = "Ana", address: str = "ana@example.org", subject: str = "Hello", network: str = "La Red"
) -> Posted:
    return message(
        Written("es", network, subject, "¡Hola!\n", "<p>¡Hola!</p>"),
        delivery_id=UUID(int=7),
        sender="polity@example.net",
        name=name,
        address=address,
        now=NOW,
    )


def read(posted: Posted) -> EmailMessage:
    parsed = message_from_bytes(posted.content, policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_a_mail_has_its_headers_and_both_parts() -> None:
    mail = read(post(subject="Invitación: 1000 ciudades"))
    assert mail["Message-ID"] == "<00000000-0000-0000-0000-000000000007@example.net>"
    assert (mail["Subject"], mail["Auto-Submitted"]) == ("Invitación: 1000 ciudades", "auto-generated")
    assert mail["Date"].datetime == NOW
    parts = {part.get_content_type(): part.get_content().strip() for part in mail.iter_parts()}
    assert parts == {"text/plain": "¡Hola!", "text/html": "<p>¡Hola!</p>"}
    assert post().content.isascii()


@pytest.mark.parametrize("name", ["Núñez, José", 'Ana "Nita" Ruiz', "강은미", "a@b.example, c@d.example"])
def test_a_name_is_never_taken_for_a_second_recipient(name: str) -> None:
    to = read(post(name=name))["To"]
    assert [(address.display_name, address.addr_spec) for address in to.addresses] == [(name, "ana@example.org")]


@pytest.mark.parametrize("network", ["Red, de Ciudades", 'The "Thousand" <x@example.org>', "도시 네트워크", "ش" * 120])
def test_a_mail_comes_from_the_network_by_its_name(network: str) -> None:
    # Read as RFC 2047 has it: the library's newer parser leaves spaces between the parts of a long word.
    name, address = parseaddr(message_from_bytes(post(network=network).content)["From"])
    assert (str(make_header(decode_header(name))), address) == (network, "polity@example.net")


@pytest.mark.parametrize("planted", ["Ana\r\nBcc: x@example.org", "Ana\nX: 1", "Ana\rX", "Ana\0"])
def test_a_line_end_in_a_header_value_is_refused(planted: str) -> None:
    with pytest.raises(UnsafeHeader):
        post(name=planted)
    with pytest.raises(UnsafeHeader):
        post(subject=planted)
    with pytest.raises(UnsafeHeader):
        post(network=planted)


def test_what_turns_the_direction_of_writing_is_in_no_header() -> None:
    turned = "Sami \u202eelpmaxE\u202c"
    mail = read(post(name=turned, subject=turned, network=turned))
    assert str(mail["Subject"]) == "Sami elpmaxE"
    assert [mail[name].addresses[0].display_name for name in ("To", "From")] == ["Sami elpmaxE"] * 2


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org,b@example.org", "a@example.org, b@example.org", "a,b@example.org", "a b@example.org",
        "Ana <a@example.org>", "a@example.org\r\nRCPT TO:<b@example.org>", "a@example.org;b@example.org", "a", "@x.org",
        "a@", "haru.@example.org", '"a,b"@example.org', "a@b@example.org", "á@example.org", "a@example..org",
    ],
)  # fmt: skip
def test_an_address_that_is_not_one_plain_address_is_refused(address: str) -> None:
    with pytest.raises(UnsafeAddress):
        one_address(address)


@pytest.mark.parametrize(
    ("address", "plain"),
    [("alcaldia@méxico.example", "alcaldia@xn--mxico-bsa.example"), ("o'neil+x@example.org", "o'neil+x@example.org")],
)
def test_one_plain_address_is_taken_in_ascii(address: str, plain: str) -> None:
    assert one_address(address) == plain
    assert post(address=address).recipient == plain
