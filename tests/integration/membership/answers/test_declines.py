"""A city says "not this time": what it leaves, who reads the reason, and what it may still do."""

from datetime import timedelta
from typing import Any
from uuid import UUID

REASON = "Elections in spring, says Zoe Planted"


async def _decline(world: Any, link: str, expect: int = 200, **body: str) -> Any:
    return await world.call("POST", "/v1/answer/decline", body, link=link, expect=expect)


async def _listed(net: Any, campaign_id: str, status: str = "declined") -> Any:
    (item,) = (await net.get(f"/v1/campaigns/{campaign_id}/invitations?status={status}"))["items"]
    return item


def _slug(problem: Any) -> str:
    return str(problem["type"]).rpartition(":")[2]


async def test_a_no_is_said_once_and_its_reason_is_read_by_the_secretariat_alone(world: Any, net: Any) -> None:
    campaign_id, (link,) = await net.invited(1)
    assert await _decline(world, link, reason=REASON) == {"status": "declined"}
    assert await _decline(world, link, reason="Another") == {"status": "declined"}
    answer = await world.call("GET", "/v1/answer", link=link, expect=200)
    assert (answer["status"], "Planted" in str(answer)) == ("declined", False)
    item = await _listed(net, campaign_id)
    assert (item["decline_reason"], item["declined_at"] is not None, item["overdue"]) == (REASON, True, False)
    facts = await world.facts(item["invitation_id"])
    assert [(name, number) for name, number, _ in facts] == [("invitation_issued", 1), ("invitation_declined", 2)]
    assert facts[1][2].keys() == {
        "invitation_id", "campaign_id", "network_id", "local_government_id", "declined_at", "answer_step",
    }  # fmt: skip
    (place,) = (await net.get(f"/v1/networks/{net.id}/local-governments?campaign_id={campaign_id}&status=declined"))[
        "items"
    ]
    assert place["name"] == "City 0001"


async def test_whoever_changes_their_mind_is_interested_and_the_reason_is_gone(world: Any, net: Any) -> None:
    campaign_id, links = await net.invited(3)
    for link in links:
        await _decline(world, link, reason=REASON)
    assert await world.call("POST", "/v1/answer/interest", link=links[0], expect=200) == {"status": "interested"}
    interested = await _listed(net, campaign_id, "interested")
    said = [(name, data.get("reconsidered")) for name, _, data in await world.facts(interested["invitation_id"])]
    assert said[1:] == [("invitation_declined", None), ("interest_expressed", True)]
    assert (await net.commit(links[1]))["ordinal"] == 1
    declined = await _listed(net, campaign_id)
    await net.post(f"/v1/invitations/{declined['invitation_id']}/revocation", None, expect=200)
    kept = (
        "SELECT 1 FROM invitation WHERE campaign_id = :id AND (declined_at IS NOT NULL OR decline_reason IS NOT NULL)"
    )
    assert await world.rows(kept, id=UUID(campaign_id)) == []


async def test_interest_may_turn_into_a_no_but_a_commitment_may_not(world: Any, net: Any) -> None:
    _, links = await net.invited(2)
    await world.call("POST", "/v1/answer/interest", link=links[0], expect=200)
    assert await _decline(world, links[0]) == {"status": "declined"}
    await net.commit(links[1])
    assert _slug(await _decline(world, links[1], expect=409)) == "already_committed"


async def test_a_no_is_taken_back_until_the_deadline_and_after_an_extension(world: Any, net: Any) -> None:
    campaign_id, (link,) = await net.invited(1)
    await _decline(world, link)
    item = await _listed(net, campaign_id)
    world.moved = timedelta(days=31)
    assert _slug(await _decline(world, link, expect=410)) == "link_expired"
    assert _slug(await world.call("POST", "/v1/answer/interest", link=link, expect=410)) == "link_expired"
    assert (await net.get(f"/v1/campaigns/{campaign_id}/invitations?overdue=true"))["items"] == []
    later = {"at": (world.now() + timedelta(days=7)).isoformat(), "time_zone": "Asia/Seoul"}
    await net.post(f"/v1/invitations/{item['invitation_id']}/extension", {"reply_by": later}, expect=200)
    assert (await net.commit(link))["ordinal"] == 1


async def test_an_erasure_of_the_contact_empties_why(world: Any, net: Any) -> None:
    campaign_id, (link,) = await net.invited(1)
    await _decline(world, link, reason=REASON)
    item = await _listed(net, campaign_id)
    await net.post(f"/v1/people/{item['contact_id']}/erasure", {}, expect=202)
    item = await _listed(net, campaign_id)
    assert (item["status"], item["decline_reason"]) == ("declined", None)


async def test_the_desk_counts_a_no_as_an_answer(world: Any, net: Any) -> None:
    campaign_id, links = await net.invited(3)
    await _decline(world, links[0], reason=REASON)
    desk = await net.get(f"/v1/campaigns/{campaign_id}/desk")
    (wave,) = desk["waves"]
    assert (wave["invited"], wave["declined"], wave["unanswered"], wave["interested"]) == (3, 1, 2, 0)
    assert [(answer["status"], "Planted" in str(answer)) for answer in desk["answers"]] == [("declined", False)]


async def test_a_reason_is_one_short_line(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    for reason in ("x" * 201, "a\nb", "", "a\x00b"):
        assert _slug(await _decline(world, link, expect=422, reason=reason)) == "invalid_request"
    answer = await world.call("GET", "/v1/answer", link=link, expect=200)
    assert answer["status"] == "invited"
