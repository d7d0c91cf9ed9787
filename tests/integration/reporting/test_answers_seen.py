"""What a secretariat sees of everybody's answers, joined from rows of different keys at the moment of reading."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from polity_chassis.application import create_app
from polity_chassis.authorization import access
from polity_chassis.authorization.tokens import Caller
from polity_chassis.database.engine import Database
from polity_chassis.ids import new_id
from polity_chassis.runtime import Runtime
from polity_chassis.service import Service
from polity_chassis.settings import ServiceSettings
from polity_contracts.membership.invitations import InvitationImported
from polity_reporting.http.answers import router
from starlette.requests import Request

START = datetime(2030, 3, 1, tzinfo=UTC)
Make = Callable[..., Any]


@pytest_asyncio.fixture
async def api(
    reporting: Database, later: Callable[[], datetime], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """The routes; a bearer token names the network whose secretariat calls, `any` is that of all."""

    async def caller(request: Request) -> Caller:
        found = Caller(request.headers["Authorization"].removeprefix("Bearer "), "test")
        request.state.caller = found
        return found

    async def holds(_: Any, subject: str, role: str, scope_id: UUID | None) -> bool:
        return role == "secretariat" and subject in ("any", str(scope_id))

    monkeypatch.setattr(access, "current_caller", caller)
    settings = ServiceSettings(
        port=1, database_url=reporting.url, kafka_bootstrap="127.0.0.1:1", issuer="http://issuer", jwks_url="http://jwks"
    )  # fmt: skip
    app = create_app(Service("reporting", settings, (router,), holds=holds), Runtime(settings, reporting, later))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://reporting", headers={"Authorization": "Bearer any"}
    ) as client:
        yield client


async def test_the_secretariat_of_the_campaigns_network_sees_them_and_no_other(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told, other = story(cities=2), story(cities=1)
    await apply_facts(reporting, [*told.facts, *other.facts])
    path = f"/v1/progress/{told.campaign_id}/answers"
    own = await api.get(path, headers={"Authorization": f"Bearer {told.network_id}"})
    assert (own.status_code, own.json()["totals"]["invited"], own.headers["Cache-Control"]) == (200, 2, "no-store")
    for network in (other.network_id, new_id()):
        assert (await api.get(path, headers={"Authorization": f"Bearer {network}"})).status_code == 404
    for nowhere in (new_id(), "x"):
        assert (await api.get(f"/v1/progress/{nowhere}/answers")).status_code == 404


async def test_totals_part_the_invited_by_their_furthest_answer(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=6)
    await apply_facts(reporting, told.facts)
    progress = (await api.get(f"/v1/progress/{told.campaign_id}/answers")).json()
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


async def test_days_are_those_of_the_campaigns_zone(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=6)
    await apply_facts(reporting, told.facts)
    progress = (await api.get(f"/v1/progress/{told.campaign_id}/answers")).json()
    assert progress["by_day"] == [
        {"day": "2030-03-02", "invited": 6, "interested": 0, "committed": 0, "withdrawn": 0},
        {"day": "2030-03-03", "invited": 0, "interested": 3, "committed": 0, "withdrawn": 0},
        {"day": "2030-03-04", "invited": 0, "interested": 0, "committed": 1, "withdrawn": 0},
        {"day": "2030-03-05", "invited": 0, "interested": 0, "committed": 1, "withdrawn": 0},
    ]


async def test_as_of_leaves_out_what_happened_later(
    api: httpx.AsyncClient, reporting: Database, story: Make, apply_facts: Make
) -> None:
    told = story(cities=6)
    await apply_facts(reporting, told.facts)
    first = min(received.occurred_at for received in told.facts)
    asked = (first + timedelta(days=2)).isoformat()
    progress = (await api.get(f"/v1/progress/{told.campaign_id}/answers", params={"as_of": asked})).json()
    assert progress["totals"] == {
        "invited": 6,
        "interested": 3,
        "submitted": 0,
        "committed": 1,
        "withdrawn": 0,
        "unanswered": 2,
        "declined": 0,
    }


async def _totals(api: httpx.AsyncClient, told: Any, day: float | None = None) -> dict[str, int]:
    """The totals that differ from 0, as of so many days after the first fact."""
    first = min(received.occurred_at for received in told.facts)
    params = {"as_of": (first + timedelta(days=day)).isoformat()} if day is not None else {}
    progress = (await api.get(f"/v1/progress/{told.campaign_id}/answers", params=params)).json()
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
    progress = (await api.get(f"/v1/progress/{told.campaign_id}/answers")).json()
    assert sum(day["committed"] - day["withdrawn"] for day in progress["by_day"]) == 1


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
    totals = (await api.get(f"/v1/progress/{told.campaign_id}/answers")).json()["totals"]
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
    totals = (await api.get(f"/v1/progress/{told.campaign_id}/answers")).json()["totals"]
    assert (totals["withdrawn"], totals["committed"]) == (0, 1)


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
    progress = (await api.get(f"/v1/progress/{told.campaign_id}/answers")).json()
    assert [progress["totals"][name] for name in ("invited", "interested", "unanswered")] == [4, 2, 2]
    before = {"as_of": (START - timedelta(days=60)).isoformat()}
    progress = (await api.get(f"/v1/progress/{told.campaign_id}/answers", params=before)).json()
    assert [progress["totals"][name] for name in ("invited", "interested", "unanswered")] == [1, 1, 0]
