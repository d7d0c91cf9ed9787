"""Imports of local governments: each faulty row is named, and it is all or nothing."""

import asyncio
import hashlib
import importlib
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
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
    rows = [row(f"C{n}", latitude=str(38 + n / 10)) for n in range(50)] + [row("InvalidValue", latitude="91")]
    problem = await net.do_import(csv_of(rows), expect=422, **{"Accept-Language": "es"})
    assert problem["type"].endswith("import_refused")
    (fault,) = problem["faults"]
    assert (fault["line"], fault["field"], fault["reason"]) == (52, "latitude", "out_of_range")
    assert fault["message"] == "La latitud está entre −90 y 90."
    assert await _count(world, net) == 0
    assert (await net.do_import(csv_of(rows[:-1]), expect=200))["imported"] == 50


async def test_what_is_registered_already_is_counted_and_left_as_it_is(
    world: Any, net: Any, row: Callable[..., Any], csv_of: Any
) -> None:
    await net.do_import(csv_of([row("A"), row("B")]), expect=200)
    data = csv_of([row("C"), row("A", population="5")])
    report = await net.do_import(data, dry_run=True, expect=200)
    assert (report["accepted"], report["already_there"], report["faults"]) == (1, 1, [])
    done = await net.do_import(data, expect=200)
    assert [done[name] for name in ("rows", "imported", "set_aside", "already_there")] == [2, 1, 0, 1]
    assert await _count(world, net) == 3
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
    data = csv_of([row(f"C{n}", latitude=str(38 + n / 100)) for n in range(300)])
    answers = await asyncio.gather(net.do_import(data), net.do_import(data))
    done = sorted((answer.json()["imported"], answer.json()["already_there"]) for answer in answers)
    assert done == [(0, 300), (300, 0)]
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
    rows = [row(f"City {n:04}", latitude=f"{38 + n / 1000:.3f}") for n in range(1000)]
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
    module = importlib.import_module("polity_membership.register_imports.usecases")
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
    await net.do_import(csv_of([row("São Paulo", latitude="41"), row("Peñaflor", latitude="42")]), expect=200)

    async def found(q: str) -> list[str]:
        items = (await net.get(f"/v1/networks/{net.id}/local-governments?q={q}"))["items"]
        return [item["name"] for item in items]

    assert await found("sao") == ["São Paulo"]
    assert await found("PENA") == ["Peñaflor"]
    assert await found("Peñ") == ["Peñaflor"]
    assert await found("%25") == []
    assert await found("_") == []


def _multipart(data: bytes, changes: Any = None) -> tuple[bytes, dict[str, str]]:
    """A form with the file and, if any, the changes; its boundary is another each time."""
    parts = {"file": ("register.csv", data, "text/csv")}
    fields = {} if changes is None else {"changes": changes if isinstance(changes, str) else json.dumps(changes)}
    request = httpx.Request("POST", "http://x/", files=parts, data=fields)
    return request.read(), {"Content-Type": request.headers["content-type"]}


async def _decided(net: Any, data: bytes, changes: Any, *, dry_run: bool = False, **more: Any) -> Any:
    body, headers = _multipart(data, changes)
    return await net.do_import(body, dry_run=dry_run, **headers, **more)


async def test_faulty_rows_are_corrected_or_set_aside_and_the_rest_is_imported(
    world: Any, net: Any, row: Callable[..., Any], csv_of: Any
) -> None:
    data = csv_of([row("A"), row("B", country="XX"), row("C", latitude="95"), row("D", time_zone="Nowhere")])
    first = await _decided(net, data, None, dry_run=True, expect=200)
    assert [r["line"] for r in first["faulty_rows"]] == [3, 4, 5]
    assert first["faulty_rows"][0]["cells"] == {**row("B", country="XX")}
    changes: dict[str, Any] = {"corrections": {"3": {"country": "ES"}, "5": {"time_zone": "Europe/Rome"}}}
    second = await _decided(net, data, changes, dry_run=True, expect=200)
    assert [(f["line"], f["reason"]) for f in second["faults"]] == [(4, "out_of_range")]
    refused = await _decided(net, data, changes, expect=422)
    assert (refused["faulty"], refused["imported"], await _count(world, net)) == (1, 0, 0)
    done = await _decided(net, data, {**changes, "set_aside": [4]}, expect=200)
    assert [done[name] for name in ("rows", "imported", "set_aside", "already_there")] == [4, 3, 1, 0]
    places = await world.rows("SELECT name, country FROM local_government WHERE network_id = :id", id=UUID(net.id))
    assert {place["name"]: place["country"] for place in places} == {"A": "ES", "B": "ES", "D": "ES"}


async def test_perhaps_the_same_place_is_asked_for_before_it_is_imported(
    world: Any, net: Any, row: Callable[..., Any], csv_of: Any
) -> None:
    await net.do_import(csv_of([row("Málaga", population="570000")]), expect=200)
    ((there,),) = [
        (p["id"],) for p in await world.rows("SELECT id FROM local_government WHERE network_id = :id", id=UUID(net.id))
    ]
    data = csv_of([row("Malaga", latitude="41.40"), row("Vienna"), row("Viena", latitude="41.39")])
    report = await net.do_import(data, dry_run=True, expect=200)
    asked = [(p["line"], p["candidate"], p["in_register"]) for p in report["proposals"]]
    assert asked == [(2, str(there), True), (4, "3", False)]
    known = report["proposals"][0]["known_place"]
    assert (known["name"], known["population"], report["accepted"]) == ("Málaga", 570000, 1)
    assert (await net.do_import(data, expect=422))["proposals"] == report["proposals"]
    same = {"line": 2, "candidate": str(there), "same": True}
    assert (await _decided(net, data, {"answers": [same]}, expect=422))["imported"] == 0
    answers = [same, {"line": 4, "candidate": "3", "same": False}]
    done = await _decided(net, data, {"answers": answers}, expect=200)
    assert [done[name] for name in ("imported", "set_aside", "already_there")] == [2, 0, 1]
    again = await _decided(net, data, {"answers": answers}, expect=200)
    assert [again[name] for name in ("imported", "set_aside", "already_there")] == [0, 0, 3]


async def test_one_key_and_the_same_parts_are_one_import_whatever_the_boundary(
    net: Any, row: Callable[..., Any], csv_of: Any
) -> None:
    data, key = csv_of([row("A"), row("B", country="XX")]), str(uuid4())
    reports = [await _decided(net, data, {"set_aside": [3]}, expect=200, key=key) for _ in range(2)]
    assert reports[0] == reports[1]
    assert reports[0]["imported"] == 1
    assert (await _decided(net, data, {"set_aside": [2]}, expect=422, key=key))["type"].endswith("key_reused")


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ("{", "changes", "json_invalid"),
        ({"corrections": {"x": {}}}, "changes.corrections.x.[key]", "int_parsing"),
        ({"mistake": 1}, "changes.mistake", "extra_forbidden"),
        ({"answers": [{"line": 2, "candidate": "3"}]}, "changes.answers.0.same", "missing"),
    ],
)
async def test_changes_that_cannot_be_read_are_refused(
    net: Any, row: Callable[..., Any], csv_of: Any, changes: Any, field: str, reason: str
) -> None:
    problem = await _decided(net, csv_of([row("A")]), changes, expect=422)
    assert [(e["field"], e["reason"]) for e in problem["errors"]] == [(field, reason)]


async def test_a_form_without_a_file_is_refused(net: Any) -> None:
    request = httpx.Request("POST", "http://x/", files={"changes": (None, b"{}")})
    problem = await net.do_import(request.read(), expect=422, **{"Content-Type": request.headers["content-type"]})
    assert [(e["field"], e["reason"]) for e in problem["errors"]] == [("file", "missing")]


async def test_ten_thousand_rows_against_ten_thousand_are_compared_and_imported(
    world: Any, net: Any, row: Callable[..., Any], csv_of: Any
) -> None:
    """The pytest time-out is the bar: comparing each with each took minutes."""

    def many(shift: float) -> bytes:
        return csv_of(
            row(
                _name(n),
                country="RU",
                latitude=f"{56 + n % 100 / 12 + shift:.4f}",
                longitude=f"{45 + n // 100 * 0.8:.2f}",
            )
            for n in range(10_000)
        )

    assert (await net.do_import(many(0), expect=200))["imported"] == 10_000
    report = await net.do_import(many(0.01), dry_run=True, expect=200)
    assert (len(report["proposals"]), report["rows"]) == (1000, 10_000)
    assert {p["kilometres"] for p in report["proposals"]} == {1.1}
    assert (await net.do_import(many(0.5), expect=200))["imported"] == 10_000
    assert await _count(world, net) == 20_000


def _name(number: int) -> str:
    """A name of ten letters that no other number's resembles too much."""
    digest = hashlib.sha256(str(number).encode()).digest()
    return "".join(chr(ord("a") + byte % 26) for byte in digest[:10])


async def test_the_register_stands_in_the_order_in_which_people_look_names_up(
    world: Any, net: Any, row: Callable[..., Any], csv_of: Any
) -> None:
    names = ["Zürich", "łódź", "Évora", "Essen", "Ébène", "évian", "Lisboa", "Madrid"]
    await net.do_import(csv_of([row(name, latitude=str(38 + n / 2)) for n, name in enumerate(names)]), expect=200)
    found, cursor = [], ""
    while True:
        page = await net.get(f"/v1/networks/{net.id}/local-governments?limit=3{cursor}")
        found += [item["name"] for item in page["items"]]
        if not page["next"]:
            break
        cursor = f"&cursor={page['next']}"
    assert found == ["Ébène", "Essen", "évian", "Évora", "Lisboa", "łódź", "Madrid", "Zürich"]
    (place,) = (await net.get(f"/v1/networks/{net.id}/local-governments?q=essen"))["items"]
    assert "contact_language" in place
    assert "plain_name" not in place
