"""An office saves what it has filled in, another goes on with it, and nobody overwrites what they have not seen."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

NAME, OFFICE = f"Ñusta {uuid4()}", f"Alcaldesa {uuid4()}"
FILLED = {"signatory_name": NAME, "signatory_office": OFFICE, "signed_on": "2026-01-31", "themes": ["water", "", ""]}
NOTHING = {"signatory_name": None, "signatory_office": None, "signed_on": None, "themes": []}
HOLDING = "SELECT 1 FROM answer_draft WHERE signatory_name = :name"


async def put(world: Any, link: str, body: Any, revision: int | None = None, *, expect: int = 200) -> Any:
    """The answer's JSON; `revision` is the one that the caller has seen."""
    seen = {} if revision is None else {"If-Match": f'"{revision}"'}
    return await world.call("PUT", "/v1/answer/draft", body, link=link, expect=expect, **seen)


async def test_nothing_is_saved_until_somebody_saves(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    answer = await world.call("GET", "/v1/answer/draft", link=link)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"0"')
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {"revision": 0, "saved_at": None, **NOTHING}


async def test_whoever_opens_the_same_link_goes_on_where_the_other_stopped(world: Any, net: Any) -> None:
    _, (link, other) = await net.invited(2)
    saved = await put(world, link, FILLED)
    assert (saved["revision"] > 0, saved["saved_at"]) == (True, saved["saved_at"] or "an instant")
    answer = await world.call("GET", "/v1/answer/draft", link=link)
    assert (answer.headers["etag"], answer.json()) == (f'"{saved["revision"]}"', saved)
    assert {name: answer.json()[name] for name in FILLED} == FILLED
    again = await put(world, link, {**FILLED, "themes": ["water", "peace", ""]}, saved["revision"])
    assert (again["revision"], again["themes"]) == (saved["revision"] + 1, ["water", "peace", ""])
    assert (await world.call("GET", "/v1/answer/draft", link=other, expect=200))["revision"] == 0


async def test_every_field_may_be_missing(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    saved = await put(world, link, {})
    assert {name: saved[name] for name in NOTHING} == NOTHING


async def test_nobody_overwrites_what_they_have_not_seen(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    first = (await put(world, link, FILLED, 0))["revision"]
    other = {**FILLED, "signatory_name": "Somebody Else"}
    assert (await put(world, link, other, expect=428))["type"].endswith(":precondition_required")
    assert (await put(world, link, other, 0, expect=412))["type"].endswith(":stale_version")
    assert (await world.call("GET", "/v1/answer/draft", link=link, expect=200))["signatory_name"] == NAME
    assert (await put(world, link, other, first))["revision"] == first + 1


@pytest.mark.parametrize("end", ["return", "erasure"])
async def test_whoever_has_an_earlier_form_open_saves_over_no_later_one(world: Any, net: Any, end: str) -> None:
    campaign_id, (link,) = await net.invited(1, counts_at_once=False)
    seen = (await put(world, link, FILLED, 0))["revision"]
    world.moved = timedelta(minutes=1)
    if end == "return":
        sent = await net.commit(link, signatory_name="Ada Signer")
        await net.decide(sent["commitment_id"], "return", reason="Sign it, please")
    else:
        (item,) = (await net.get(f"/v1/campaigns/{campaign_id}/invitations"))["items"]
        await net.post(f"/v1/people/{item['contact_id']}/erasure", {}, expect=202)
        await put(world, link, {"signatory_name": "Ada Signer"}, 0)
    await put(world, link, FILLED, seen, expect=412)
    assert (await world.call("GET", "/v1/answer/draft", link=link, expect=200))["signatory_name"] == "Ada Signer"


async def test_what_is_saved_already_may_be_saved_again_for_the_answer_may_have_been_lost(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    first = await put(world, link, FILLED, 0)
    assert await put(world, link, FILLED, 0) == first


async def test_of_two_who_save_at_once_one_is_told(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    saving = [
        world.call("PUT", "/v1/answer/draft", {"signatory_name": f"Number {n}"}, link=link, **{"If-Match": '"0"'})
        for n in range(8)
    ]
    answers = await asyncio.gather(*saving)
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("signatory_name", "x" * 201, "too_long"),
        ("signatory_office", "Mayor\nof two lines", "control_character"),
        ("signed_on", "soon", "not_a_day"),
        ("themes", ["water", "housing", "peace", "culture"], "too_long"),
        ("themes", ["No Code"], "string_pattern_mismatch"),
        ("signature", "x", "extra_forbidden"),
    ],
)
async def test_a_field_has_a_valid_shape_or_is_refused(
    world: Any, net: Any, field: str, value: Any, reason: str
) -> None:
    _, (link,) = await net.invited(1)
    refused = await put(world, link, {field: value}, expect=422)
    assert [(e["field"].split(".")[0], e["reason"]) for e in refused["errors"]] == [(field, reason)]


async def test_the_final_answer_ends_the_saved_form(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    name = f"Given {uuid4()}"
    await put(world, link, {**FILLED, "signatory_name": name})
    assert len(await world.rows(HOLDING, name=name)) == 1
    await net.commit(link)
    assert await world.rows(HOLDING, name=name) == []
    assert (await put(world, link, FILLED, expect=409))["type"].endswith(":already_committed")


async def test_a_revocation_ends_the_saved_form_and_its_link(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    name = f"Withdrawn {uuid4()}"
    await put(world, link, {**FILLED, "signatory_name": name})
    invitation = (await world.call("GET", "/v1/answer", link=link, expect=200))["invitation_id"]
    await net.post(f"/v1/invitations/{invitation}/revocation", {}, expect=200)
    assert await world.rows(HOLDING, name=name) == []
    assert (await put(world, link, FILLED, expect=410))["type"].endswith(":link_revoked")


async def test_the_contacts_erasure_ends_the_saved_form(world: Any, net: Any) -> None:
    campaign_id, (link, other) = await net.invited(2)
    name = f"Erased {uuid4()}"
    for one in (link, other):
        await put(world, one, {**FILLED, "signatory_name": name})
    erased = (await world.call("GET", "/v1/answer", link=link, expect=200))["invitation_id"]
    items = (await net.get(f"/v1/campaigns/{campaign_id}/invitations"))["items"]
    contact = next(item["contact_id"] for item in items if item["invitation_id"] == erased)
    await net.post(f"/v1/people/{contact}/erasure", {}, expect=202)
    assert len(await world.rows(HOLDING, name=name)) == 1
    assert (await world.call("GET", "/v1/answer/draft", link=link, expect=200))["revision"] == 0
