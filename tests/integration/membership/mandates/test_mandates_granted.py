"""Mandates: linked once by whoever accepts, and what callers without them see: nothing."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from polity_chassis.authorization.links import sign


async def _granted(net: Any, **body: Any) -> Any:
    person = {"name": "Rosa", "email": "rosa@example.org", "language": "es"}
    body = {"person": person, "role": "secretariat", **body}
    return await net.post(f"/v1/networks/{net.id}/mandates", body)


async def _accept(world: Any, link: str, as_: str, expect: int = 200) -> Any:
    return await world.call("POST", "/v1/mandate-links", {"link": link}, as_=as_, expect=expect)


async def test_a_mandate_is_linked_once(world: Any, net: Any) -> None:
    granted = (await _granted(net)).json()
    for _ in range(2):
        assert (await _accept(world, granted["link"], "rosa"))["scope_id"] == net.id
    problem = await _accept(world, granted["link"], "thief", 409)
    assert problem["type"].endswith("mandate_already_linked")
    facts = await world.facts(granted["mandate_id"])
    assert [(name, number) for name, number, _ in facts] == [("mandate_granted", 1), ("mandate_linked", 2)]
    assert facts[1][2]["subject"] == "rosa"
    assert "rosa@" not in str(facts)


async def test_me_shows_what_i_may_do(world: Any, net: Any) -> None:
    me = await world.call("GET", "/v1/me", as_=net.secretariat, expect=200, **{"Accept-Language": "es"})
    (mandate,) = me["mandates"]
    assert (mandate["role"], mandate["scope_id"], mandate["scope_name"]) == ("secretariat", net.id, "Comisión")
    assert (await world.call("GET", "/v1/me", as_="nobody", expect=200)) == {"subject": "nobody", "mandates": []}


async def test_an_ended_mandate_opens_nothing(world: Any, net: Any) -> None:
    granted = (await _granted(net)).json()
    await _accept(world, granted["link"], "leaving")
    path = f"/v1/networks/{net.id}/local-governments"
    await world.call("GET", path, as_="leaving", expect=200)
    for _ in range(2):
        await net.post(f"/v1/mandates/{granted['mandate_id']}/end", None, expect=200)
    await world.call("GET", path, as_="leaving", expect=404)
    assert (await _accept(world, granted["link"], "other", 410))["type"].endswith("mandate_ended")
    assert [name for name, _, _ in await world.facts(granted["mandate_id"])] == [
        "mandate_granted",
        "mandate_linked",
        "mandate_ended",
    ]


async def test_a_representative_acts_for_a_local_government(world: Any, net: Any) -> None:
    await net.register(1)
    (place,) = (await net.get(f"/v1/networks/{net.id}/local-governments"))["items"]
    granted = await _granted(net, role="representative", local_government_id=place["local_government_id"])
    assert granted.status_code == 201
    await _accept(world, granted.json()["link"], "mayor")
    me = await world.call("GET", "/v1/me", as_="mayor", expect=200)
    assert me["mandates"][0]["scope_name"] == "City 0001"
    await world.call("GET", f"/v1/networks/{net.id}/local-governments", as_="mayor", expect=404)


async def test_nobody_can_be_made_operator_over_http(net: Any) -> None:
    for role in ("operator", "king"):
        answer = await _granted(net, role=role)
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:polity:problem:role_not_grantable")


async def test_a_link_of_another_kind_is_unknown(world: Any, net: Any) -> None:
    granted = (await _granted(net)).json()
    for link in (
        "nonsense",
        sign(world.keys, "answer", UUID(granted["mandate_id"]), 1),
        sign(world.keys, "mandate", uuid4(), 1),
        sign(world.keys, "mandate", UUID(granted["mandate_id"]), 7),
    ):
        assert (await _accept(world, link, "thief", 404))["type"].endswith("link_unknown")


async def test_the_link_is_told_again_for_the_same_key(world: Any, net: Any) -> None:
    key = str(uuid4())
    body = {"person": {"name": "Rosa", "email": "rosa@example.org", "language": "es"}, "role": "secretariat"}
    answers = [await net.post(f"/v1/networks/{net.id}/mandates", body, expect=201, key=key) for _ in range(2)]
    assert answers[0] == answers[1]
    kept = await world.rows("SELECT ids FROM idempotency_key WHERE key = :key", key=key)
    assert set(kept[0]["ids"]) == {"mandate_id", "person_id"}


STRANGERS: dict[str, tuple[str, str, Any]] = {
    "the register": ("GET", "/v1/networks/{network}/local-governments", None),
    "an import": ("POST", "/v1/networks/{network}/local-government-imports", b"name"),
    "a new member": ("POST", "/v1/networks/{network}/members", {}),
    "a new campaign": ("POST", "/v1/networks/{network}/campaigns", {}),
    "a mandate": ("POST", "/v1/networks/{network}/mandates", {}),
    "the end of a mandate": ("POST", "/v1/mandates/{mandate}/end", None),
    "inviting": ("POST", "/v1/campaigns/{campaign}/invitations", {}),
    "the invitations": ("GET", "/v1/campaigns/{campaign}/invitations", None),
    "a revocation": ("POST", "/v1/invitations/{invitation}/revocation", None),
    "an erasure": ("POST", "/v1/people/{person}/erasure", None),
}


@pytest.mark.parametrize("what", STRANGERS)
async def test_another_networks_secretariat_is_answered_as_if_nothing_were_there(
    world: Any, net: Any, what: str
) -> None:
    campaign_id, _ = await net.invited(1)
    (item,) = (await net.get(f"/v1/campaigns/{campaign_id}/invitations"))["items"]
    mandate = (await _granted(net)).json()["mandate_id"]
    method, path, body = STRANGERS[what]
    there = path.format(
        network=net.id,
        campaign=campaign_id,
        invitation=item["invitation_id"],
        person=item["contact_id"],
        mandate=mandate,
    )
    nowhere = path.format(**dict.fromkeys(("network", "campaign", "invitation", "person", "mandate"), uuid4()))
    stranger = (await world.network()).secretariat
    answers = [await world.call(method, place, body, as_=stranger) for place in (there, nowhere)]
    bodies = [{k: v for k, v in answer.json().items() if k != "trace_id"} for answer in answers]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert bodies[0] == bodies[1]


async def test_only_an_operator_founds_networks(world: Any, net: Any) -> None:
    body = {"name": {"en": "N"}, "fallback_language": "en", "time_zone": "UTC"}
    await world.call("POST", "/v1/networks", body, as_=net.secretariat, expect=403)
    await world.call("POST", "/v1/networks", body, expect=401)
