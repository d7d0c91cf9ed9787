"""Who has pledged: found as people type, in the order that was asked for, whole as CSV and GeoJSON."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from polity_chassis.application import create_app
from polity_chassis.database.engine import Database
from polity_chassis.ids import new_id
from polity_chassis.runtime import Runtime
from polity_chassis.service import Service
from polity_chassis.settings import ServiceSettings
from polity_reporting.http import commitments, progress

Make = Callable[..., Any]
NAMES = ("Çorum", "Cork", "Zürich", "أسوان", "서울", "=HYPERLINK(0)", "Ávila", "avalon", "50%_town")


@pytest_asyncio.fixture(scope="session")
async def api(reporting: Database, later: Callable[[], datetime]) -> AsyncIterator[httpx.AsyncClient]:
    settings = ServiceSettings(
        port=1, database_url=reporting.url, kafka_bootstrap="127.0.0.1:1", issuer="http://issuer", jwks_url="http://jwks"
    )  # fmt: skip
    service = Service("reporting", settings, (progress.router, commitments.router))
    transport = httpx.ASGITransport(app=create_app(service, Runtime(settings, reporting, later)))
    async with httpx.AsyncClient(transport=transport, base_url="http://reporting") as client:
        yield client


@pytest_asyncio.fixture
async def told(reporting: Database, story: Make, apply_facts: Make) -> Any:
    """A campaign in which the cities of NAMES have pledged one day after the other, and as many others have not."""
    told = story(cities=0, demonstration=True)
    for number, name in enumerate((*NAMES, *("Cordoba",) * len(NAMES))):
        told.pledge(name, number=number, committed=number < len(NAMES))
    await apply_facts(reporting, told.facts)
    return told


def names(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


async def test_newest_come_first_and_names_sort_as_in_people_s_lists(api: httpx.AsyncClient, told: Any) -> None:
    path = f"/v1/progress/{told.campaign_id}/commitments"
    assert names(await api.get(path)) == list(reversed(NAMES))
    by_name = names(await api.get(path, params={"order": "name"}))
    assert by_name == ["50%_town", "=HYPERLINK(0)", "avalon", "Ávila", "Cork", "Çorum", "Zürich", "أسوان", "서울"]


@pytest.mark.parametrize("order", ["newest", "name"])
async def test_pages_follow_each_other_without_gap_or_double(api: httpx.AsyncClient, told: Any, order: str) -> None:
    path = f"/v1/progress/{told.campaign_id}/commitments"
    walked, cursor = [], None
    while True:
        answer = await api.get(path, params={"order": order, "limit": 2, **({"cursor": cursor} if cursor else {})})
        walked += names(answer)
        assert answer.json()["found"] == len(NAMES)
        cursor = answer.json()["next"]
        if not cursor:
            break
        assert 'rel="next"' in answer.headers["Link"]
    assert walked == names(await api.get(path, params={"order": order}))


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("zurich", ["Zürich"]),
        ("AVIL", ["Ávila"]),
        ("CO", ["Cork", "Çorum"]),
        ("%_", ["50%_town"]),
        ("  서울 ", ["서울"]),
        ("أسوان", ["أسوان"]),
        ("cordoba", []),
    ],
)
async def test_a_city_is_found_as_people_type_it_and_only_if_it_pledged(
    api: httpx.AsyncClient, told: Any, q: str, expected: list[str]
) -> None:
    answer = await api.get(f"/v1/progress/{told.campaign_id}/commitments", params={"q": q, "order": "name"})
    assert (names(answer), answer.json()["found"]) == (expected, len(expected))


async def test_country_and_region_part_the_list(api: httpx.AsyncClient, told: Any) -> None:
    path = f"/v1/progress/{told.campaign_id}/commitments"
    for filter_ in ({"country": "ES"}, {"region": "039"}):
        assert names(await api.get(path, params=filter_)) == list(reversed(NAMES[1::2]))
    for wrong in ({"country": "es"}, {"region": "39"}, {"order": "x"}, {"cursor": "x"}, {"q": "x" * 201}):
        assert (await api.get(path, params=wrong)).status_code == 422


async def test_as_of_leaves_out_who_pledged_later(api: httpx.AsyncClient, told: Any) -> None:
    third = told.pledged_at[2]
    for ending, read in (("", names), (".csv", csv_names), (".geojson", geojson_names)):
        path = f"/v1/progress/{told.campaign_id}/commitments{ending}"
        at, before = (third.isoformat(), (third - timedelta(microseconds=1)).isoformat())
        assert read(await api.get(path, params={"as_of": at})) == list(reversed(NAMES[:3]))
        assert read(await api.get(path, params={"as_of": before})) == list(reversed(NAMES[:2]))


def csv_names(answer: httpx.Response) -> list[str]:
    return [row["name"] for row in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))]


def geojson_names(answer: httpx.Response) -> list[str]:
    return [feature["properties"]["name"] for feature in answer.json()["features"]]


async def test_the_table_is_whole_safe_for_spreadsheets_and_says_that_it_is_a_demonstration(
    api: httpx.AsyncClient, told: Any
) -> None:
    answer = await api.get(f"/v1/progress/{told.campaign_id}/commitments.csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    name = f"commitments-{told.campaign_id}-demonstration-data.csv"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert {row["note"] for row in rows} == {"demonstration data"}
    assert [row["ordinal"] for row in rows] == [str(n) for n in range(len(NAMES), 0, -1)]
    assert [row["name"] for row in rows if row["name"].startswith("'")] == ["'=HYPERLINK(0)"]
    assert (rows[-1]["latitude"], rows[-1]["longitude"]) == ("-10.0", "20.0")
    assert (rows[-1]["theme_1"], rows[-1]["theme_2"], rows[-1]["theme_3"]) == ("water", "housing", "")


async def test_the_map_is_geojson(api: httpx.AsyncClient, told: Any) -> None:
    answer = await api.get(f"/v1/progress/{told.campaign_id}/commitments.geojson")
    assert answer.headers["Content-Type"] == "application/geo+json"
    assert "demonstration-data.geojson" in answer.headers["Content-Disposition"]
    collection = json.loads(answer.content)
    assert (collection["type"], collection["note"]) == ("FeatureCollection", "demonstration data")
    assert len({feature["id"] for feature in collection["features"]}) == len(NAMES)
    for feature in collection["features"]:
        assert (feature["type"], feature["geometry"]["type"]) == ("Feature", "Point")
        longitude, latitude = feature["geometry"]["coordinates"]
        assert (-180 <= longitude <= 180, -90 <= latitude <= 90) == (True, True)
        assert UUID(feature["id"])
    assert collection["features"][-1]["geometry"]["coordinates"] == [20.0, -10.0]
    assert collection["features"][-1]["properties"]["themes"] == ["water", "housing"]


async def test_what_was_kept_before_positions_were_has_none(
    api: httpx.AsyncClient, told: Any, reporting: Database
) -> None:
    async with reporting.transaction() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("UPDATE local_government SET latitude = NULL, longitude = NULL")
        await connection.exec_driver_sql("UPDATE answer SET themes = NULL")
    path = f"/v1/progress/{told.campaign_id}/commitments"
    assert json.loads((await api.get(f"{path}.geojson")).content)["features"][0]["geometry"] is None
    first = (await api.get(path)).json()["items"][0]
    assert (first["latitude"], first["themes"]) == (None, ["water"])


@pytest.mark.parametrize("ending", ["", ".csv", ".geojson"])
async def test_a_known_etag_is_answered_without_a_body_until_something_changes(
    api: httpx.AsyncClient, told: Any, reporting: Database, apply_facts: Make, ending: str
) -> None:
    path = f"/v1/progress/{told.campaign_id}/commitments{ending}"
    first = await api.get(path)
    assert first.headers["Cache-Control"] == "public, max-age=5"
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    known = {"If-None-Match": first.headers["ETag"]}
    again = await api.get(path, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    *_, last = told.facts
    told.pledge("New", number=40, committed=True)
    await apply_facts(reporting, told.facts[told.facts.index(last) + 1 :])
    assert (await api.get(path, headers=known)).status_code == 200
    assert (await api.get(f"/v1/progress/{new_id()}/commitments{ending}")).status_code == 404


async def test_who_withdrew_is_on_the_list_of_the_days_before_alone(
    api: httpx.AsyncClient, told: Any, reporting: Database, apply_facts: Make
) -> None:
    known = len(told.facts)
    told.withdraw(ordinal=1, day=20)
    await apply_facts(reporting, told.facts[known:])
    withdrawn_at = told.facts[-1].fact.withdrawn_at
    before = (withdrawn_at - timedelta(microseconds=1)).isoformat()
    for ending, read in (("", names), (".csv", csv_names), (".geojson", geojson_names)):
        path = f"/v1/progress/{told.campaign_id}/commitments{ending}"
        now = read(await api.get(path))
        assert (NAMES[0] in now, len(now)) == (False, len(NAMES) - 1)
        assert NAMES[0] in read(await api.get(path, params={"as_of": before}))
        assert NAMES[0] not in read(await api.get(path, params={"as_of": withdrawn_at.isoformat()}))
