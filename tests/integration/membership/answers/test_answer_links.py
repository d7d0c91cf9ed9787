"""What each kind of link is answered with, and that a stranger learns nothing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from polity_chassis.authorization.links import LinkKeys, sign

FOREIGN = LinkKeys.model_validate({"k1": "b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyMTI="})


def _slug(problem: Any) -> str:
    return str(problem["type"]).rpartition(":")[2]


async def test_a_link_shows_what_is_asked_and_changes_nothing(world: Any, net: Any) -> None:
    campaign_id, (link,) = await net.invited(1)
    for _ in range(2):
        answer = await world.call("GET", "/v1/answer", link=link, expect=200)
        assert answer["status"] == "invited"
    assert answer["campaign"]["campaign_id"] == campaign_id
    assert answer["campaign"]["network_name"]["en"] == "Committee"
    assert answer["campaign"]["demonstration"] is True
    assert answer["local_government"]["name"] == "City 0001"
    assert answer["language"] == "es"
    assert answer["commitment"] is None
    assert "contact" not in str(answer)


async def test_interest_is_said_once_however_often(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    for _ in range(2):
        assert await world.call("POST", "/v1/answer/interest", link=link, expect=200) == {"status": "interested"}
    invitation = (await world.call("GET", "/v1/answer", link=link, expect=200))["invitation_id"]
    assert [(name, number) for name, number, _ in await world.facts(invitation)] == [
        ("invitation_issued", 1),
        ("interest_expressed", 2),
    ]


async def test_a_used_link_still_thanks_and_refuses_a_second_commitment(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    await net.commit(link)
    assert _slug(await net.commit(link, expect=409)) == "already_committed"
    world.moved = timedelta(days=60)
    answer = await world.call("GET", "/v1/answer", link=link, expect=200)
    assert answer["status"] == "committed"
    assert answer["commitment"] == {
        "status": "committed",
        "ordinal": 1,
        "themes": ["water", "housing", "peace"],
        "signed_on": "2026-01-31",
        "return_reason": None,
    }
    assert await world.call("POST", "/v1/answer/interest", link=link, expect=200) == {"status": "committed"}


async def test_after_the_deadline_the_link_is_gone(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    world.moved = timedelta(days=31)
    assert _slug(await world.call("GET", "/v1/answer", link=link, expect=410)) == "link_expired"
    assert _slug(await world.call("POST", "/v1/answer/interest", link=link, expect=410)) == "link_expired"
    assert _slug(await net.commit(link, expect=410)) == "link_expired"


async def test_a_link_whose_time_is_over_still_says_whom_to_ask(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    world.moved = timedelta(days=31)
    found = await world.call("GET", "/v1/answer/secretariat", link=link, expect=200)
    assert (found["network_id"], found["name"]["en"]) == (net.id, "Committee")
    nobody = sign(world.keys, "answer", uuid4(), 1)
    assert _slug(await world.call("GET", "/v1/answer/secretariat", link=nobody, expect=404)) == "link_unknown"


async def test_a_revoked_link_is_gone_and_revoking_twice_is_once(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    invitation = (await world.call("GET", "/v1/answer", link=link, expect=200))["invitation_id"]
    for _ in range(2):
        revoked = await net.post(f"/v1/invitations/{invitation}/revocation", None, expect=200)
        assert revoked["status"] == "revoked"
    assert _slug(await world.call("GET", "/v1/answer", link=link, expect=410)) == "link_revoked"
    assert _slug(await net.commit(link, expect=410)) == "link_revoked"
    facts = await world.facts(invitation)
    assert [(name, number) for name, number, _ in facts] == [("invitation_issued", 1), ("invitation_revoked", 2)]
    assert facts[1][2]["link_generation"] == 2


STRANGERS: dict[str, Callable[[Any, UUID], str]] = {
    "a forged link": lambda world, id_: sign(FOREIGN, "answer", id_, 1),
    "a link for another purpose": lambda world, id_: sign(world.keys, "mandate", id_, 1),
    "a link for nothing": lambda world, id_: sign(world.keys, "answer", uuid4(), 1),
    "a generation that was never sent": lambda world, id_: sign(world.keys, "answer", id_, 2),
    "no link at all": lambda world, id_: "nonsense",
}


@pytest.mark.parametrize("kind", STRANGERS)
async def test_a_stranger_is_answered_the_same_whoever_was_invited(world: Any, net: Any, kind: str) -> None:
    _, (link,) = await net.invited(1)
    invitation = (await world.call("GET", "/v1/answer", link=link, expect=200))["invitation_id"]
    strange = STRANGERS[kind](world, UUID(invitation))
    read = await world.call("GET", "/v1/answer", link=strange)
    said = await world.call("POST", "/v1/answer/interest", link=strange)
    made = await net.commit(strange, expect=None)
    for answer in (read, said, made):
        body = answer.json()
        body.pop("trace_id", None)
        assert (answer.status_code, body) == (
            404,
            {"type": "urn:polity:problem:link_unknown", "title": "This link is not known.", "status": 404},
        )


PLEDGES: dict[str, dict[str, Any]] = {
    "two themes": {"themes": ["water", "housing"]},
    "a theme twice": {"themes": ["water", "water", "peace"]},
    "a theme of no campaign": {"themes": ["water", "housing", "gold"]},
    "signed next month": {"signed_on": "2099-01-01"},
    "no name": {"signatory_name": "  "},
    "a name with a line break": {"signatory_name": "Zoe\nBcc: x@example.org"},
    "an office with a NUL": {"signatory_office": "May\0or"},
    "a field too many": {"ordinal": 1},
}


@pytest.mark.parametrize("fault", PLEDGES)
async def test_a_commitment_that_is_not_valid_is_refused_and_can_be_made_again(net: Any, fault: str) -> None:
    _, (link,) = await net.invited(1)
    await net.commit(link, expect=422, **PLEDGES[fault])
    assert (await net.commit(link))["ordinal"] == 1


async def test_without_credentials_the_way_to_authenticate_is_named(world: Any) -> None:
    answer = await world.call("GET", "/v1/answer")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Link")
