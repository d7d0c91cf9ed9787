"""Addresses: what membership takes, notifications can send to, and what it can't send to is refused before."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polity_membership.errors import InvalidValue
from polity_membership.values.addresses import email
from polity_notifications.domain.addresses import UnsafeAddress, one_address
from polity_notifications.mail.message import message
from polity_notifications.mail.writing import Written

TAKEN = {
    "ana@example.org": "ana@example.org",
    " Ana@EXAMPLE.org ": "Ana@example.org",
    "mayor+pledge@example.org": "mayor+pledge@example.org",
    "s.o'example@example.org": "s.o'example@example.org",
    "info@bücher.example": "info@xn--bcher-kva.example",
    "info@xn--mgbh0fb.xn--kgbechtv": "info@xn--mgbh0fb.xn--kgbechtv",
    "info@실례.테스트": "info@xn--9n2bp8q.xn--9t4b11yi5a",
    "info@faß.example": "info@xn--fa-hia.example",
}
REFUSED = {
    "haru.@example.org": "dot_in_email",
    ".haru@example.org": "dot_in_email",
    "ren..yuki@example.org": "dot_in_email",
    "begoña@example.org": "local_part_not_ascii",
    "ana@example.org\u200b": "unseen_character",
    "\u202aana@example.org\u202c": "unseen_character",
    "ana@example.org\u202e": "unseen_character",
    "ana": "bad_email",
    "ana@localhost": "bad_email",
    "ana@example.test": "bad_email",
    "ana@example..org": "bad_email",
    "ana@[127.0.0.1]": "bad_email",
    '"ana ruiz"@example.org': "bad_email",
    "Ana <ana@example.org>": "bad_email",
    "a@example.org, b@example.org": "bad_email",
    "a@example.org;b@example.org": "bad_email",
    "a@example.org\r\nBcc: b@example.org": "bad_email",
    "a" * 65 + "@example.org": "bad_email",
}  # fmt: skip


def sent_to(address: str) -> str:
    """Whom the whole mail goes to, written as it is sent."""
    written = Written("en", "Network", "Hello", "Hello\n", "<p>Hello</p>")
    posted = message(
        written, delivery_id=UUID(int=7), sender="polity@example.net", name="Ana", address=address,
        now=datetime(2030, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    return posted.recipient


@pytest.mark.parametrize("address", TAKEN)
def test_an_address_that_is_taken_is_sent_to(address: str) -> None:
    assert sent_to(email(address)) == TAKEN[address]


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_cannot_be_sent_to_is_refused_for_its_own_reason(address: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        email(address)
    assert refused.value.reason == REFUSED[address]
    with pytest.raises(UnsafeAddress):
        one_address(address)


ANYTHING = st.text(st.sampled_from("aZ0.-_+'\"@ ,;<>ñ실\u200b\u202e\n"), max_size=20)


@given(
    ANYTHING, st.sampled_from(["@example.org", "@bücher.example", "@a.b-c.example", "@실례.테스트", "@-a.example", ""])
)
def test_there_is_no_address_that_one_takes_and_the_other_cannot_send_to(local: str, domain: str) -> None:
    try:
        taken = email(local + domain)
    except InvalidValue:
        return
    assert sent_to(taken).isascii()
