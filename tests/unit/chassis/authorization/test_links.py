"""A link proves an id and a generation to who knows the secret, and nothing else is accepted."""

import base64
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polity_chassis.authorization.links import BadLink, LinkKeys, VerifiedLink, sign, verify
from polity_chassis.observability.tracing import LINK
from pydantic import ValidationError


def secret(character: str, length: int = 32) -> str:
    return base64.b64encode(character.encode() * length).decode()


OLD = LinkKeys.model_validate({"k1": secret("a")})
NEW = LinkKeys.model_validate({"k2": secret("b"), "k1": secret("a")})


@given(st.uuids(), st.integers(0, 999_999_999))
def test_what_was_signed_is_verified(subject: UUID, generation: int) -> None:
    token = sign(OLD, "answer", subject, generation)
    assert verify(OLD, "answer", token) == VerifiedLink(subject, generation)
    assert LINK.fullmatch(token), "the redaction of traces must know the form"


def test_the_first_key_signs_and_all_verify() -> None:
    subject = uuid4()
    assert verify(NEW, "answer", sign(OLD, "answer", subject, 1)).id == subject
    assert sign(NEW, "answer", subject, 1).startswith("k2.")
    with pytest.raises(BadLink):
        verify(OLD, "answer", sign(NEW, "answer", subject, 1))


def test_a_token_serves_one_purpose() -> None:
    with pytest.raises(BadLink):
        verify(OLD, "mandate", sign(OLD, "answer", uuid4(), 0))


@given(st.data())
def test_no_other_character_anywhere_is_accepted(data: st.DataObject) -> None:
    token = sign(OLD, "answer", UUID(int=7), 12)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("AZaz09-_.=/+ ٣é").filter(lambda character: character != token[place]))
    with pytest.raises(BadLink):
        verify(OLD, "answer", token[:place] + other + token[place + 1 :])


@pytest.mark.parametrize("token", ["", ".", "...", "k1", "k1.x.0.y", "k1." + "A" * 22 + ".01." + "A" * 43, "a" * 9000])
def test_words_are_no_token(token: str) -> None:
    with pytest.raises(BadLink):
        verify(OLD, "answer", token)


def test_nothing_may_follow_a_token() -> None:
    token = sign(OLD, "answer", uuid4(), 0)
    for altered in (token + "\n", token + "=", " " + token, token + ".x"):
        with pytest.raises(BadLink):
            verify(OLD, "answer", altered)


@pytest.mark.parametrize(
    "keys",
    [{}, {"k1": secret("a", 31)}, {"k1": "no base64!"}, {"k 1": secret("a")}, {"k.1": secret("a")}, {"k1": ""}],
)
def test_weak_or_malformed_keys_are_refused(keys: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        LinkKeys.model_validate(keys)


def test_secrets_are_not_shown() -> None:
    assert "aaa" not in repr(OLD)
    assert secret("a") not in f"{OLD!r} {OLD}"
