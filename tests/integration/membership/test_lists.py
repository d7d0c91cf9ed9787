"""What a secretariat looks things up in: mandates, members and commitments, page by page, narrowed as asked."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

PERSON = {"name": "Noor Example", "email": "noor@example.org", "language": "ar"}


async def walk(get: Any, path: str, limit: int = 2) -> list[Any]:
    """Every row of the list, asked for in small pages."""
    rows: list[Any] = []
    cursor: str | None = None
    while True:
        joint = "&" if "?" in path else "?"
        page = await get(f"{path}{joint}limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
        assert len(page["items"]) <= limit
        rows += page["items"]
        cursor = page["next"]
        if not cursor:
            return rows


async def grant(net: Any, role: str = "secretariat", **more: Any) -> Any:
    return await net.post(f"/v1/networks/{net.id}/mandates", {"person": PERSON, "role": role, **more}, expect=201)


async def test_a_secretariat_finds_the_mandate_that_it_wants_to_end(world: Any, net: Any) -> None:
    path = f"/v1/networks/{net.id}/mandates"
    await net.register(1)
    (place,) = (await net.get(f"/v1/networks/{net.id}/local-governments"))["items"]
    colleague = await grant(net)
    city = await grant(net, "representative", local_government_id=place["local_government_id"])
    elsewhere = await world.network()
    await grant(elsewhere)

    rows = await walk(net.get, path)
    assert [row["mandate_id"] for row in rows[:2]] == [city["mandate_id"], colleague["mandate_id"]]
    own = rows[2]
    assert len(rows) == 3
    assert (own["status"], own["person_name"], own["role"], own["scope_id"]) == (
        "active",
        "Sara",
        "secretariat",
        net.id,
    )
    assert (rows[0]["status"], rows[0]["local_government_name"]) == ("waiting", "City 0001")
    assert (rows[1]["status"], rows[1]["local_government_name"], rows[1]["linked_at"]) == ("waiting", None, None)
    assert "email" not in str(rows)

    await net.post(f"/v1/mandates/{colleague['mandate_id']}/end", None, expect=200)
    found = {
        "status=ended": [colleague["mandate_id"]],
        "status=waiting": [city["mandate_id"]],
        "status=active": [own["mandate_id"]],
        "role=representative": [city["mandate_id"]],
        f"local_government_id={place['local_government_id']}": [city["mandate_id"]],
        "role=secretariat&status=active": [own["mandate_id"]],
    }
    for query, ids in found.items():
        assert [row["mandate_id"] for row in (await net.get(f"{path}?{query}"))["items"]] == ids, query
    assert (await net.get(f"{path}?status=lost", expect=None)).status_code == 422

    await net.post(f"/v1/people/{colleague['person_id']}/erasure", None, expect=202)
    names = {row["mandate_id"]: row["person_name"] for row in (await net.get(path))["items"]}
    assert names == {colleague["mandate_id"]: None, city["mandate_id"]: "Noor Example", own["mandate_id"]: "Sara"}
    answer = await world.call("GET", path, as_=net.secretariat)
    assert answer.headers["Cache-Control"] == "no-store"
    assert (await world.call("GET", path, as_=elsewhere.secretariat)).status_code == 404


async def test_members_are_listed_for_anyone_those_with_an_office_first(
    world: Any, net: Any, row: Callable[..., Any], csv_of: Any
) -> None:
    places = {
        "Évora": ("PT", "38.57", "-7.91"), "Zagreb": ("HR", "45.81", "15.98"), "Ávila": ("ES", "40.66", "-4.7"),
        "Berlin": ("DE", "52.52", "13.4"), "Cork": ("IE", "51.9", "-8.47"),
    }  # fmt: skip
    rows = [row(name, country=c, latitude=lat, longitude=lon) for name, (c, lat, lon) in places.items()]
    await net.do_import(csv_of(rows), expect=200)
    ids = {
        p["name"]: p["local_government_id"]
        for p in (await net.get(f"/v1/networks/{net.id}/local-governments"))["items"]
    }
    path = f"/v1/networks/{net.id}/members"
    for name, office in (("Évora", "member"), ("Zagreb", "co_president"), ("Ávila", "member"), ("Cork", "member")):
        await net.post(path, {"local_government_id": ids[name], "office": office}, expect=201)

    async def get(address: str) -> Any:
        return await world.call("GET", address, expect=200)

    walked = await walk(get, path)
    assert [member["name"] for member in walked] == ["Zagreb", "Ávila", "Cork", "Évora"]
    assert walked[0] == {
        "local_government_id": ids["Zagreb"], "name": "Zagreb", "country": "HR", "office": "co_president",
    }  # fmt: skip
    for query, found in {"office=co_president": ["Zagreb"], "country=PT": ["Évora"], "q=evo": ["Évora"]}.items():
        assert [member["name"] for member in (await get(f"{path}?{query}"))["items"]] == found
    missing = f"/v1/networks/{UUID(int=1)}/members"
    assert (await world.call("GET", missing)).status_code == 404
    assert (await world.call("GET", f"{path}?country=pt")).status_code == 422


async def test_commitments_are_listed_with_what_became_of_them(world: Any, net: Any) -> None:
    campaign_id, links = await net.invited(5, counts_at_once=False)
    made = [(await net.commit(link))["commitment_id"] for link in links[:4]]
    await net.decide(made[0], "confirmation")
    await net.decide(made[1], "confirmation")
    await net.decide(made[1], "withdrawal")
    await net.decide(made[2], "return", reason="unsigned")
    path = f"/v1/campaigns/{campaign_id}/commitments"
    rows = await walk(net.get, path)
    assert [(row["commitment_id"], row["status"]) for row in rows] == [
        (made[0], "committed"), (made[1], "withdrawn"), (made[2], "returned"), (made[3], "submitted"),
    ]  # fmt: skip
    assert [row["ordinal"] for row in rows] == [1, 2, None, None]
    assert (rows[0]["name"], rows[0]["themes"], rows[0]["recorded_by"]) == (
        "City 0001", ["water", "housing", "peace"], "link",
    )  # fmt: skip
    assert "Invented Signatory" not in str(rows)
    newest = await walk(net.get, f"{path}?newest_first=true")
    assert [row["commitment_id"] for row in newest] == made[::-1]
    found = {
        "status=submitted": made[3:],
        "status=withdrawn": [made[1]],
        "q=CITY 0003": [made[2]],
        "country=FR": [],
        "region=039": made,
        "theme=peace": made,
        "theme=culture": [],
        "recorded_by=paper": [],
    }
    for query, ids in found.items():
        assert [row["commitment_id"] for row in (await net.get(f"{path}?{query}"))["items"]] == ids, query
    assert (await net.get(f"{path}?status=lost", expect=None)).status_code == 422
    other = await world.network()
    assert (await world.call("GET", path, as_=other.secretariat)).status_code == 404


@pytest.mark.parametrize("days", [0, -1, -1500])
async def test_no_campaign_opens_with_its_time_to_answer_over(net: Any, days: int) -> None:
    with pytest.raises(AssertionError, match="deadline_passed"):
        await net.campaign(days=days)


@pytest.mark.parametrize("at", ["99999999999", "0", 99999999999, 0.5, "2090-01-01", "2090-01-01T00:00:00"])
async def test_no_number_is_taken_for_a_deadline(net: Any, at: Any) -> None:
    with pytest.raises(AssertionError, match=r"\"reply_by\.at\",\"reason\":\"not_an_instant\""):
        await net.campaign(reply_by={"at": at, "time_zone": "Europe/Madrid"})


@pytest.mark.parametrize("day", ["19000", 19000, "2026-01-31T00:00:00"])
async def test_no_number_is_taken_for_a_day(net: Any, day: Any) -> None:
    _, (link,) = await net.invited(1)
    refused = await net.commit(link, expect=422, signed_on=day)
    assert [error["reason"] for error in refused["errors"]] == ["not_a_day"]


async def test_an_erasure_asked_for_again_is_answered_alike_by_whoever_might_ask(world: Any, net: Any) -> None:
    """The contact of a place that nobody invited has no other trace in the network."""
    await net.register(1)
    (place,) = (await net.get(f"/v1/networks/{net.id}/local-governments"))["items"]
    path = f"/v1/people/{place['contact_id']}/erasure"
    first = await net.post(path, None, expect=202)
    for caller in (net.secretariat, world.operator):
        assert await world.call("POST", path, as_=caller, expect=202) == first
    other = await world.network()
    assert (await world.call("POST", path, as_=other.secretariat)).status_code == 404
    facts = [name for name, _, _ in await world.facts(place["contact_id"])]
    assert facts == ["person_recorded", "person_erased"]
