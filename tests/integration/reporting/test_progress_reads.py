"""What a reader of progress sees, joined from rows of different keys at the moment of reading."""

import csv
import io
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from polity_chassis.database import Database
from polity_chassis.http import create_app
from polity_chassis.ids import new_id
from polity_chassis.runtime import Runtime, Service
from polity_chassis.settings import ServiceSettings
from polity_contracts.invitations import InvitationImported
from polity_reporting.http import commitments, progress

START = datetime(2030, 3, 1, tzinfo=UTC)
Make = Callable[..., Any]


@pytest_asyncio.fixture(scope="session")
async def api(reporting: Database, later: Callable[[], datetime]) -> AsyncIterator[httpx.AsyncClient]:
    settings = ServiceSettings(
        port=1, database_url=reporting.url, kafka_bootstrap="127.0.0.1:1", issuer="http://issuer", jwks_url="http://jwks"
    )  # fmt: skip
    service = Service("reporting", settings, (progress.router, commitments.router))
    transport = httpx.ASGITransport(app=create_app(service, Runtime(settings, reporting, later)))
    async with httpx.AsyncClient(transport=transport, base_url="http://reporting") as client:
        yield client


async def test_totals_part_the_invited_by_their_furthest_answer(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=6)
    await apply_facts(reporting, told.facts)
    progress = (await api.get(f"/v1/progress/{told.campaign_id}")).json()
    assert progress["totals"] == {
        "invited": 6,
        "interested": 2,
        "submitted": 0,
        "committed": 2,
        "withdrawn": 0,
        "unanswered": 2,
        "declined": 0,
    }
    assert progress["by_region"] == [
        {
            "region": "030",
            "invited": 3,
            "interested": 0,
            "submitted": 0,
            "committed": 1,
            "withdrawn": 0,
            "unanswered": 2,
            "declined": 0,
        },
        {
            "region": "039",
            "invited": 3,
            "interested": 2,
            "submitted": 0,
            "committed": 1,
            "withdrawn": 0,
            "unanswered": 0,
            "declined": 0,
        },
    ]
    assert [row["country"] for row in progress["by_country"]] == ["ES", "KR"]
    assert progress["by_first_theme"] == [
        {"theme": "housing", "label": {"en": "Housing"}, "committed": 1},
        {"theme": "water", "label": {"en": "Water"}, "committed": 1},
    ]
    assert progress["title"] == {"en": "Cities", "es": "Ciudades"}
    assert progress["demonstration"] is False


async def test_days_are_those_of_the_campaigns_zone(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=6)
    await apply_facts(reporting, told.facts)
    progress = (await api.get(f"/v1/progress/{told.campaign_id}")).json()
    assert progress["by_day"] == [
        {"day": "2030-03-02", "invited": 6, "interested": 0, "committed": 0, "withdrawn": 0},
        {"day": "2030-03-03", "invited": 0, "interested": 3, "committed": 0, "withdrawn": 0},
        {"day": "2030-03-04", "invited": 0, "interested": 0, "committed": 1, "withdrawn": 0},
        {"day": "2030-03-05", "invited": 0, "interested": 0, "committed": 1, "withdrawn": 0},
    ]


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


async def test_as_of_leaves_out_what_happened_later(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=6)
    await apply_facts(reporting, told.facts)
    first = min(received.occurred_at for received in told.facts)
    asked = (first + timedelta(days=2)).isoformat()
    progress = (await api.get(f"/v1/progress/{told.campaign_id}", params={"as_of": asked})).json()
    assert progress["totals"] == {
        "invited": 6,
        "interested": 3,
        "submitted": 0,
        "committed": 1,
        "withdrawn": 0,
        "unanswered": 2,
        "declined": 0,
    }
    assert [(m["threshold"], m["ordinal"]) for m in progress["milestones"]] == [(1, 1), (2, None), (10, None)]
    assert progress["by_first_theme"] == [{"theme": "water", "label": {"en": "Water"}, "committed": 1}]
    refused = await api.get(f"/v1/progress/{told.campaign_id}", params={"as_of": "2030-01-01T00:00:00"})
    assert refused.status_code == 422


async def _totals(api: httpx.AsyncClient, told: Any, day: float | None = None) -> dict[str, int]:
    """The totals that differ from 0, as of so many days after the first fact."""
    first = min(received.occurred_at for received in told.facts)
    params = {"as_of": (first + timedelta(days=day)).isoformat()} if day is not None else {}
    progress = (await api.get(f"/v1/progress/{told.campaign_id}", params=params)).json()
    return {name: count for name, count in progress["totals"].items() if count}


async def test_who_declined_is_counted_so_until_it_reconsiders(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=1)
    told.decline(2, reconsiders=4)
    told.decline(5)
    told.submit(7)
    await apply_facts(reporting, told.facts)
    assert await _totals(api, told, 1) == {"invited": 1, "unanswered": 1}
    assert await _totals(api, told, 3) == {"invited": 1, "declined": 1}
    assert await _totals(api, told, 4) == {"invited": 1, "interested": 1}
    assert await _totals(api, told, 6) == {"invited": 1, "declined": 1}
    assert await _totals(api, told) == {"invited": 1, "submitted": 1}


async def test_a_commitment_withdrawn_later_still_counts_as_of_a_date_before(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=6)
    told.withdraw(ordinal=1, day=9)
    await apply_facts(reporting, told.facts)
    assert await _totals(api, told, 8.9) == {"invited": 6, "interested": 2, "committed": 2, "unanswered": 2}
    after = {"invited": 6, "interested": 2, "committed": 1, "withdrawn": 1, "unanswered": 2}
    assert await _totals(api, told, 9) == await _totals(api, told) == after
    progress = (await api.get(f"/v1/progress/{told.campaign_id}")).json()
    assert progress["by_first_theme"] == [{"theme": "housing", "label": {"en": "Housing"}, "committed": 1}]
    assert sum(day["committed"] - day["withdrawn"] for day in progress["by_day"]) == 1
    assert progress["milestones"][1]["reached_at"] is not None


async def test_a_pledge_waits_is_returned_and_counts_as_of_each_moment(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=1)
    told.submit(2, 4, 6, commits=8)
    await apply_facts(reporting, told.facts)
    assert await _totals(api, told, 1) == {"invited": 1, "unanswered": 1}
    assert await _totals(api, told, 3) == {"invited": 1, "submitted": 1}
    assert await _totals(api, told, 5) == {"invited": 1, "interested": 1}
    assert await _totals(api, told, 7) == {"invited": 1, "submitted": 1}
    assert await _totals(api, told) == {"invited": 1, "committed": 1}


async def test_an_answer_counts_by_its_step_and_not_by_the_clock_of_the_machine_it_was_given_on(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=2, thresholds=())
    told.submit(5, 2)  # Sent on one machine, returned on another whose clock is three days behind.
    await apply_facts(reporting, told.facts)
    totals = (await api.get(f"/v1/progress/{told.campaign_id}")).json()["totals"]
    assert (totals["submitted"], totals["interested"]) == (0, 2)


@pytest.mark.parametrize("read", [slice(None), slice(None, None, -1)], ids=["in order", "the other way round"])
async def test_of_two_answers_of_one_instant_the_later_step_counts(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make, read: slice
) -> None:
    told = story(cities=1, thresholds=())
    told.submit(5, 5)
    *told_before, sent, returned = told.facts
    for received in (*told_before, *(sent, returned)[read]):
        await apply_facts(reporting, [received])
    assert await _totals(api, told) == {"invited": 1, "interested": 1}


async def test_a_local_government_that_pledges_again_counts_with_its_last_commitment(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=3, thresholds=())
    told.withdraw(ordinal=1, day=9)
    told.submit(10, city=2, commits=11)
    await apply_facts(reporting, told.facts)
    totals = (await api.get(f"/v1/progress/{told.campaign_id}")).json()["totals"]
    assert (totals["withdrawn"], totals["committed"]) == (0, 1)


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


async def test_a_late_registration_changes_the_etag_and_names_the_place(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=2)
    places = [fact for fact in told.facts if fact.fact.type == "membership.local_government_registered"]
    await apply_facts(reporting, [fact for fact in told.facts if fact not in places])
    url = f"/v1/progress/{told.campaign_id}"
    early = await api.get(url)
    assert [row["region"] for row in early.json()["by_region"]] == ["unknown"]
    await apply_facts(reporting, places)
    late = await api.get(url, headers={"If-None-Match": early.headers["ETag"]})
    assert [row["region"] for row in late.json()["by_region"]] == ["030", "039"]


async def test_a_campaign_is_not_there_before_it_is_opened(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=2)
    opened, *others = told.facts
    await apply_facts(reporting, others)
    assert (await api.get(f"/v1/progress/{told.campaign_id}")).status_code == 404
    await apply_facts(reporting, [opened])
    assert (await api.get(f"/v1/progress/{told.campaign_id}")).json()["totals"]["invited"] == 2
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
    assert rows[0]["invited"] == "3"


async def test_who_was_asked_in_an_earlier_wave_counts_from_its_own_dates(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=2)
    earlier = {
        "invitation_id": new_id(), "campaign_id": told.campaign_id, "network_id": told.network_id, "wave": "2021",
    }  # fmt: skip
    for days, interested in ((100, timedelta(days=20)), (50, None)):
        issued = START - timedelta(days=days)
        fact = InvitationImported(
            **earlier, local_government_id=new_id(), issued_at=issued, interested_at=interested and issued + interested
        )
        told.add(new_id(), fact, 0)
    await apply_facts(reporting, told.facts)
    progress = (await api.get(f"/v1/progress/{told.campaign_id}")).json()
    assert [progress["totals"][name] for name in ("invited", "interested", "unanswered")] == [4, 2, 2]
    before = {"as_of": (START - timedelta(days=60)).isoformat()}
    progress = (await api.get(f"/v1/progress/{told.campaign_id}", params=before)).json()
    assert [progress["totals"][name] for name in ("invited", "interested", "unanswered")] == [1, 1, 0]
