"""Networks, members and campaigns as the public sees them."""

from typing import Any

import pytest


async def test_members_are_shown_co_presidents_first(world: Any, net: Any, row: Any, csv_of: Any) -> None:
    await net.do_import(
        csv_of([row("Barcelona"), row("Utrecht", country="NL"), row("Grigny", country="FR")]), expect=200
    )
    places = {
        i["name"]: i["local_government_id"]
        for i in (await net.get(f"/v1/networks/{net.id}/local-governments"))["items"]
    }
    for name, office in (("Barcelona", "member"), ("Utrecht", "co_president"), ("Grigny", "co_president")):
        body = {"local_government_id": places[name], "office": office}
        await net.post(f"/v1/networks/{net.id}/members", body, expect=201)
    shown = await world.call("GET", f"/v1/networks/{net.id}", expect=200)
    assert [(m["name"], m["office"]) for m in shown["members"]] == [
        ("Grigny", "co_president"),
        ("Utrecht", "co_president"),
        ("Barcelona", "member"),
    ]
    facts = await world.facts(net.id)
    assert [(name, number) for name, number, _ in facts] == [
        ("network_founded", 1),
        ("network_member_joined", 2),
        ("network_member_joined", 3),
        ("network_member_joined", 4),
    ]
    again = {"local_government_id": places["Grigny"], "office": "member"}
    assert (await net.post(f"/v1/networks/{net.id}/members", again, expect=409))["type"].endswith("already_member")
    assert len(await world.facts(net.id)) == 4


async def test_a_place_of_another_register_cannot_be_a_member(world: Any, net: Any) -> None:
    other = await world.network()
    await other.register(1)
    (place,) = (await other.get(f"/v1/networks/{other.id}/local-governments"))["items"]
    body = {"local_government_id": place["local_government_id"]}
    problem = await net.post(f"/v1/networks/{net.id}/members", body, expect=422)
    assert problem["type"].endswith("local_government_unknown")


async def test_every_network_is_listed_once(world: Any, net: Any) -> None:
    other, found, cursor = await world.network(), [], ""
    while True:
        page = await world.call("GET", f"/v1/networks?limit=7{cursor}", expect=200)
        found += [item["network_id"] for item in page["items"]]
        if not page["next"]:
            break
        cursor = f"&cursor={page['next']}"
    assert len(found) == len(set(found))
    assert {net.id, other.id} <= set(found)


async def test_a_campaign_is_public_and_inherits_demonstration(world: Any, net: Any) -> None:
    campaign_id = await net.campaign(10, 100)
    (listed,) = (await world.call("GET", f"/v1/campaigns?network_id={net.id}", expect=200))["items"]
    shown = await world.call("GET", f"/v1/campaigns/{campaign_id}", expect=200)
    assert listed == shown
    assert (shown["demonstration"], shown["commitments"], shown["network_id"]) == (True, 0, net.id)
    assert shown["reply_by"]["at"].endswith("Z")
    assert list(shown["themes"]) == ["water", "housing", "peace", "culture"]
    assert shown["milestones"][0] == {
        "threshold": 10, "due": None, "occasion": {"en": "Congress"}, "reached_at": None, "ordinal": None,
        "announced_at": None, "missed": False,
    }  # fmt: skip
    ((name, sequence, data),) = await world.facts(campaign_id)
    assert (name, sequence, data["demonstration"]) == ("campaign_opened", 1, True)


async def test_whoever_holds_the_current_version_gets_304_until_a_commitment(world: Any, net: Any) -> None:
    campaign_id, (link,) = await net.invited(1, 1)
    path = f"/v1/campaigns/{campaign_id}"
    etag = (await world.call("GET", path)).headers["etag"]
    again = await world.call("GET", path, **{"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    await net.commit(link)
    changed = await world.call("GET", path, **{"If-None-Match": etag})
    assert (changed.status_code, changed.json()["milestones"][0]["ordinal"]) == (200, 1)


CAMPAIGNS: dict[str, tuple[dict[str, Any], str]] = {
    "milestones that fall": ({"milestones": [{"threshold": 100}, {"threshold": 10}]}, "milestones_invalid"),
    "a milestone twice": ({"milestones": [{"threshold": 10}, {"threshold": 10}]}, "milestones_invalid"),
    "too few themes": ({"themes": {"water": {"en": "Water"}}}, "themes_missing"),
    "no fallback": ({"fallback_language": "fr"}, "fallback_missing"),
    "an unknown zone": ({"reply_by": {"at": "2030-01-01T00:00:00Z", "time_zone": "Mars/Base"}}, "invalid_request"),
    "a deadline without offset": ({"reply_by": {"at": "2030-01-01T00:00:00", "time_zone": "UTC"}}, "invalid_request"),
    "a deadline without a zone": ({"reply_by": {"at": "2030-01-01T00:00:00Z"}}, "invalid_request"),
    "a deadline without a year": ({"reply_by": {"at": "15 September", "time_zone": "UTC"}}, "invalid_request"),
    "a language that is none": ({"title": {"xx9": "T"}}, "invalid_request"),
}


@pytest.mark.parametrize("fault", CAMPAIGNS)
async def test_a_campaign_that_makes_no_sense_is_refused(net: Any, fault: str) -> None:
    change, slug = CAMPAIGNS[fault]
    body = {
        "title": {"en": "T"},
        "objectives": {"en": "O"},
        "commitment_text": {"en": "C"},
        "fallback_language": "en",
        "themes": {code: {"en": code} for code in ("a", "b", "c")},
        "milestones": [],
        "reply_by": {"at": "2030-01-01T00:00:00Z", "time_zone": "UTC"},
        **change,
    }
    problem = await net.post(f"/v1/networks/{net.id}/campaigns", body, expect=422)
    assert problem["type"].endswith(slug)


@pytest.mark.parametrize(
    ("given", "shown"), [({}, None), ({"contact_email": "office@network.example"}, "office@network.example")]
)
async def test_a_network_says_where_whoever_wants_to_join_writes_to(world: Any, given: Any, shown: str | None) -> None:
    body = {"name": {"en": "Committee"}, "fallback_language": "en", "time_zone": "Europe/Madrid"}
    founded = await world.call("POST", "/v1/networks", {**body, **given}, as_=world.operator, expect=201)
    network = await world.call("GET", f"/v1/networks/{founded['network_id']}", expect=200)
    assert network["contact_email"] == shown
    refused = {**body, "contact_email": "a, b"}
    await world.call("POST", "/v1/networks", refused, as_=world.operator, expect=422)
