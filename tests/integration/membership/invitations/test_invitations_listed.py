"""The list of a campaign's invitations: found by name, newest first, and which are overdue."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from polity_chassis.clock import utc_now


async def _names(net: Any, campaign_id: str, query: str = "") -> list[str]:
    items = (await net.get(f"/v1/campaigns/{campaign_id}/invitations?{query}"))["items"]
    return [item["name"] for item in items]


async def test_a_city_is_found_by_part_of_its_name_without_accents(
    net: Any, row: Callable[..., Any], csv_of: Any
) -> None:
    await net.do_import(csv_of([row("Bogotá"), row("São Paulo"), row("100% Vic")]), expect=200)
    campaign_id = await net.campaign()
    await net.invite_all(campaign_id)
    for q, name in (("bogota", "Bogotá"), ("Sáo", "São Paulo"), ("100%25", "100% Vic"), ("%25", "100% Vic")):
        assert await _names(net, campaign_id, f"q={q}") == [name]
    assert await _names(net, campaign_id, "q=_") == []


async def test_the_newest_come_first_page_by_page(net: Any) -> None:
    await net.register(5)
    campaign_id = await net.campaign()
    await net.invite_all(campaign_id)
    oldest_first, path = await _names(net, campaign_id), f"/v1/campaigns/{campaign_id}/invitations"
    found, cursor = [], ""
    for _ in range(3):
        page = await net.get(f"{path}?newest_first=true&limit=2{cursor}")
        found += [item["name"] for item in page["items"]]
        cursor = f"&cursor={page['next']}"
    assert (found, page["next"]) == (oldest_first[::-1], None)


async def test_overdue_is_who_was_awaited_until_a_deadline_that_passed(world: Any, net: Any) -> None:
    campaign_id, links = await net.invited(3)
    await world.call("POST", "/v1/answer/interest", link=links[0], expect=200)
    await net.commit(links[1])
    path = f"/v1/campaigns/{campaign_id}/invitations"
    before = (await net.get(path))["items"]
    assert [item["overdue"] for item in before] == [False] * 3
    assert await _names(net, campaign_id, "overdue=true") == []
    deadline = datetime.fromisoformat(before[0]["reply_by"]["at"])
    world.moved = deadline + timedelta(minutes=1) - utc_now()
    awaited = [item["name"] for item in before if item["status"] in ("invited", "interested")]
    assert len(awaited) == 2
    assert await _names(net, campaign_id, "overdue=true") == awaited
    (pledged,) = (await net.get(f"{path}?overdue=false"))["items"]
    assert (pledged["status"], pledged["overdue"]) == ("committed", False)
    for item in (await net.get(path))["items"]:
        assert (await net.get(f"/v1/invitations/{item['invitation_id']}"))["overdue"] == (item["name"] in awaited)
