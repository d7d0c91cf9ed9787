"""What a reader of progress sees, joined from rows of different keys at the moment of reading."""

import csv
import io
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

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

START = datetime(2030, 3, 1, tzinfo=UTC)
Make = Callable[..., Any]


def served(reporting: Database, clock: Callable[[], datetime]) -> httpx.AsyncClient:
    settings = ServiceSettings(
        port=1, database_url=reporting.url, kafka_bootstrap="127.0.0.1:1", issuer="http://issuer", jwks_url="http://jwks"
    )  # fmt: skip
    service = Service("reporting", settings, (progress.router, commitments.router))
    transport = httpx.ASGITransport(app=create_app(service, Runtime(settings, reporting, clock)))
    return httpx.AsyncClient(transport=transport, base_url="http://reporting")


@pytest_asyncio.fixture(scope="session")
async def api(reporting: Database, later: Callable[[], datetime]) -> AsyncIterator[httpx.AsyncClient]:
    async with served(reporting, later) as client:
        yield client


async def progress_of(api: httpx.AsyncClient, told: Any, **params: str) -> Any:
    answer = await api.get(f"/v1/progress/{told.campaign_id}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_groups_count_those_who_pledged_and_name_no_other_place_or_day(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=12)
    told.withdraw(ordinal=1, day=9)
    told.decline(3)
    told.submit(4, city=6)
    await apply_facts(reporting, told.facts)
    progress = await progress_of(api, told)
    assert progress["by_region"] == [{"region": "030", "committed": 1}, {"region": "039", "committed": 2}]
    assert progress["by_country"] == [{"country": "ES", "committed": 2}, {"country": "KR", "committed": 1}]
    assert progress["by_first_theme"] == [
        {"theme": "housing", "label": {"en": "Housing"}, "committed": 2},
        {"theme": "water", "label": {"en": "Water"}, "committed": 1},
    ]
    assert progress["by_day"] == [
        {"day": "2030-03-05", "committed": 1},
        {"day": "2030-03-06", "committed": 1},
        {"day": "2030-03-07", "committed": 1},
    ]
    sums = [sum(row["committed"] for row in progress[f"by_{name}"]) for name in ("region", "country", "day")]
    assert sums == [progress["totals"]["committed"]] * 3 == [3] * 3
    assert (progress["title"], progress["demonstration"]) == ({"en": "Cities", "es": "Ciudades"}, False)
    text = (await api.get(f"/v1/progress/{told.campaign_id}.csv")).text
    grouped = [line for line in csv.DictReader(io.StringIO(text, newline="")) if line["section"] not in ("total",)]
    others = ("invited", "interested", "submitted", "withdrawn", "declined")
    assert {line[name] for line in grouped for name in others} == {""}
    assert [line["committed"] for line in grouped if line["section"] == "country"] == ["2", "1"]


PLEDGED = {"committed", "withdrawn"}


async def test_totals_of_those_who_have_not_pledged_are_told_from_ten_invited_on(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=9)
    told.decline(3)
    told.submit(4, city=3)
    await apply_facts(reporting, told.facts)
    few = (await progress_of(api, told))["totals"]
    assert (few["committed"], few["withdrawn"]) == (3, 0)
    assert {name for name, count in few.items() if count is None} == few.keys() - PLEDGED
    url = f"/v1/progress/{told.campaign_id}.csv"
    total = next(csv.DictReader(io.StringIO((await api.get(url)).text, newline="")))
    assert [total[name] for name in ("invited", "interested", "committed", "submitted", "declined")] == [""] * 2 + [
        "3"
    ] + [""] * 2
    known = len(told.facts)
    told.one_more()
    await apply_facts(reporting, told.facts[known:])
    many = (await progress_of(api, told))["totals"]
    assert many == {
        "invited": 10, "interested": 3, "declined": 1, "submitted": 1, "committed": 3, "withdrawn": 0, "unanswered": 2,
    }  # fmt: skip
    total = next(csv.DictReader(io.StringIO((await api.get(url)).text, newline="")))
    assert [total[name] for name in ("invited", "interested", "committed", "submitted", "declined")] == [
        "10", "3", "3", "1", "1",
    ]  # fmt: skip


async def test_of_a_past_moment_no_totals_of_others_are_told_or_their_difference_would_be_a_group(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=12)
    told.withdraw(ordinal=1, day=9)
    await apply_facts(reporting, told.facts)
    first = min(received.occurred_at for received in told.facts)
    for days, committed, withdrawn in ((2, 1, 0), (8.9, 4, 0), (9, 3, 1)):
        asked = (first + timedelta(days=days)).isoformat()
        progress = await progress_of(api, told, as_of=asked)
        totals = progress["totals"]
        assert (totals["committed"], totals["withdrawn"]) == (committed, withdrawn)
        assert {name for name, count in totals.items() if count is None} == totals.keys() - PLEDGED
        assert sum(row["committed"] for row in progress["by_day"]) == committed
        line = (await api.get(f"/v1/progress/{told.campaign_id}.csv", params={"as_of": asked})).text.splitlines()[1]
        assert line.endswith(f",,,{committed},,{withdrawn},,,")
    progress = await progress_of(api, told, as_of=(first + timedelta(days=2)).isoformat())
    assert [(m["threshold"], m["ordinal"]) for m in progress["milestones"]] == [(1, 1), (2, None), (10, None)]
    assert progress["by_first_theme"] == [{"theme": "water", "label": {"en": "Water"}, "committed": 1}]


@pytest.mark.parametrize("ending", ["", ".csv", "/commitments", "/commitments.csv", "/commitments.geojson"])
async def test_nothing_changes_not_even_the_etag_when_one_of_few_is_asked_or_says_no(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make, ending: str
) -> None:
    told, elsewhere = story(cities=6), story(cities=1)
    pledged = [r for r in told.facts if r.key not in {str(told.cities[0]), str(told.cities[1])}]
    pledged = [r for r in pledged if getattr(r.fact, "local_government_id", None) not in told.cities[:2]]
    await apply_facts(reporting, pledged)
    url = f"/v1/progress/{told.campaign_id}{ending}"
    before = await api.get(url)
    told.decline(5)
    told.submit(6, city=1)
    await apply_facts(reporting, [r for r in [*told.facts, *elsewhere.facts] if r not in pledged])
    after = await api.get(url)
    assert (after.content, after.headers["ETag"]) == (before.content, before.headers["ETag"])
    assert (await api.get(url, headers={"If-None-Match": before.headers["ETag"]})).status_code == 304


@pytest.mark.parametrize(
    "as_of", ["0.5", "99999999999", "1", "-1", "2030-01-01", "2030-01-01T00:00:00", "1800-01-01T00:00:00Z", "now", ""]
)
@pytest.mark.parametrize("ending", ["", ".csv", "/commitments", "/commitments.csv", "/commitments.geojson"])
async def test_what_is_no_moment_is_refused(api: httpx.AsyncClient, as_of: str, ending: str) -> None:
    answer = await api.get(f"/v1/progress/{new_id()}{ending}", params={"as_of": as_of})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "as_of")


async def test_what_has_not_come_yet_is_refused_but_for_clocks_that_differ(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make, later: Callable[[], datetime]
) -> None:
    told = story(cities=2)
    await apply_facts(reporting, told.facts)
    for ahead, status in ((59, 200), (61, 422)):
        asked = (later() + timedelta(seconds=ahead)).isoformat()
        answer = await api.get(f"/v1/progress/{told.campaign_id}", params={"as_of": asked})
        assert answer.status_code == status
    assert answer.json()["errors"][0]["reason"] == "instant_in_future"


async def test_milestones_are_what_the_owner_said_and_never_counted_again(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=6)
    await apply_facts(reporting, [fact for fact in told.facts if fact.fact.type != "membership.milestone_reached"])
    progress = (await api.get(f"/v1/progress/{told.campaign_id}")).json()
    assert progress["totals"]["committed"] == 2
    assert [(m["threshold"], m["ordinal"], m["reached_at"]) for m in progress["milestones"]] == [
        (1, None, None), (2, None, None), (10, None, None),
    ]  # fmt: skip
    await apply_facts(reporting, told.facts)
    progress = (await api.get(f"/v1/progress/{told.campaign_id}")).json()
    assert [(m["threshold"], m["ordinal"]) for m in progress["milestones"]] == [(1, 1), (2, 2), (10, None)]
    assert progress["milestones"][2]["due"] == "2030-12-31"


async def test_a_milestone_is_announced_later_and_may_have_missed_its_date(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=6)
    told.announce(1, 6)
    await apply_facts(reporting, told.facts)
    url = f"/v1/progress/{told.campaign_id}"
    first = min(received.occurred_at for received in told.facts)

    async def as_of(days: int) -> list[tuple[bool, bool]]:
        asked = (first + timedelta(days=days)).isoformat()
        milestones = (await api.get(url, params={"as_of": asked})).json()["milestones"]
        return [(m["announced_at"] is not None, m["missed"]) for m in milestones]

    assert await as_of(5) == [(False, False)] * 3
    assert await as_of(6) == [(True, False), (False, False), (False, False)]
    assert await as_of(365) == [(True, False), (False, False), (False, True)]
    lines = (await api.get(f"{url}.csv", params={"as_of": (first + timedelta(days=365)).isoformat()})).text.splitlines()
    assert [",yes," in line for line in lines if ",milestone," in line] == [False, False, True]


async def test_a_known_etag_is_answered_without_a_body_until_something_changes(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=6)
    *earlier, last = told.facts
    await apply_facts(reporting, earlier)
    url = f"/v1/progress/{told.campaign_id}"
    first = await api.get(url)
    assert first.headers["Cache-Control"] == "public, max-age=5"
    known = {"If-None-Match": f'"other", {first.headers["ETag"]}'}
    again = await api.get(url, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert (await api.get(f"{url}.csv", headers=known)).status_code == 200
    await apply_facts(reporting, [last])
    assert (await api.get(url, headers=known)).status_code == 200


async def test_the_day_on_which_a_milestone_is_missed_changes_the_etag_though_no_fact_says_so(
    reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=6)  # Its days are those of Seoul, and its milestones due by the end of the year.
    await apply_facts(reporting, told.facts)
    now = [datetime(2030, 12, 31, 14, 59, tzinfo=UTC)]
    url = f"/v1/progress/{told.campaign_id}"
    async with served(reporting, lambda: now[0]) as api:
        first = await api.get(url)
        held = {"If-None-Match": first.headers["ETag"]}
        now[0] += timedelta(seconds=59)
        assert (await api.get(url, headers=held)).status_code == 304
        now[0] += timedelta(seconds=1)
        second = await api.get(url, headers=held)
    assert second.status_code == 200
    missed = [[milestone["missed"] for milestone in answer.json()["milestones"]] for answer in (first, second)]
    assert missed == [[False, False, False], [False, False, True]]


async def test_a_late_registration_changes_the_etag_and_names_the_place(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=3)
    places = [fact for fact in told.facts if fact.fact.type == "membership.local_government_registered"]
    await apply_facts(reporting, [fact for fact in told.facts if fact not in places])
    url = f"/v1/progress/{told.campaign_id}"
    early = await api.get(url)
    assert [row["region"] for row in early.json()["by_region"]] == ["unknown"]
    await apply_facts(reporting, places)
    late = await api.get(url, headers={"If-None-Match": early.headers["ETag"]})
    assert [row["region"] for row in late.json()["by_region"]] == ["030"]


async def test_a_campaign_is_not_there_before_it_is_opened(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=2)
    opened, *others = told.facts
    await apply_facts(reporting, others)
    assert (await api.get(f"/v1/progress/{told.campaign_id}")).status_code == 404
    await apply_facts(reporting, [opened])
    assert (await api.get(f"/v1/progress/{told.campaign_id}")).json()["totals"]["committed"] == 0
    assert (await api.get(f"/v1/progress/{new_id()}.csv")).status_code == 404


async def test_the_table_of_a_demonstration_says_so_in_its_lines_and_its_name(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=3, demonstration=True, title={"en": "=CMD()", "ko": "도시"})
    await apply_facts(reporting, told.facts)
    answer = await api.get(f"/v1/progress/{told.campaign_id}.csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "demonstration-data" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))
    assert {row["note"] for row in rows} == {"demonstration data"}
    assert rows[0]["label"] == "'=CMD()"
    assert rows[0]["committed"] == "1"
