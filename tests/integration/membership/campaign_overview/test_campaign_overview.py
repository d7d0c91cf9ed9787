"""The secretariat's desk: today's answers where the campaign is, a figure per wave, the deadline that comes next."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from polity_chassis.clock import utc_now

MADRID = ZoneInfo("Europe/Madrid")


async def _wave(net: Any, campaign_id: str, wave: str, ids: list[str], days: int) -> None:
    at = (utc_now() + timedelta(days=days)).replace(microsecond=0)
    body = {
        "wave": wave,
        "local_government_ids": ids,
        "reply_by": {"at": at.isoformat(), "time_zone": "Asia/Seoul"},
    }
    await net.post(f"/v1/campaigns/{campaign_id}/invitations", body, expect=201)


async def _ids(net: Any) -> list[str]:
    items = (await net.get(f"/v1/networks/{net.id}/local-governments?limit=200"))["items"]
    return [item["local_government_id"] for item in items]


def _noon_in_madrid(world: Any) -> None:
    """Moves the service's clock to a coming noon in the campaign's zone, far from both ends of the day."""
    now = utc_now()
    noon = datetime.combine(now.astimezone(MADRID).date() + timedelta(days=1), datetime.min.time(), MADRID)
    world.moved = noon + timedelta(hours=12) - now


async def test_each_wave_has_its_figures_and_the_next_deadline_is_of_those_who_may_answer(world: Any, net: Any) -> None:
    await net.register(6)
    campaign_id, ids = await net.campaign(), await _ids(net)
    await _wave(net, campaign_id, "pioneers", ids[:2], 10)
    await _wave(net, campaign_id, "congress", ids[2:], 20)
    links = await net.links(campaign_id)
    for link in links[:2]:
        await net.commit(link)
    await world.call("POST", "/v1/answer/interest", link=links[2], expect=200)
    listed = (await net.get(f"/v1/campaigns/{campaign_id}/invitations?wave=congress"))["items"]
    await net.post(f"/v1/invitations/{listed[3]['invitation_id']}/revocation", None, expect=200)
    desk = await net.get(f"/v1/campaigns/{campaign_id}/desk")
    names = ("wave", "invited", "unanswered", "interested", "submitted", "committed", "withdrawn")
    assert [tuple(wave[name] for name in names) for wave in desk["waves"]] == [
        ("pioneers", 2, 0, 0, 0, 2, 0),
        ("congress", 3, 2, 1, 0, 0, 0),
    ]
    assert desk["next_deadline"] == desk["waves"][1]["reply_by"]
    assert desk["next_deadline"]["time_zone"] == "Asia/Seoul"
    assert desk["to_confirm"] == 0


async def test_only_the_answers_of_the_day_are_shown_the_newest_first(world: Any, net: Any) -> None:
    _noon_in_madrid(world)
    campaign_id, links = await net.invited(4)
    path = f"/v1/campaigns/{campaign_id}/desk"
    for link in links[:2]:
        await world.call("POST", "/v1/answer/interest", link=link, expect=200)
    world.moved += timedelta(hours=11)
    await net.commit(links[1])
    await world.call("POST", "/v1/answer/interest", link=links[2], expect=200)
    desk = await net.get(path)
    assert [(answer["status"], answer["ordinal"]) for answer in desk["answers"]] == [
        ("interested", None), ("committed", 1), ("interested", None),
    ]  # fmt: skip
    assert [answer["name"] for answer in desk["answers"]] == ["City 0003", "City 0002", "City 0001"]
    world.moved += timedelta(hours=2)
    assert (await net.get(path))["answers"] == []
    await net.commit(links[3])
    desk = await net.get(path)
    assert (desk["answers_today"], desk["answers"][0]["ordinal"]) == (1, 2)


async def test_before_anybody_is_invited_the_desk_is_empty(net: Any) -> None:
    desk = await net.get(f"/v1/campaigns/{await net.campaign()}/desk")
    assert (desk["answers_today"], desk["answers"], desk["waves"], desk["next_deadline"]) == (0, [], [], None)


async def test_another_networks_desk_is_not_to_be_found(world: Any, net: Any) -> None:
    campaign_id = await net.campaign()
    other = await world.network()
    assert (await other.get(f"/v1/campaigns/{campaign_id}/desk", expect=None)).status_code == 404


async def test_a_signed_letter_waits_until_it_is_recorded(world: Any, net: Any) -> None:
    campaign_id, links = await net.invited(2)
    invitation = (await world.call("GET", "/v1/answer", link=links[0], expect=200))["invitation_id"]
    await world.rows(
        "INSERT INTO proof (id, invitation_id, folder, sent_by, length_bytes, received_bytes, created_at, finished_at)"
        " VALUES (gen_random_uuid(), CAST(:id AS uuid), 'a folder', 'link', 3, 3, now(), now()) RETURNING id",
        id=invitation,
    )
    desk = await net.get(f"/v1/campaigns/{campaign_id}/desk")
    assert [(letter["invitation_id"], letter["name"]) for letter in desk["letters"]] == [(invitation, "City 0001")]
    await net.commit(links[0])
    assert (await net.get(f"/v1/campaigns/{campaign_id}/desk"))["letters"] == []
