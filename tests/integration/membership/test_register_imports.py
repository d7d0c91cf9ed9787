"""Imports of local governments: each faulty row is named, and it is all or nothing."""

import asyncio
import importlib
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import IntegrityError

COUNT = "SELECT count(*) AS n FROM local_government WHERE network_id = :id"


async def _count(world: Any, net: Any) -> int:
    return int((await world.rows(COUNT, id=UUID(net.id)))[0]["n"])


async def test_two_gwangjus_are_two_places(world: Any, net: Any, row: Callable[..., Any], csv_of: Any) -> None:
    metropolis = row("Gwangju", country="KR", latitude="35.15", longitude="126.92", time_zone="Asia/Seoul")
    suburb = row("Gwangju", country="KR", latitude="37.41", longitude="127.26", time_zone="Asia/Seoul")
    report = await net.do_import(csv_of([metropolis, suburb]), expect=200)
    assert (report["imported"], report["faults"]) == (2, [])
    shown = await net.get(f"/v1/networks/{net.id}/local-governments?q=gwang")
    assert [(i["latitude"], i["region"]) for i in shown["items"]] == [(35.15, "030"), (37.41, "030")]


async def test_a_dry_run_writes_nothing(world: Any, net: Any, row: Callable[..., Any], csv_of: Any) -> None:
    before = await world.rows("SELECT count(*) AS n FROM outbox")
    report = await net.do_import(csv_of([row("A"), row("B", country="XX")]), dry_run=True, expect=200)
    assert (report["rows"], report["accepted"], report["imported"]) == (2, 1, 0)
    assert [(f["line"], f["field"], f["reason"]) for f in report["faults"]] == [(3, "country", "unknown_country")]
    assert await _count(world, net) == 0
    assert await world.rows("SELECT count(*) AS n FROM outbox") == before


async def test_one_faulty_row_holds_back_all(world: Any, net: Any, row: Callable[..., Any], csv_of: Any) -> None:
    rows = [row(f"C{n}", latitude=str(n)) for n in range(50)] + [row("Bad", latitude="91")]
    problem = await net.do_import(csv_of(rows), expect=422, **{"Accept-Language": "es"})
    assert problem["type"].endswith("import_refused")
    (fault,) = problem["faults"]
    assert (fault["line"], fault["field"], fault["reason"]) == (52, "latitude", "out_of_range")
    assert fault["message"] == "Está fuera del intervalo permitido."
    assert await _count(world, net) == 0
    assert (await net.do_import(csv_of(rows[:-1]), expect=200))["imported"] == 50


async def test_what_is_registered_is_found_again(world: Any, net: Any, row: Callable[..., Any], csv_of: Any) -> None:
    await net.do_import(csv_of([row("A"), row("B")]), expect=200)
    report = await net.do_import(csv_of([row("C"), row("A")]), dry_run=True, expect=200)
    assert [(f["line"], f["reason"]) for f in report["faults"]] == [(3, "duplicate_in_register")]
    assert report["accepted"] == 1
    other = await world.network()
    assert (await other.do_import(csv_of([row("A")]), expect=200))["imported"] == 1


async def test_each_place_and_each_contact_is_a_fact(
    world: Any, net: Any, row: Callable[..., Any], csv_of: Any
) -> None:
    without = row("Empty", contact_name="", contact_email="", language="")
    await net.do_import(csv_of([row("Full", contact_email="ana@example.org"), without]), expect=200)
    shown = (await net.get(f"/v1/networks/{net.id}/local-governments"))["items"]
    assert [(i["name"], i["contact_id"] is None) for i in shown] == [("Empty", True), ("Full", False)]
    ((name, sequence, data),) = await world.facts(shown[1]["local_government_id"])
    assert (name, sequence, data["region"], data["demonstration"]) == ("local_government_registered", 1, "039", True)
    ((name, sequence, data),) = await world.facts(shown[1]["contact_id"])
    assert (name, sequence, data["email"], data["language"]) == ("person_recorded", 1, "ana@example.org", "es")


async def test_the_same_file_sent_twice_with_one_key_is_imported_once(
    world: Any, net: Any, row: Callable[..., Any], csv_of: Any
) -> None:
    data, key = csv_of([row("A"), row("B")]), str(uuid4())
    reports = [await net.do_import(data, expect=200, key=key) for _ in range(2)]
    assert reports[0] == reports[1]
    assert reports[0]["imported"] == 2
    assert await _count(world, net) == 2


async def test_the_same_file_sent_twice_at_once_is_imported_once(
    world: Any, net: Any, row: Callable[..., Any], csv_of: Any
) -> None:
    data = csv_of([row(f"C{n}", latitude=str(n % 90)) for n in range(300)])
    answers = await asyncio.gather(net.do_import(data), net.do_import(data))
    assert sorted(answer.status_code for answer in answers) == [200, 422]
    assert await _count(world, net) == 300


async def test_the_database_itself_refuses_the_same_place_twice(
    world: Any, net: Any, row: Callable[..., Any], csv_of: Any
) -> None:
    await net.do_import(csv_of([row("A")]), expect=200)
    again = """
    INSERT INTO local_government SELECT gen_random_uuid(), network_id, name, country, subdivision, region, latitude,
           longitude, population, time_zone, demonstration, fact_sequence
      FROM local_government WHERE network_id = :id
    """
    with pytest.raises(IntegrityError, match="local_government_place"):
        await world.rows(again, id=UUID(net.id))


async def test_a_thousand_rows_are_imported_and_listed_by_pages(
    world: Any, net: Any, row: Callable[..., Any], csv_of: Any
) -> None:
    rows = [row(f"City {n:04}", latitude=f"{n / 100:.2f}") for n in range(1000)]
    assert (await net.do_import(csv_of(rows), expect=200))["imported"] == 1000
    names, path = [], f"/v1/networks/{net.id}/local-governments?limit=200"
    cursor = ""
    while True:
        page = await net.get(path + cursor)
        names += [item["name"] for item in page["items"]]
        if not page["next"]:
            break
        cursor = f"&cursor={page['next']}"
    assert names == [f"City {n:04}" for n in range(1000)]


async def test_a_file_that_is_too_large_is_refused_without_being_held(world: Any, net: Any) -> None:
    report = await net.do_import(b"x" * 6_000_000, dry_run=True, expect=200)
    assert [fault["reason"] for fault in report["faults"]] == ["too_large"]


async def test_an_import_that_fails_half_way_leaves_nothing(
    world: Any, net: Any, row: Callable[..., Any], csv_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The package's name for the use case hides its module.
    module = importlib.import_module("polity_membership.usecases.import_local_governments")
    counts = "SELECT (SELECT count(*) FROM person) AS people, (SELECT count(*) FROM local_government) AS places"
    before = await world.rows(counts)
    data, key = csv_of([row("A"), row("B")]), str(uuid4())
    with monkeypatch.context() as patched:
        patched.setattr(module, "add_outgoing", _broken)
        assert (await net.do_import(data, key=key)).status_code == 500
    assert await world.rows(counts) == before
    assert (await net.do_import(data, key=key, expect=200))["imported"] == 2


async def _broken(*_: Any, **__: Any) -> None:
    raise RuntimeError("planted")


async def test_a_name_is_found_without_its_accents_and_signs_mean_themselves(
    net: Any, row: Callable[..., Any], csv_of: Any
) -> None:
    await net.do_import(csv_of([row("São Paulo", latitude="1"), row("Peñaflor", latitude="2")]), expect=200)

    async def found(q: str) -> list[str]:
        items = (await net.get(f"/v1/networks/{net.id}/local-governments?q={q}"))["items"]
        return [item["name"] for item in items]

    assert await found("sao") == ["São Paulo"]
    assert await found("PENA") == ["Peñaflor"]
    assert await found("Peñ") == ["Peñaflor"]
    assert await found("%25") == []
    assert await found("_") == []
