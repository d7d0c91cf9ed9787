"""Pledges of earlier waves come in with their own dates, whole, doubled nowhere, and in the order of these dates."""

import asyncio
import csv
import importlib
import io
import json
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

COLUMNS = (
    "local_government_id", "name", "country", "subdivision", "latitude", "longitude", "population", "time_zone", "wave",
    "invited_on", "interested_on", "committed_at", "signed_on", "signatory_name", "signatory_office", "theme1",
    "theme2", "theme3", "language", "contact_name", "contact_email",
)  # fmt: skip
COUNTS = """
SELECT (SELECT count(*) FROM local_government WHERE network_id = :id) AS places,
       (SELECT count(*) FROM commitment WHERE network_id = :id) AS commitments,
       (SELECT count(*) FROM invitation WHERE network_id = :id) AS invitations,
       (SELECT count(*) FROM person) AS people, (SELECT count(*) FROM outbox) AS facts
"""


def earlier(name: str, **changed: Any) -> dict[str, Any]:
    return {
        "name": name, "country": "ES", "latitude": "41.38", "longitude": "-3.7", "time_zone": "Europe/Madrid",
        "wave": "2021", "invited_on": "2021-11-02", "interested_on": "2021-11-20", "committed_at": "2021-12-10",
        "signed_on": "2021-12-09", "signatory_name": f"Signatory of {name}", "signatory_office": "Mayor",
        "theme1": "water", "theme2": "housing", "theme3": "peace", "language": "es",
        "contact_name": f"Contact of {name}", "contact_email": "contact@example.org", **changed,
    }  # fmt: skip


def file_of(rows: Iterable[dict[str, Any]]) -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


async def bring_in(
    net: Any, campaign_id: str, data: bytes, changes: Any = None, *, dry_run: bool = False, **more: Any
) -> Any:
    path = f"/v1/campaigns/{campaign_id}/commitment-imports?dry_run={str(dry_run).lower()}"
    fields = {} if changes is None else {"changes": json.dumps(changes)}
    request = httpx.Request("POST", "http://x/", files={"file": ("f.csv", data)}, data=fields)
    return await net.post(path, request.read(), **{"Content-Type": request.headers["content-type"]}, **more)


async def commitments(world: Any, campaign_id: str) -> list[Any]:
    rows: list[Any] = await world.rows(
        """
        SELECT c.id, c.ordinal, c.made_at, c.signed_on, c.themes, lg.name, i.wave, i.status, i.issued_at,
               i.interested_at, signatory.name AS signatory, contact.email, c.contact_id, lg.id AS place_id
          FROM commitment c JOIN local_government lg ON lg.id = c.local_government_id
          JOIN invitation i ON i.id = c.invitation_id JOIN person signatory ON signatory.id = c.signatory_id
          JOIN person contact ON contact.id = c.contact_id
         WHERE c.campaign_id = :id ORDER BY c.ordinal
        """,
        id=UUID(campaign_id),
    )
    return rows


async def test_earlier_commitments_have_their_own_dates_and_ordinals_in_their_order(world: Any, net: Any) -> None:
    campaign_id = await net.campaign(2, 3)
    data = file_of([
        earlier("Last", latitude="41", committed_at="2022-03-01T09:30:00+09:00"),
        earlier("First", latitude="42"),
        earlier("Second", latitude="43", committed_at="2021-12-10 18:00"),
    ])  # fmt: skip
    done = await bring_in(net, campaign_id, data, expect=200)
    assert [done[n] for n in ("rows", "imported", "set_aside", "already_there")] == [3, 3, 0, 0]
    found = await commitments(world, campaign_id)
    # Noon and six in Madrid are an hour earlier in UTC.
    assert [(c["name"], c["ordinal"], c["made_at"]) for c in found] == [
        ("First", 1, datetime(2021, 12, 10, 11, tzinfo=UTC)),
        ("Second", 2, datetime(2021, 12, 10, 17, tzinfo=UTC)),
        ("Last", 3, datetime(2022, 3, 1, 0, 30, tzinfo=UTC)),
    ]
    first = found[0]
    assert (first["wave"], first["status"], first["signatory"]) == ("2021", "committed", "Signatory of First")
    assert (first["issued_at"], first["interested_at"]) == (
        datetime(2021, 11, 2, 11, tzinfo=UTC), datetime(2021, 11, 20, 11, tzinfo=UTC),
    )  # fmt: skip
    shown = await world.call("GET", f"/v1/campaigns/{campaign_id}", expect=200)
    reached = [(m["threshold"], m["ordinal"], m["reached_at"], m["announced_at"]) for m in shown["milestones"]]
    assert shown["commitments"] == 3
    assert reached == [(2, 2, "2021-12-10T17:00:00Z", None), (3, 3, "2022-03-01T00:30:00Z", None)]


async def test_their_facts_say_that_they_are_imported_and_name_nobody(world: Any, net: Any) -> None:
    campaign_id = await net.campaign(1)
    await bring_in(net, campaign_id, file_of([earlier("Only")]), expect=200)
    (made,) = await commitments(world, campaign_id)
    ((name, sequence, data),) = await world.facts(made["id"])
    assert (name, sequence, data["imported"], data["ordinal"]) == ("commitment_made", 1, True, 1)
    opened, reached = await world.facts(campaign_id)
    assert (opened[0], reached[0], reached[1]) == ("campaign_opened", "milestone_reached", 2)
    assert (reached[2]["imported"], reached[2]["reached_at"]) == (True, "2021-12-10T11:00:00Z")
    (invited,) = await world.facts(data["invitation_id"])
    assert (invited[0], invited[2]["wave"]) == ("invitation_imported", "2021")
    assert [name for name, _, _ in await world.facts(made["contact_id"])] == ["person_recorded"]
    assert [name for name, _, _ in await world.facts(made["place_id"])] == ["local_government_registered"]
    values = await world.rows("SELECT value FROM outbox WHERE topic <> 'membership-people-v1' AND value IS NOT NULL")
    assert not any(b"of Only" in row["value"] or b"contact@" in row["value"] for row in values)


async def test_a_commitment_given_afterwards_goes_on_counting_and_is_no_import(world: Any, net: Any) -> None:
    campaign_id, links = await net.invited(1, 2)
    await bring_in(net, campaign_id, file_of([earlier("Old", latitude="37")]), expect=200)
    assert (await net.commit(links[0]))["ordinal"] == 2
    kinds = [(name, data.get("imported")) for name, _, data in await world.facts(campaign_id)]
    assert kinds[-1] == ("milestone_reached", False)


async def test_places_of_the_register_are_found_and_their_contacts_kept(
    world: Any, net: Any, row: Any, csv_of: Any
) -> None:
    without = {"contact_name": "", "contact_email": "", "language": ""}
    await net.do_import(
        csv_of([row("Known", contact_email="known@example.org"), row("Bare", latitude="38", **without)]), expect=200
    )
    places = {
        i["name"]: i["local_government_id"]
        for i in (await net.get(f"/v1/networks/{net.id}/local-governments"))["items"]
    }
    campaign_id = await net.campaign()
    rows = [
        earlier("", local_government_id=places["Known"], **without),
        earlier("Bare", latitude="38", contact_email="new@example.org"),
    ]
    assert (await bring_in(net, campaign_id, file_of(rows), expect=200))["imported"] == 2
    found = {c["name"]: c["email"] for c in await commitments(world, campaign_id)}
    assert found == {"Known": "known@example.org", "Bare": "new@example.org"}
    items = (await net.get(f"/v1/networks/{net.id}/local-governments"))["items"]
    assert [i["contact_id"] is None for i in items] == [False, False]


async def test_who_commitmentd_already_is_told_and_not_doubled(world: Any, net: Any) -> None:
    campaign_id, links = await net.invited(2)
    await net.commit(links[0])
    (pledged,) = await commitments(world, campaign_id)
    ids = [i["local_government_id"] for i in (await net.get(f"/v1/networks/{net.id}/local-governments"))["items"]]
    data = file_of(earlier("", local_government_id=id_) for id_ in ids)
    report = await bring_in(net, campaign_id, data, dry_run=True, expect=200)
    assert (report["accepted"], report["already_there"], report["faults"]) == (1, 1, [])
    done = await bring_in(net, campaign_id, data, expect=200)
    assert (done["imported"], done["already_there"]) == (1, 1)
    again = await bring_in(net, campaign_id, data, expect=200)
    assert (again["imported"], again["already_there"]) == (0, 2)
    found = await commitments(world, campaign_id)
    assert [(c["ordinal"], c["status"]) for c in found] == [(1, "committed"), (2, "committed")]
    assert found[0]["id"] == pledged["id"]
    # The invitation of the other was open until now: its link says that the answer is given.
    assert (await net.commit(links[1], expect=409))["type"].endswith("already_committed")


async def test_each_row_is_counted_once_whatever_becomes_of_it(net: Any, row: Any, csv_of: Any) -> None:
    await net.do_import(csv_of([row("Málaga"), row("Known", latitude="42")]), expect=200)
    campaign_id = await net.campaign()
    await bring_in(net, campaign_id, file_of([earlier("Pledged", latitude="43")]), expect=200)
    data = file_of([
        earlier("Pledged", latitude="43"),
        earlier("Known", latitude="42"),
        earlier("New", latitude="40"),
        earlier("Malaga", latitude="41.4"),
        earlier("Outside", latitude="0"),
        earlier("At night", latitude="39", committed_at="2021-10-31 02:30"),
        earlier("Faulty", theme1="x", committed_at="?"),
        earlier("Aside", latitude="41"),
    ])  # fmt: skip
    report = await bring_in(net, campaign_id, data, {"set_aside": [9]}, dry_run=True, expect=200)
    names = ("accepted", "to_update", "already_there", "set_aside", "faulty", "to_be_decided")
    assert [report[name] for name in ("rows", *names)] == [8, 2, 0, 1, 1, 1, 3]
    assert report["rows"] == sum(report[name] for name in names)
    done = await bring_in(net, campaign_id, data, {"set_aside": [5, 6, 7, 8, 9]}, expect=200)
    assert [done[name] for name in ("rows", *names)] == [8, 2, 0, 1, 5, 0, 0]


async def test_an_import_counts_where_commitments_wait_for_a_confirmation(world: Any, net: Any) -> None:
    campaign_id = await net.campaign(1)
    await world.rows("UPDATE campaign SET counts_at_once = false WHERE id = :id RETURNING id", id=UUID(campaign_id))
    await bring_in(net, campaign_id, file_of([earlier("Only")]), expect=200)
    assert (await world.call("GET", f"/v1/campaigns/{campaign_id}", expect=200))["commitments"] == 1


FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a theme of another campaign": ({"theme2": "sports"}, "theme2", "unknown_theme"),
    "one theme twice": ({"theme2": "water"}, "theme1", "themes_invalid"),
    "no theme": ({"theme3": ""}, "theme3", "missing"),
    "a day in another order": ({"committed_at": "10/12/2021"}, "committed_at", "day_order"),
    "a day that is none": ({"committed_at": "2021-02-30"}, "committed_at", "not_a_date"),
    "an hour that is none": ({"committed_at": "2021-02-20 25:00"}, "committed_at", "not_a_date"),
    "a day to come": ({"committed_at": "2999-01-01"}, "committed_at", "in_the_future"),
    "a moment beyond the calendar": (
        {"committed_at": "9999-12-31T23:59:59-14:00"}, "committed_at", "in_the_future",
    ),
    "a day long ago": ({"signed_on": "1821-12-09"}, "signed_on", "out_of_range"),
    "a signature after the pledge": ({"signed_on": "2021-12-12"}, "signed_on", "signed_after_pledge"),
    "an interest after the pledge": ({"interested_on": "2021-12-11"}, "interested_on", "dates_out_of_order"),
    "an invitation after the interest": ({"invited_on": "2021-11-21"}, "invited_on", "dates_out_of_order"),
    "nobody who signed": ({"signatory_name": ""}, "signatory_name", "missing"),
    "a signatory like a formula": ({"signatory_name": "=1+1"}, "signatory_name", "formula_like"),
    "no contact anywhere": (
        {"contact_name": "", "contact_email": "", "language": ""}, "contact_email", "contact_missing",
    ),
    "an id that is none": ({"local_government_id": "x"}, "local_government_id", "not_an_id"),
    "an unknown id": ({"local_government_id": str(uuid4())}, "local_government_id", "local_government_unknown"),
    "a place without its country": ({"country": ""}, "country", "missing"),
}  # fmt: skip


@pytest.mark.parametrize("rule", FAULTS)
async def test_a_faulty_row_is_named_and_holds_back_all(world: Any, net: Any, rule: str) -> None:
    changed, field, reason = FAULTS[rule]
    campaign_id = await net.campaign()
    data = file_of([earlier("Good", latitude="40"), earlier("InvalidValue", **changed)])
    before = await world.rows(COUNTS, id=UUID(net.id))
    problem = await bring_in(net, campaign_id, data, expect=422)
    assert [(f["line"], f["field"], f["reason"]) for f in problem["faults"]] == [(3, field, reason)]
    assert problem["faulty_rows"][0]["line"] == 3
    assert await world.rows(COUNTS, id=UUID(net.id)) == before
    assert (await bring_in(net, campaign_id, data, {"set_aside": [3]}, expect=200))["imported"] == 1


async def test_a_place_named_by_its_id_and_by_its_name_is_one(net: Any, row: Any, csv_of: Any) -> None:
    await net.do_import(csv_of([row("Known")]), expect=200)
    (place,) = (await net.get(f"/v1/networks/{net.id}/local-governments"))["items"]
    campaign_id = await net.campaign()
    rows = [earlier("", local_government_id=place["local_government_id"]), earlier("Known")]
    report = await bring_in(net, campaign_id, file_of(rows), dry_run=True, expect=200)
    assert [(f["line"], f["reason"], f["hint"]) for f in report["faults"]] == [(3, "duplicate_in_file", "2")]


async def test_perhaps_a_known_place_is_asked_for(world: Any, net: Any, row: Any, csv_of: Any) -> None:
    await net.do_import(csv_of([row("Málaga")]), expect=200)
    (place,) = (await net.get(f"/v1/networks/{net.id}/local-governments"))["items"]
    campaign_id = await net.campaign()
    without = {"contact_name": "", "contact_email": "", "language": ""}
    data = file_of([earlier("Malaga", latitude="41.4", **without)])
    report = await bring_in(net, campaign_id, data, dry_run=True, expect=200)
    assert [(p["line"], p["candidate"]) for p in report["proposals"]] == [(2, place["local_government_id"])]
    answer = {"line": 2, "candidate": place["local_government_id"], "same": True}
    assert (await bring_in(net, campaign_id, data, {"answers": [answer]}, expect=200))["imported"] == 1
    (made,) = await commitments(world, campaign_id)
    assert (str(made["place_id"]), made["name"]) == (place["local_government_id"], "Málaga")


async def test_sent_twice_with_one_key_it_is_done_once(world: Any, net: Any) -> None:
    campaign_id, key = await net.campaign(), str(uuid4())
    data = file_of([earlier("A"), earlier("B", latitude="39")])
    first, second = await asyncio.gather(*(bring_in(net, campaign_id, data, expect=200, key=key) for _ in range(2)))
    assert first == second
    assert first["imported"] == 2
    assert len(await commitments(world, campaign_id)) == 2


async def _broken(*_: Any, **__: Any) -> None:
    raise RuntimeError("planted")


async def _killed(session: Any, *_: Any, **__: Any) -> None:
    """Ends the transaction's connection as a kill of the process would: whatever was written has no commit."""
    await (await session.connection()).execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


@pytest.mark.parametrize("how", [_broken, _killed])
@pytest.mark.parametrize("broken", ["add_invitations", "add_commitments", "add_outgoing", "add_facts"])
async def test_an_import_that_fails_half_way_leaves_nothing(
    world: Any, net: Any, monkeypatch: pytest.MonkeyPatch, broken: str, how: Any
) -> None:
    module = importlib.import_module("polity_membership.commitment_imports.usecases")
    campaign_id, key = await net.campaign(1), str(uuid4())
    data = file_of([earlier("A"), earlier("B", latitude="39")])
    before = await world.rows(COUNTS, id=UUID(net.id))
    with monkeypatch.context() as patched:
        patched.setattr(module, broken, how)
        assert (await bring_in(net, campaign_id, data, key=key)).status_code >= 500
    assert await world.rows(COUNTS, id=UUID(net.id)) == before
    assert (await bring_in(net, campaign_id, data, key=key, expect=200))["imported"] == 2


async def test_commitments_given_meanwhile_wait_and_no_ordinal_is_given_twice(world: Any, net: Any) -> None:
    campaign_id, links = await net.invited(20)
    data = file_of(earlier(f"Old {n}", latitude=f"{40 + n / 100}") for n in range(1, 41))
    await asyncio.gather(bring_in(net, campaign_id, data, expect=200), *(net.commit(link) for link in links))
    assert [c["ordinal"] for c in await commitments(world, campaign_id)] == list(range(1, 61))


async def test_the_same_places_brought_in_at_once_are_registered_once(world: Any, net: Any) -> None:
    campaigns = [await net.campaign() for _ in range(3)]
    data = file_of(earlier(f"New {n}", latitude=f"{38 + n / 10}") for n in range(1, 31))
    done = await asyncio.gather(*(bring_in(net, campaign_id, data, expect=200) for campaign_id in campaigns))
    assert [one["imported"] for one in done] == [30] * 3
    assert (await world.rows(COUNTS, id=UUID(net.id)))[0]["places"] == 30


async def test_the_erasure_finds_who_was_imported(world: Any, net: Any) -> None:
    campaign_id = await net.campaign()
    await bring_in(net, campaign_id, file_of([earlier("Only")]), expect=200)
    (made,) = await commitments(world, campaign_id)
    (row,) = await world.rows("SELECT signatory_id FROM commitment WHERE id = :id", id=made["id"])
    for person_id in (made["contact_id"], row["signatory_id"]):
        await net.post(f"/v1/people/{person_id}/erasure", None, expect=202)
    left = await world.rows(
        "SELECT name, email, office, language FROM person WHERE id = ANY(:ids)",
        ids=[made["contact_id"], row["signatory_id"]],
    )
    assert [set(person.values()) for person in left] == [{None}, {None}]
    again = await bring_in(net, campaign_id, file_of([earlier("Only")]), expect=200)
    assert (again["imported"], again["already_there"]) == (0, 1)


async def test_ten_thousand_commitments_come_in_at_once(world: Any, net: Any) -> None:
    campaign_id = await net.campaign(10, 100, 1000, 10_000)
    data = file_of(
        earlier(
            f"Place {n}", latitude=f"{38 + n % 100 / 25:.2f}", longitude=f"{n // 100 / 25 - 6:.2f}",
            committed_at=f"2021-{n % 11 + 1:02}-{n % 28 + 1:02}", signed_on="2020-12-31", invited_on="",
            interested_on="",
        )
        for n in range(10_000)
    )  # fmt: skip
    assert (await bring_in(net, campaign_id, data, expect=200))["imported"] == 10_000
    found = await commitments(world, campaign_id)
    assert [c["ordinal"] for c in found] == list(range(1, 10_001))
    dates = [c["made_at"] for c in found]
    assert dates == sorted(dates)
    shown = await world.call("GET", f"/v1/campaigns/{campaign_id}", expect=200)
    assert [m["ordinal"] for m in shown["milestones"]] == [10, 100, 1000, 10_000]
    assert [m["reached_at"] for m in shown["milestones"]] == [
        dates[n - 1].isoformat().replace("+00:00", "Z") for n in (10, 100, 1000, 10_000)
    ]


def act_once_before(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Awaitable[Any]]) -> list[None]:
    """Has something done after an import has read what it rests on; returns a list with an item for each preparing."""
    module = importlib.import_module("polity_membership.commitment_imports.usecases")
    find, loop, prepared = module.resolve_rows, asyncio.get_running_loop(), list[None]()

    async def acting() -> None:
        await act()

    def beside(*arguments: Any) -> Any:
        prepared.append(None)
        if len(prepared) == 1:
            asyncio.run_coroutine_threadsafe(acting(), loop).result(30)
        return find(*arguments)

    monkeypatch.setattr(module, "resolve_rows", beside)
    return prepared


@pytest.mark.parametrize("answer", ["interest", "decline", "commitment"])
async def test_what_a_city_answers_while_its_commitment_is_prepared_is_looked_at_again(
    world: Any, net: Any, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    campaign_id, (link,) = await net.invited(1)
    (place,) = (await net.get(f"/v1/networks/{net.id}/local-governments"))["items"]

    async def answered() -> None:
        if answer == "commitment":
            await net.commit(link)
        else:
            await world.call("POST", f"/v1/answer/{answer}", {} if answer == "decline" else None, link=link, expect=200)

    prepared = act_once_before(monkeypatch, answered)
    data = file_of([earlier("", local_government_id=place["local_government_id"])])
    done = await bring_in(net, campaign_id, data, expect=200)
    assert len(prepared) == 2
    assert (done["imported"], done["already_there"]) == ((0, 1) if answer == "commitment" else (1, 0))
    (kept,) = await commitments(world, campaign_id)
    assert kept["ordinal"] == 1
    step = "SELECT i.answer_step FROM invitation i JOIN commitment c ON c.invitation_id = i.id WHERE c.id = :id"
    assert [row["answer_step"] for row in await world.rows(step, id=kept["id"])] == [1 if answer == "commitment" else 2]


async def test_a_contact_given_while_a_commitment_is_prepared_is_kept(
    world: Any, net: Any, monkeypatch: pytest.MonkeyPatch, row: Any, csv_of: Any
) -> None:
    await net.do_import(csv_of([row("Bare", contact_name="", contact_email="", language="")]), expect=200)
    campaign_id = await net.campaign()
    (place,) = (await net.get(f"/v1/networks/{net.id}/local-governments"))["items"]
    path = f"/v1/local-governments/{place['local_government_id']}/contact"
    contact = {"name": "Ana Nueva", "email": "ana@city.example", "language": "fr"}
    prepared = act_once_before(monkeypatch, lambda: net.post(path, contact, expect=200))
    data = file_of([earlier("", local_government_id=place["local_government_id"])])
    assert (await bring_in(net, campaign_id, data, expect=200))["imported"] == 1
    assert len(prepared) == 2
    assert [kept["email"] for kept in await commitments(world, campaign_id)] == ["ana@city.example"]
