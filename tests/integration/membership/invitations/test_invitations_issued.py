"""Inviting: each local government once, in its contact's language, nobody by accident."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from polity_chassis.clock import utc_now


async def _ids(net: Any, query: str = "") -> list[str]:
    items = (await net.get(f"/v1/networks/{net.id}/local-governments?limit=200{query}"))["items"]
    return [item["local_government_id"] for item in items]


async def _invite(net: Any, campaign_id: str, expect: int = 201, **body: Any) -> Any:
    return await net.post(f"/v1/campaigns/{campaign_id}/invitations", {"wave": "first", **body}, expect=expect)


def _counts(answer: Any) -> tuple[int, int, int]:
    return answer["invited"], answer["already_invited"], answer["without_contact"]


async def test_inviting_twice_invites_nobody_twice(world: Any, net: Any) -> None:
    await net.register(5)
    campaign_id, ids = await net.campaign(), await _ids(net)
    assert _counts(await _invite(net, campaign_id, local_government_ids=ids[:3])) == (3, 0, 0)
    assert _counts(await _invite(net, campaign_id, local_government_ids=ids)) == (2, 3, 0)
    assert _counts(await net.invite_all(campaign_id)) == (0, 5, 0)
    issued = await world.rows("SELECT count(*) AS n FROM invitation WHERE local_government_id = ANY(:ids)", ids=ids)
    assert issued[0]["n"] == 5


async def test_inviting_twice_at_once_invites_nobody_twice(world: Any, net: Any) -> None:
    await net.register(40)
    campaign_id = await net.campaign()
    answers = await asyncio.gather(*(net.invite_all(campaign_id) for _ in range(4)))
    assert sum(answer["invited"] for answer in answers) == 40


async def test_an_invitation_is_a_fact_in_the_contacts_language_with_the_campaigns_deadline(
    world: Any, net: Any, row: Callable[..., Any], csv_of: Any
) -> None:
    await net.do_import(csv_of([row("Québec", language="fr", country="CA")]), expect=200)
    campaign_id = await net.campaign()
    await net.invite_all(campaign_id)
    (item,) = (await net.get(f"/v1/campaigns/{campaign_id}/invitations"))["items"]
    ((name, sequence, data),) = await world.facts(item["invitation_id"])
    assert (name, sequence, data["language"], data["link_generation"]) == ("invitation_issued", 1, "fr", 1)
    campaign = await world.call("GET", f"/v1/campaigns/{campaign_id}", expect=200)
    assert data["reply_by"] == campaign["reply_by"] == item["reply_by"]
    assert data["contact_id"] == item["contact_id"]
    assert "example.org" not in str(data)


async def test_a_wave_may_have_a_deadline_of_its_own(net: Any) -> None:
    await net.register(1)
    campaign_id = await net.campaign()
    at = (utc_now() + timedelta(days=5)).replace(microsecond=0)
    deadline = {"at": at.isoformat(), "time_zone": "America/Montevideo"}
    await _invite(net, campaign_id, all=True, reply_by=deadline)
    (item,) = (await net.get(f"/v1/campaigns/{campaign_id}/invitations?wave=first"))["items"]
    assert datetime.fromisoformat(item["reply_by"]["at"]) == at
    assert item["reply_by"]["time_zone"] == "America/Montevideo"
    assert (await net.get(f"/v1/campaigns/{campaign_id}/invitations?wave=second"))["items"] == []


async def test_whoever_has_no_contact_is_counted_and_left_out(net: Any, row: Callable[..., Any], csv_of: Any) -> None:
    await net.do_import(csv_of([row("A"), row("B", contact_name="", contact_email="")]), expect=200)
    campaign_id = await net.campaign()
    assert _counts(await net.invite_all(campaign_id)) == (1, 0, 1)
    assert _counts(await _invite(net, campaign_id, local_government_ids=await _ids(net))) == (0, 1, 1)


async def test_everyone_may_be_narrowed_to_a_region_or_country(net: Any, row: Callable[..., Any], csv_of: Any) -> None:
    rows = [row("Porto", country="PT"), row("Lyon", country="FR"), row("Roma", country="IT"), row("Vic")]
    await net.do_import(csv_of(rows), expect=200)
    campaign_id = await net.campaign()
    assert _counts(await _invite(net, campaign_id, all=True, country="FR")) == (1, 0, 0)
    assert _counts(await _invite(net, campaign_id, all=True, region="039")) == (3, 0, 0)
    invited = await net.get(f"/v1/networks/{net.id}/local-governments?campaign_id={campaign_id}&country=PT")
    assert invited["items"][0]["status"] == "invited"


async def test_a_stranger_among_the_ids_refuses_the_whole_selection(world: Any, net: Any) -> None:
    await net.register(2)
    other = await world.network()
    await other.register(1)
    campaign_id = await net.campaign()
    for stranger in (*await _ids(other), str(uuid4())):
        problem = await _invite(net, campaign_id, 422, local_government_ids=[*await _ids(net), stranger])
        assert problem["type"].endswith("local_government_unknown")
    assert (await net.get(f"/v1/campaigns/{campaign_id}/invitations"))["items"] == []


async def test_a_selection_is_ids_or_everyone_and_not_more_than_five_thousand(net: Any) -> None:
    campaign_id = await net.campaign()
    await _invite(net, campaign_id, 422)
    await _invite(net, campaign_id, 422, all=True, local_government_ids=[])
    many = [str(uuid4()) for _ in range(5001)]
    assert (await _invite(net, campaign_id, 422, local_government_ids=many))["type"].endswith("too_many_invitations")
    assert _counts(await _invite(net, campaign_id, local_government_ids=[])) == (0, 0, 0)


async def test_the_register_shows_who_answered_what(world: Any, net: Any) -> None:
    campaign_id, links = await net.invited(3)
    await world.call("POST", "/v1/answer/interest", link=links[0], expect=200)
    await net.commit(links[1])
    of = f"&campaign_id={campaign_id}&status="
    assert [len(await _ids(net, of + status)) for status in ("invited", "interested", "committed", "none")] == [
        1, 1, 1, 0,
    ]  # fmt: skip
    register = (await net.get(f"/v1/networks/{net.id}/local-governments?campaign_id={campaign_id}"))["items"]
    items = (await net.get(f"/v1/campaigns/{campaign_id}/invitations?status=committed"))["items"]
    assert [row["invitation_id"] for row in register if row["status"] == "committed"] == [items[0]["invitation_id"]]
    assert [(item["ordinal"], item["status"]) for item in items] == [(1, "committed")]
    assert items[0]["committed_at"] is not None


async def test_after_the_deadline_nobody_is_invited_unless_there_is_a_later_one(world: Any, net: Any) -> None:
    await net.register(1)
    campaign_id, ids = await net.campaign(), await _ids(net)
    world.moved = timedelta(days=400)
    refused = await _invite(net, campaign_id, expect=422, local_government_ids=ids)
    assert refused["type"].endswith(":deadline_passed")
    later = {"at": "2099-01-01T00:00:00Z", "time_zone": "Asia/Seoul"}
    assert _counts(await _invite(net, campaign_id, local_government_ids=ids, reply_by=later)) == (1, 0, 0)


async def test_two_cities_of_one_name_are_told_apart_by_their_province(
    net: Any, row: Callable[..., Any], csv_of: Any
) -> None:
    metropolis = row(
        "Gwangju", country="KR", subdivision="KR-29", latitude="35.15", longitude="126.92", time_zone="Asia/Seoul"
    )
    suburb = row(
        "Gwangju", country="KR", subdivision="KR-41", latitude="37.41", longitude="127.26", time_zone="Asia/Seoul"
    )
    await net.do_import(csv_of([metropolis, suburb]), expect=200)
    campaign_id = await net.campaign()
    await net.invite_all(campaign_id)
    items = (await net.get(f"/v1/campaigns/{campaign_id}/invitations"))["items"]
    assert sorted((item["name"], item["subdivision"]) for item in items) == [("Gwangju", "KR-29"), ("Gwangju", "KR-41")]
