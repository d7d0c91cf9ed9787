"""Pledges that count once confirmed, that are returned and withdrawn, and milestones that are announced."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest


def _slug(problem: Any) -> str:
    return str(problem["type"]).rpartition(":")[2]


async def test_a_commitment_waits_until_its_signatory_is_confirmed(world: Any, net: Any) -> None:
    campaign_id, (link,) = await net.invited(1, 1, counts_at_once=False)
    sent = await net.commit(link, signatory_name="Ada Signer", signatory_office="Mayor of City")
    assert (sent["status"], sent["ordinal"]) == ("submitted", None)
    assert _slug(await net.commit(link, expect=409)) == "already_committed"
    shown = await world.call("GET", f"/v1/campaigns/{campaign_id}", expect=200)
    assert (shown["commitments"], shown["milestones"][0]["reached_at"]) == (0, None)
    (waiting,) = (await net.get(f"/v1/campaigns/{campaign_id}/invitations?status=submitted"))["items"]
    pledge = await net.get(f"/v1/commitments/{waiting['commitment_id']}")
    assert (pledge["signatory_name"], pledge["signatory_office"]) == ("Ada Signer", "Mayor of City")
    assert (pledge["name"], pledge["status"]) == ("City 0001", "submitted")

    for _ in range(2):
        confirmed = await net.decide(sent["commitment_id"], "confirmation")
        assert (confirmed["status"], confirmed["ordinal"]) == ("committed", 1)
    facts = await world.facts(sent["commitment_id"])
    assert [(name, number) for name, number, _ in facts] == [("commitment_submitted", 1), ("commitment_made", 2)]
    assert facts[1][2]["made_at"] > facts[0][2]["submitted_at"]
    reached = [data for name, _, data in await world.facts(campaign_id) if name == "milestone_reached"]
    assert [(d["threshold"], d["ordinal"], d["commitment_id"]) for d in reached] == [(1, 1, sent["commitment_id"])]
    shown = await world.call("GET", f"/v1/campaigns/{campaign_id}", expect=200)
    assert (shown["commitments"], shown["milestones"][0]["ordinal"]) == (1, 1)
    assert (await world.call("GET", "/v1/answer", link=link, expect=200))["status"] == "committed"


async def test_a_returned_commitment_is_sent_again_as_the_same_commitment(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1, 1, counts_at_once=False)
    first = await net.commit(link, signatory_name="Ada Wrong")
    for _ in range(2):
        await net.decide(first["commitment_id"], "return", reason="Ada Wrong is no mayor")
    answer = await world.call("GET", "/v1/answer", link=link, expect=200)
    assert (answer["status"], answer["commitment"]["status"]) == ("interested", "returned")
    assert answer["commitment"]["return_reason"] == "Ada Wrong is no mayor"
    assert _slug(await net.decide(first["commitment_id"], "confirmation", expect=409)) == "not_submitted"

    again = await net.commit(link, signatory_name="Bob Right", themes=["peace", "water", "culture"])
    assert again["commitment_id"] == first["commitment_id"]
    people = await world.rows("SELECT name FROM person WHERE name LIKE '%Wrong' OR name = 'Bob Right'")
    assert [person["name"] for person in people] == ["Bob Right"]
    confirmed = await net.decide(first["commitment_id"], "confirmation")
    assert confirmed["ordinal"] == 1
    facts = await world.facts(first["commitment_id"])
    assert [(name, number) for name, number, _ in facts] == [
        ("commitment_submitted", 1), ("commitment_returned", 2), ("commitment_submitted", 3), ("commitment_made", 4),
    ]  # fmt: skip
    assert facts[3][2]["themes"] == ["peace", "water", "culture"]
    assert not [data for _, _, data in facts if "Wrong" in str(data)]


async def test_a_returned_commitment_waits_in_its_form_and_says_why_after_the_deadline_too(
    world: Any, net: Any
) -> None:
    campaign_id, (link,) = await net.invited(1, counts_at_once=False)
    sent = await net.commit(link, signatory_name="Ada Signer", themes=["peace", "water", "culture"])
    await net.decide(sent["commitment_id"], "return", reason="Sign it, please")
    world.moved = timedelta(days=31)
    assert _slug(await world.call("GET", "/v1/answer", link=link, expect=410)) == "link_expired"
    whom = await world.call("GET", "/v1/answer/secretariat", link=link, expect=200)
    assert (whom["name"]["en"], whom["returned"]["reason"]) == ("Committee", "Sign it, please")

    (item,) = (await net.get(f"/v1/campaigns/{campaign_id}/invitations"))["items"]
    later = {"at": (world.now() + timedelta(days=7)).isoformat(), "time_zone": "Asia/Seoul"}
    await net.post(f"/v1/invitations/{item['invitation_id']}/extension", {"reply_by": later}, expect=200)
    draft = await world.call("GET", "/v1/answer/draft", link=link, expect=200)
    assert (draft["signatory_name"], draft["signatory_office"]) == ("Ada Signer", "Mayor")
    assert (draft["signed_on"], draft["themes"]) == ("2026-01-31", ["peace", "water", "culture"])
    await net.commit(link)
    assert (await world.call("GET", "/v1/answer/secretariat", link=link, expect=200))["returned"] is None


async def test_a_link_that_was_withdrawn_says_no_longer_why_the_commitment_was_returned(world: Any, net: Any) -> None:
    campaign_id, (link,) = await net.invited(1, counts_at_once=False)
    sent = await net.commit(link)
    await net.decide(sent["commitment_id"], "return", reason="Sign it, please")
    (item,) = (await net.get(f"/v1/campaigns/{campaign_id}/invitations"))["items"]
    await net.post(f"/v1/invitations/{item['invitation_id']}/revocation", None, expect=200)
    assert (await world.call("GET", "/v1/answer/secretariat", link=link, expect=200))["returned"] is None


async def test_a_withdrawn_commitment_stands_no_longer_and_its_ordinal_is_given_to_no_other(
    world: Any, net: Any
) -> None:
    campaign_id, links = await net.invited(3, 2)
    made = [await net.commit(link) for link in links[:2]]
    etag = (await world.call("GET", f"/v1/campaigns/{campaign_id}")).headers["etag"]
    for _ in range(2):
        gone = await net.decide(made[0]["commitment_id"], "withdrawal")
        assert gone["status"] == "withdrawn"
    answer = await world.call("GET", f"/v1/campaigns/{campaign_id}", **{"If-None-Match": etag})
    assert answer.status_code == 200
    shown = answer.json()
    assert shown["commitments"] == 1
    assert shown["milestones"][0]["reached_at"] is not None
    assert _slug(await net.commit(links[0], expect=409)) == "commitment_withdrawn"
    assert (await net.commit(links[2]))["ordinal"] == 3
    facts = await world.facts(made[0]["commitment_id"])
    assert [(name, number) for name, number, _ in facts] == [("commitment_made", 1), ("commitment_withdrawn", 2)]
    reached = [data for name, _, data in await world.facts(campaign_id) if name == "milestone_reached"]
    assert [data["threshold"] for data in reached] == [2]
    (listed,) = (await net.get(f"/v1/campaigns/{campaign_id}/invitations?status=withdrawn"))["items"]
    assert listed["withdrawn_at"] is not None


async def test_commitments_and_withdrawals_at_once_around_a_threshold_reach_it_once(world: Any, net: Any) -> None:
    campaign_id, links = await net.invited(40, 10, 20, 30)
    first = [await net.commit(link) for link in links[:9]]
    answers = await asyncio.gather(
        *(net.commit(link) for link in links[9:]),
        *(net.decide(made["commitment_id"], "withdrawal") for made in first),
    )
    ordinals = sorted(answer["ordinal"] for answer in answers if answer["status"] == "committed")
    assert ordinals == list(range(10, 41))
    shown = await world.call("GET", f"/v1/campaigns/{campaign_id}", expect=200)
    (standing,) = await world.rows(
        "SELECT count(*) FROM commitment WHERE campaign_id = :id AND withdrawn_at IS NULL", id=UUID(campaign_id)
    )
    assert shown["commitments"] == standing["count"] == 31
    reached = [data for name, _, data in await world.facts(campaign_id) if name == "milestone_reached"]
    assert [data["threshold"] for data in reached] == [10, 20, 30]
    assert all(data["ordinal"] >= data["threshold"] for data in reached)


async def test_confirmations_at_once_are_numbered_densely_and_once(world: Any, net: Any) -> None:
    campaign_id, links = await net.invited(12, 5, counts_at_once=False)
    sent = await asyncio.gather(*(net.commit(link) for link in links))
    confirmed = await asyncio.gather(
        *(net.decide(pledge["commitment_id"], "confirmation") for pledge in sent for _ in range(2))
    )
    assert sorted({answer["ordinal"] for answer in confirmed}) == list(range(1, 13))
    facts = [name for name, _, _ in await world.facts(campaign_id)]
    assert facts.count("milestone_reached") == 1
    assert (await world.call("GET", f"/v1/campaigns/{campaign_id}", expect=200))["commitments"] == 12


async def test_a_confirmation_and_a_return_at_once_leave_one_decision(world: Any, net: Any) -> None:
    campaign_id, links = await net.invited(6, counts_at_once=False)
    sent = await asyncio.gather(*(net.commit(link) for link in links))
    answers = await asyncio.gather(
        *(net.post(f"/v1/commitments/{one['commitment_id']}/confirmation", None) for one in sent),
        *(net.post(f"/v1/commitments/{one['commitment_id']}/return", {"reason": "unsigned"}) for one in sent),
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 6 + [409] * 6
    confirmed = sum(answer.status_code == 200 for answer in answers[:6])
    assert (await world.call("GET", f"/v1/campaigns/{campaign_id}", expect=200))["commitments"] == confirmed


async def test_a_milestone_is_announced_once_and_only_after_it_was_reached(world: Any, net: Any) -> None:
    campaign_id, (link,) = await net.invited(1, 1, 2)
    path = f"/v1/campaigns/{campaign_id}/milestones"
    assert _slug(await net.post(f"{path}/1/announcement", None, expect=409)) == "milestone_not_reached"
    await net.commit(link)
    shown = await world.call("GET", f"/v1/campaigns/{campaign_id}", expect=200)
    assert shown["milestones"][0]["reached_at"] is not None
    assert shown["milestones"][0]["announced_at"] is None
    before = (await world.call("GET", f"/v1/campaigns/{campaign_id}")).headers["etag"]
    announced = [await net.post(f"{path}/1/announcement", None, expect=200) for _ in range(2)]
    assert announced[0]["milestones"][0]["announced_at"] == announced[1]["milestones"][0]["announced_at"] is not None
    # Nothing that is counted has changed, and yet whoever holds it from before gets it anew.
    held = {"If-None-Match": before}
    assert await world.call("GET", f"/v1/campaigns/{campaign_id}", expect=200, **held) == announced[1]
    await net.post(f"{path}/3/announcement", None, expect=404)
    await net.post(f"{path}/9223372036854775808/announcement", None, expect=422)
    facts = await world.facts(campaign_id)
    assert [(name, number) for name, number, _ in facts] == [
        ("campaign_opened", 1), ("milestone_reached", 2), ("milestone_announced", 3),
    ]  # fmt: skip
    assert facts[2][2]["threshold"] == 1


async def test_a_milestone_tells_that_its_day_went_by(world: Any, net: Any) -> None:
    today = world.now().astimezone(ZoneInfo("Europe/Madrid")).date()
    milestones = [{"threshold": 1, "due": today.isoformat()}]
    campaign_id = await net.campaign(milestones=milestones)
    shown = await world.call("GET", f"/v1/campaigns/{campaign_id}")
    assert shown.json()["milestones"][0]["missed"] is False
    world.moved = timedelta(days=3)
    later = await world.call("GET", f"/v1/campaigns/{campaign_id}", **{"If-None-Match": shown.headers["etag"]})
    assert later.status_code == 200
    assert later.json()["milestones"][0]["missed"] is True


async def test_an_extension_lets_the_same_link_work_again(world: Any, net: Any) -> None:
    campaign_id, (link,) = await net.invited(1)
    world.moved = timedelta(days=31)
    assert _slug(await world.call("GET", "/v1/answer", link=link, expect=410)) == "link_expired"
    (item,) = (await net.get(f"/v1/campaigns/{campaign_id}/invitations"))["items"]
    path = f"/v1/invitations/{item['invitation_id']}/extension"
    later = {"at": (world.now() + timedelta(days=7)).isoformat(), "time_zone": "Asia/Seoul"}
    for _ in range(2):
        extended = await net.post(path, {"reply_by": later}, expect=200)
        assert extended["reply_by"]["time_zone"] == "Asia/Seoul"
    answer = await world.call("GET", "/v1/answer", link=link, expect=200)
    assert answer["campaign"]["reply_by"] == extended["reply_by"]
    past = {"at": (world.now() - timedelta(days=1)).isoformat(), "time_zone": "Asia/Seoul"}
    assert _slug(await net.post(path, {"reply_by": past}, expect=422)) == "deadline_passed"
    await net.commit(link)
    facts = await world.facts(item["invitation_id"])
    assert [(name, number) for name, number, _ in facts] == [("invitation_issued", 1), ("invitation_extended", 2)]
    assert facts[1][2]["reply_by"]["at"] == extended["reply_by"]["at"]


@pytest.mark.parametrize("whose", ["signatory", "contact"])
async def test_an_erasure_empties_why_a_commitment_was_returned_and_what_is_saved_anew(
    world: Any, net: Any, whose: str
) -> None:
    campaign_id, (link,) = await net.invited(1, counts_at_once=False)
    sent = await net.commit(link, signatory_name="Zed Planted")
    await net.decide(sent["commitment_id"], "return", reason="Zed Planted is on leave")
    saved = await world.call("GET", "/v1/answer/draft", link=link, expect=200)
    assert saved["signatory_name"] == "Zed Planted"
    (item,) = (await net.get(f"/v1/campaigns/{campaign_id}/invitations"))["items"]
    await net.post(f"/v1/people/{item[f'{whose}_id']}/erasure", {}, expect=202)
    reasons = await world.rows("SELECT return_reason FROM commitment WHERE id = :id", id=UUID(sent["commitment_id"]))
    assert reasons == [{"return_reason": None}]
    drafts = "SELECT 1 FROM answer_draft WHERE invitation_id = :id"
    assert await world.rows(drafts, id=UUID(item["invitation_id"])) == []
    await net.commit(link)


@pytest.mark.parametrize("decision", ["confirmation", "return", "withdrawal"])
async def test_another_networks_secretariat_sees_no_commitment(world: Any, net: Any, decision: str) -> None:
    _, (link,) = await net.invited(1, counts_at_once=False)
    sent = await net.commit(link)
    other = await world.network()
    await other.decide(sent["commitment_id"], decision, expect=404, reason="none")
    await other.get(f"/v1/commitments/{sent['commitment_id']}", expect=404)
