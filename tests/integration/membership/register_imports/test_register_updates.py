"""A register that is sent again: what has changed is told, taken over when that is decided, and told to others once."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

Row = Callable[..., dict[str, Any]]
PLACES = """
SELECT lg.id, lg.name, lg.latitude, lg.population, lg.subdivision, lg.time_zone, person.id AS person_id,
       person.name AS contact, person.email, person.language
  FROM local_government lg LEFT JOIN local_government_contact link ON link.local_government_id = lg.id
  LEFT JOIN person ON person.id = link.person_id WHERE lg.network_id = :id ORDER BY lg.name
"""
NOBODY = {"contact_name": "", "contact_email": "", "language": ""}


async def places(world: Any, net: Any) -> list[Any]:
    rows: list[Any] = await world.rows(PLACES, id=UUID(net.id))
    return rows


async def send(net: Any, data: bytes, changes: Any = None, *, dry_run: bool = False, **more: Any) -> Any:
    """Sends the file with what was decided, always as the same bytes."""
    parts = [("file", data), ("changes", json.dumps(changes or {}).encode())]
    body = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (n.encode(), v) for n, v in parts
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x", **more}
    return await net.do_import(body + b"--x--\r\n", dry_run=dry_run, expect=200, **headers)


def told(report: Any) -> dict[int, dict[str, tuple[Any, Any]]]:
    """By line and field: the register's value and the file's."""
    return {
        one["line"]: {change["field"]: (change["old"], change["new"]) for change in one["changes"]}
        for one in report["differences"]
    }


COUNTS = ("rows", "accepted", "to_update", "already_there", "set_aside", "faulty", "to_be_decided")


def counts(report: Any) -> list[int]:
    return [report[name] for name in COUNTS]


async def test_what_differs_is_told_and_left_as_it_is(world: Any, net: Any, row: Row, csv_of: Any) -> None:
    await net.do_import(csv_of([row("A"), row("B", subdivision="ES-M")]), expect=200)
    before = await places(world, net)
    data = csv_of([
        row("A", population="5", contact_email="new@example.org", time_zone="Atlantic/Canary"),
        # What is empty says nothing, so nothing is taken away.
        row("B", population="", **NOBODY),
    ])  # fmt: skip
    report = await send(net, data, dry_run=True)
    assert told(report) == {
        2: {
            "population": (1000, 5),
            "time_zone": ("Europe/Madrid", "Atlantic/Canary"),
            "contact_email": ("contact@example.org", "new@example.org"),
        }
    }
    (one,) = report["differences"]
    assert (one["name"], one["local_government_id"], one["taken"]) == ("A", str(before[0]["id"]), False)
    assert (counts(report), report["differing"]) == ([2, 0, 0, 2, 0, 0, 0], 1)
    done = await send(net, data)
    assert [done[name] for name in ("rows", "imported", "updated", "already_there")] == [2, 0, 0, 2]
    assert await places(world, net) == before


@pytest.mark.parametrize("decision", [{"updates": [2]}, {"update_all": True}])
async def test_what_is_taken_over_changes_the_register_once_and_is_told(
    world: Any, net: Any, row: Row, csv_of: Any, decision: Any
) -> None:
    await net.do_import(csv_of([row("A"), row("B")]), expect=200)
    place, other = await places(world, net)
    changed = row("A", population="5", subdivision="ES-GC", time_zone="Atlantic/Canary", contact_name="Ana",
                  contact_email="ana@example.org", language="fr")  # fmt: skip
    data = csv_of([changed, row("B")])
    report = await send(net, data, decision, dry_run=True)
    assert (counts(report), report["differing"]) == ([2, 0, 1, 1, 0, 0, 0], 0)
    assert report["differences"][0]["taken"] is True
    assert (await places(world, net))[0] == place
    done = await send(net, data, decision)
    assert (counts(done), done["updated"], done["imported"]) == ([2, 0, 1, 1, 0, 0, 0], 1, 0)
    assert await places(world, net) == [
        {**place, "population": 5, "subdivision": "ES-GC", "time_zone": "Atlantic/Canary", "contact": "Ana",
         "email": "ana@example.org", "language": "fr"},
        other,
    ]  # fmt: skip
    (_, first, _), (kind, second, data_of) = await world.facts(place["id"])
    assert (first, kind, second) == (1, "local_government_registered", 2)
    assert (data_of["name"], data_of["population"], data_of["time_zone"]) == ("A", 5, "Atlantic/Canary")
    (_, first, _), (kind, second, person) = await world.facts(place["person_id"])
    assert (first, kind, second, person["email"]) == (1, "person_recorded", 2, "ana@example.org")
    again = await send(net, data, decision)
    assert (again["updated"], again["already_there"]) == (0, 2)
    assert [len(await world.facts(key)) for key in (place["id"], place["person_id"], other["id"])] == [2, 2, 1]


async def test_only_what_changed_is_told(world: Any, net: Any, row: Row, csv_of: Any) -> None:
    await net.do_import(csv_of([row("A"), row("B")]), expect=200)
    place, other = await places(world, net)
    await send(net, csv_of([row("A", population="5"), row("B", contact_name="Ana")]), {"update_all": True})
    assert [len(await world.facts(key)) for key in (place["id"], place["person_id"])] == [2, 1]
    assert [len(await world.facts(key)) for key in (other["id"], other["person_id"])] == [1, 2]


async def test_a_place_that_was_said_to_be_the_same_is_corrected_and_keeps_its_id(
    world: Any, net: Any, row: Row, csv_of: Any
) -> None:
    await net.do_import(csv_of([row("Málaga")]), expect=200)
    (place,) = await places(world, net)
    data = csv_of([row("Malaga", latitude="41.4")])
    same = {"answers": [{"line": 2, "candidate": str(place["id"]), "same": True}]}
    report = await send(net, data, same, dry_run=True)
    assert told(report)[2] == {
        "name": ("Málaga", "Malaga"), "latitude": (41.38, 41.4),
        "contact_name": ("Contact of Málaga", "Contact of Malaga"),
    }  # fmt: skip
    assert (await send(net, data, {**same, "updates": [2]}))["updated"] == 1
    (corrected,) = await places(world, net)
    assert (corrected["id"], corrected["name"], corrected["latitude"]) == (place["id"], "Malaga", 41.4)
    report = await send(net, data, dry_run=True)
    assert (counts(report), report["differences"]) == ([1, 0, 0, 1, 0, 0, 0], [])


async def test_a_place_without_a_contact_gets_one_when_that_is_decided(
    world: Any, net: Any, row: Row, csv_of: Any
) -> None:
    await net.do_import(csv_of([row("A", **NOBODY)]), expect=200)
    data = csv_of([row("A")])
    assert told(await send(net, data, dry_run=True))[2] == {
        "contact_name": (None, "Contact of A"), "contact_email": (None, "contact@example.org"),
        "language": (None, "es"),
    }  # fmt: skip
    assert (await send(net, data, {"updates": [2]}))["updated"] == 1
    (place,) = await places(world, net)
    assert (place["contact"], place["email"]) == ("Contact of A", "contact@example.org")
    assert [(kind, number) for kind, number, _ in await world.facts(place["person_id"])] == [("person_recorded", 1)]
    assert len(await world.facts(place["id"])) == 1


async def test_a_contact_who_was_erased_is_not_brought_back_by_a_place_that_is_left(
    world: Any, net: Any, row: Row, csv_of: Any
) -> None:
    await net.do_import(csv_of([row("A")]), expect=200)
    (place,) = await places(world, net)
    await net.post(f"/v1/people/{place['person_id']}/erasure", None, expect=202)
    data = csv_of([row("A")])
    assert told(await send(net, data, dry_run=True))[2]["contact_name"] == (None, "Contact of A")
    await send(net, data)
    assert (await places(world, net))[0]["person_id"] is None
    await send(net, data, {"update_all": True})
    (again,) = await places(world, net)
    assert again["person_id"] not in (None, place["person_id"])


async def test_who_is_given_up_leaves_what_is_open_and_the_log(world: Any, net: Any, row: Row, csv_of: Any) -> None:
    await net.do_import(csv_of([row("Asked"), row("Not asked", latitude="38")]), expect=200)
    campaign_id = await net.campaign()
    asked, other = await places(world, net)
    await net.post(f"/v1/campaigns/{campaign_id}/invitations",
                   {"wave": "1", "local_government_ids": [str(asked["id"])]}, expect=201)  # fmt: skip
    (link,) = await net.links(campaign_id)
    await world.call("POST", "/v1/answer/decline", {"reason": f"{asked['contact']} is away"}, link=link, expect=200)
    changed = [
        row(name, contact_name="Ana Nueva", **more) for name, more in (("Asked", {}), ("Not asked", {"latitude": "38"}))
    ]
    assert (await send(net, csv_of(changed), {"update_all": True}))["updated"] == 2
    assert [place["contact"] for place in await places(world, net)] == ["Ana Nueva", "Ana Nueva"]
    assert [
        row["decline_reason"]
        for row in await world.rows(
            "SELECT decline_reason FROM invitation WHERE campaign_id = :id", id=UUID(campaign_id)
        )
    ] == [None]
    noted = await world.rows("SELECT person_id FROM person_correction")
    assert {row["person_id"] for row in noted} >= {asked["person_id"], other["person_id"]}


async def test_open_invitations_of_an_erased_contact_go_to_the_next(
    world: Any, net: Any, row: Row, csv_of: Any
) -> None:
    await net.do_import(csv_of([row("A")]), expect=200)
    campaign_id = await net.campaign()
    await net.invite_all(campaign_id)
    (place,) = await places(world, net)
    await net.post(f"/v1/people/{place['person_id']}/erasure", None, expect=202)
    await send(net, csv_of([row("A")]), {"update_all": True})
    (again,) = await places(world, net)
    invitations = await world.rows("SELECT contact_id FROM invitation WHERE campaign_id = :id", id=UUID(campaign_id))
    assert [one["contact_id"] for one in invitations] == [again["person_id"]]


async def test_sent_twice_with_one_key_it_is_updated_once(world: Any, net: Any, row: Row, csv_of: Any) -> None:
    await net.do_import(csv_of([row("A")]), expect=200)
    data, key = csv_of([row("A", population="5")]), str(uuid4())
    first, second = [await send(net, data, {"update_all": True}, key=key) for _ in range(2)]
    assert first == second
    assert first["updated"] == 1
    (place,) = await places(world, net)
    assert len(await world.facts(place["id"])) == 2


async def test_each_row_is_counted_once_whatever_becomes_of_it(world: Any, net: Any, row: Row, csv_of: Any) -> None:
    await net.do_import(
        csv_of([row("There"), row("Other values"), row("Málaga"), row("Malagá", latitude="41.39")]), expect=422
    )
    answers = {"answers": [{"line": 5, "candidate": "4", "same": False}]}
    await send(
        net, csv_of([row("There"), row("Other values"), row("Málaga"), row("Malagá", latitude="41.39")]), answers
    )
    data = csv_of([
        row("New"),
        row("There"),
        row("Other values", population="5"),
        # Alike to two of the register, which makes two proposals of one row.
        row("Malaga", latitude="41.385"),
        row("Aside"),
        row("Faulty", country="XX", latitude="x"),
        row("Outside", latitude="0"),
        row("New"),
    ])  # fmt: skip
    decided = {"set_aside": [6], "updates": [4]}
    report = await send(net, data, decided, dry_run=True)
    assert len(report["proposals"]) == 2
    assert counts(report) == [8, 1, 1, 1, 1, 2, 2]
    assert report["rows"] == sum(counts(report)[1:])
    decided = {"set_aside": [5, 6, 7, 8, 9], "updates": [4]}
    done = await send(net, data, decided)
    assert counts(done) == [8, 1, 1, 1, 5, 0, 0]


async def test_ten_thousand_places_are_updated_at_once(world: Any, net: Any, row: Row, csv_of: Any) -> None:
    def many(population: int) -> bytes:
        return csv_of(
            row(f"Place {n}", latitude=f"{38 + n % 100 / 25:.2f}", longitude=f"{n // 100 / 25 - 6:.2f}",
                population=str(population), contact_email=f"contact{population}@example.org")
            for n in range(10_000)
        )  # fmt: skip

    assert (await send(net, many(1)))["imported"] == 10_000
    report = await send(net, many(2), dry_run=True)
    assert (report["differing"], len(report["differences"])) == (10_000, 1000)
    assert (await send(net, many(2), {"update_all": True}))["updated"] == 10_000
    found = await places(world, net)
    assert {(place["population"], place["email"]) for place in found} == {(2, "contact2@example.org")}
    assert len(await world.facts(found[-1]["id"])) == 2
