"""A letter signed on paper is recorded by the secretariat, with its photo as proof, and counts like any other."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

JPEG = b"\xff\xd8\xff\xe0 a letter signed by hand"
TUS = {"Tus-Resumable": "1.0.0"}
SAYS = {
    "signatory_name": "Ñusta Example",
    "signatory_office": "Alcaldesa",
    "signed_on": "2026-01-31",
    "themes": ["water", "housing", "peace"],
}


async def invitations(net: Any, campaign_id: str) -> list[Any]:
    return list((await net.get(f"/v1/campaigns/{campaign_id}/invitations"))["items"])


async def proof(world: Any, path: str, *, whole: bool = True, **caller: Any) -> str:
    """The id of a photo sent to `path`."""
    begun = await world.call("POST", path, **caller, **TUS, **{"Upload-Length": str(len(JPEG))})
    place, piece = begun.headers["location"], JPEG if whole else JPEG[:9]
    headers = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert (await world.call("PATCH", place, piece, **caller, **headers)).status_code == 204
    return str(place.rpartition("/")[2])


async def own_proof(world: Any, net: Any, invitation_id: str, **more: Any) -> str:
    return await proof(world, f"/v1/invitations/{invitation_id}/proofs", as_=net.secretariat, **more)


async def record(net: Any, invitation_id: str, proof_id: str, *, expect: int = 201, **changed: Any) -> Any:
    body = {**SAYS, "proof_id": proof_id, **changed}
    return await net.post(f"/v1/invitations/{invitation_id}/commitment", body, expect=expect, key=str(uuid4()))


async def test_a_paper_answer_counts_and_keeps_the_letter_it_rests_on(world: Any, net: Any) -> None:
    campaign_id, (link,) = await net.invited(1, 1)
    (item,) = await invitations(net, campaign_id)
    invitation = item["invitation_id"]
    assert (item["recorded_by"], item["proof_id"]) == (None, None)
    other, own = await proof(world, "/v1/answer/proofs", link=link), await own_proof(world, net, invitation)
    assert (await net.get(f"/v1/invitations/{invitation}"))["proof_id"] == own
    made = await record(net, invitation, other)
    assert (made["status"], made["ordinal"]) == ("committed", 1)
    (fact,) = await world.rows("SELECT actor, on_behalf_of FROM outbox WHERE key = :key", key=made["commitment_id"])
    (holder,) = await world.rows("SELECT person_id FROM mandate WHERE subject = :subject", subject=net.secretariat)
    assert tuple(fact.values()) == (f"person:{holder['person_id']}", item["local_government_id"])
    (item,) = await invitations(net, campaign_id)
    assert (item["status"], item["recorded_by"], item["proof_id"]) == ("committed", "paper", other)
    shown = await world.call("GET", f"/v1/proofs/{other}", as_=net.secretariat)
    assert shown.content == JPEG
    # What it doesn't rest on is nobody's business any more.
    assert (await world.call("GET", f"/v1/proofs/{own}", as_=net.secretariat)).status_code == 404
    names = [name for name, _, _ in await world.facts(made["commitment_id"])]
    assert names == ["commitment_made"]
    assert [name for name, _, _ in await world.facts(campaign_id)][-1] == "milestone_reached"
    answer = await world.call("GET", "/v1/answer", link=link, expect=200)
    assert (answer["status"], answer["commitment"]["themes"]) == ("committed", SAYS["themes"])


async def test_an_answer_by_link_says_so(world: Any, net: Any) -> None:
    campaign_id, (link,) = await net.invited(1)
    await net.commit(link)
    (item,) = await invitations(net, campaign_id)
    assert (item["recorded_by"], item["proof_id"]) == ("link", None)


async def test_the_letter_that_waits_is_seen_by_the_city_and_the_secretariat(world: Any, net: Any) -> None:
    campaign_id, (link,) = await net.invited(1)
    assert (await world.call("GET", "/v1/answer", link=link, expect=200))["letter_received_at"] is None
    sent = await proof(world, "/v1/answer/proofs", link=link)
    assert (await world.call("GET", "/v1/answer", link=link, expect=200))["letter_received_at"]
    (item,) = await invitations(net, campaign_id)
    assert (item["status"], item["proof_id"]) == ("invited", sent)


async def test_paper_may_arrive_late(world: Any, net: Any) -> None:
    campaign_id, _ = await net.invited(1)
    (item,) = await invitations(net, campaign_id)
    world.moved = timedelta(days=31)
    await record(net, item["invitation_id"], await own_proof(world, net, item["invitation_id"]))


async def test_paper_counts_at_once_where_others_are_confirmed_first(world: Any, net: Any) -> None:
    campaign_id, (link, other) = await net.invited(2)
    await world.rows("UPDATE campaign SET counts_at_once = false WHERE id = :id RETURNING id", id=UUID(campaign_id))
    assert (await net.commit(link))["ordinal"] is None
    invitation = (await world.call("GET", "/v1/answer", link=other, expect=200))["invitation_id"]
    made = await record(net, invitation, await own_proof(world, net, invitation))
    assert (made["status"], made["ordinal"]) == ("committed", 1)


async def test_a_letter_sent_with_a_commitment_that_is_confirmed_first_stays_to_be_looked_at(
    world: Any, net: Any
) -> None:
    campaign_id, (link,) = await net.invited(1)
    await world.rows("UPDATE campaign SET counts_at_once = false WHERE id = :id RETURNING id", id=UUID(campaign_id))
    sent = await proof(world, "/v1/answer/proofs", link=link)
    await net.commit(link)
    assert (await world.call("GET", f"/v1/proofs/{sent}", as_=net.secretariat)).status_code == 200


@pytest.mark.parametrize("what", ["none", "another's", "unfinished", "removed"])
async def test_without_the_whole_letter_of_this_invitation_nothing_is_recorded(world: Any, net: Any, what: str) -> None:
    campaign_id, _ = await net.invited(2)
    first, second = (item["invitation_id"] for item in await invitations(net, campaign_id))
    given = str(uuid4())
    if what == "another's":
        given = await own_proof(world, net, second)
    elif what != "none":
        given = await own_proof(world, net, first, whole=what != "unfinished")
    if what == "removed":
        await world.rows("UPDATE proof SET removal_asked_at = now() WHERE id = :id RETURNING id", id=UUID(given))
    refused = await record(net, first, given, expect=422)
    assert refused["type"] == "urn:polity:problem:proof_unknown"
    assert (await net.get(f"/v1/campaigns/{campaign_id}"))["commitments"] == 0


@pytest.mark.parametrize(
    ("changed", "slug"),
    [
        ({"themes": ["water", "water", "peace"]}, "themes_invalid"),
        ({"signed_on": "2999-01-01"}, "signed_in_future"),
        ({"signatory_name": ""}, "invalid_request"),
        ({"signature": "x"}, "invalid_request"),
    ],
)
async def test_what_the_letter_says_follows_the_same_rules(world: Any, net: Any, changed: Any, slug: str) -> None:
    campaign_id, _ = await net.invited(1)
    (item,) = await invitations(net, campaign_id)
    given = await own_proof(world, net, item["invitation_id"])
    refused = await record(net, item["invitation_id"], given, expect=422, **changed)
    assert refused["type"] == f"urn:polity:problem:{slug}"
    assert (await record(net, item["invitation_id"], given))["ordinal"] == 1


async def test_an_answer_already_given_and_a_withdrawn_invitation_take_no_paper(world: Any, net: Any) -> None:
    campaign_id, (link, _) = await net.invited(2)
    items = await invitations(net, campaign_id)
    answered = (await world.call("GET", "/v1/answer", link=link, expect=200))["invitation_id"]
    (withdrawn,) = (item["invitation_id"] for item in items if item["invitation_id"] != answered)
    proofs = {one: await own_proof(world, net, one) for one in (answered, withdrawn)}
    await net.commit(link)
    await net.post(f"/v1/invitations/{withdrawn}/revocation", {}, expect=200)
    refusals = {one: (await record(net, one, proofs[one], expect=status))["type"] for one, status in (
        (answered, 409), (withdrawn, 410),
    )}  # fmt: skip
    assert list(refusals.values()) == ["urn:polity:problem:already_committed", "urn:polity:problem:link_revoked"]


async def test_the_same_request_records_once(world: Any, net: Any) -> None:
    campaign_id, _ = await net.invited(1)
    (item,) = await invitations(net, campaign_id)
    body = {**SAYS, "proof_id": await own_proof(world, net, item["invitation_id"])}
    path, key = f"/v1/invitations/{item['invitation_id']}/commitment", str(uuid4())
    first = await net.post(path, body, expect=201, key=key)
    assert await net.post(path, body, expect=201, key=key) == first


@pytest.mark.parametrize("who", ["contact_id", "signatory_id"])
async def test_the_letter_goes_with_whoever_it_shows_and_the_commitment_stays(world: Any, net: Any, who: str) -> None:
    campaign_id, _ = await net.invited(1)
    (item,) = await invitations(net, campaign_id)
    given = await own_proof(world, net, item["invitation_id"])
    await record(net, item["invitation_id"], given)
    (item,) = await invitations(net, campaign_id)
    await net.post(f"/v1/people/{item[who]}/erasure", {}, expect=202)
    assert (await world.call("GET", f"/v1/proofs/{given}", as_=net.secretariat)).status_code == 404
    (item,) = await invitations(net, campaign_id)
    assert (item["status"], item["recorded_by"], item["proof_id"]) == ("committed", "paper", None)
