"""Imports compare before they lock: nobody waits for it, and what changes meanwhile is compared again."""

import asyncio
import csv
import importlib
import io
import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

OPEN = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
USECASES = {
    "import_local_governments": "polity_membership.register_imports.usecases",
    "import_commitments": "polity_membership.commitment_imports.usecases",
}
ENTRIES = {"import_local_governments": "leave_out_known", "import_commitments": "match_rows"}


class Comparison:
    """The comparison of one kind of import, which once it is held waits for `go`."""

    def __init__(self, compare: Callable[..., Any]) -> None:
        self._compare = compare
        self.times, self.begun, self.go = 0, threading.Event(), threading.Event()
        self.go.set()

    def hold(self) -> None:
        self.times = 0
        self.begun.clear()
        self.go.clear()

    def __call__(self, *arguments: Any) -> Any:
        self.times += 1
        self.begun.set()
        assert self.go.wait(30)
        return self._compare(*arguments)

    async def has_begun(self) -> None:
        assert await asyncio.to_thread(self.begun.wait, 30)


@pytest.fixture(params=list(ENTRIES))
def kind(request: pytest.FixtureRequest) -> str:
    """Which import it is."""
    return str(request.param)


@pytest.fixture
def comparison(kind: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Comparison]:
    """The comparison of that import."""
    module = importlib.import_module(USECASES[kind])
    waiting = Comparison(getattr(module, ENTRIES[kind]))
    monkeypatch.setattr(module, ENTRIES[kind], waiting)
    yield waiting
    waiting.go.set()


def commitments_of(data: bytes) -> bytes:
    """The register's rows as pledges of an earlier wave."""
    rows = [
        {
            **row, "wave": "2021", "committed_at": "2021-12-10", "signed_on": "2021-12-09",
            "signatory_name": "Signatory", "signatory_office": "Mayor",
            "theme1": "water", "theme2": "housing", "theme3": "peace",
        }
        for row in csv.DictReader(io.StringIO(data.decode()))
    ]  # fmt: skip
    file = io.StringIO()
    writer = csv.DictWriter(file, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


async def importing(net: Any, kind: str, data: bytes) -> Callable[[], Any]:
    """Returns what sends the import, always with the same key."""
    key = str(uuid4())
    if kind == "import_local_governments":
        return lambda: net.do_import(data, key=key)
    path = f"/v1/campaigns/{await net.campaign()}/commitment-imports"
    return lambda: net.post(path, commitments_of(data), key=key, **{"Content-Type": "text/csv"})


async def test_nobody_waits_while_an_import_compares(
    world: Any, net: Any, kind: str, comparison: Comparison, row: Any, csv_of: Any
) -> None:
    _, (link,) = await net.invited(1)
    send = await importing(net, kind, csv_of([row("New", latitude="40")]))
    comparison.hold()
    sending = asyncio.create_task(send())
    await comparison.has_begun()
    assert await world.rows(OPEN) == []
    # What locks the network, and what locks the campaign.
    (place,) = await world.rows("SELECT id FROM local_government WHERE network_id = :id", id=UUID(net.id))
    body = {"local_government_id": str(place["id"]), "office": "member"}
    await net.post(f"/v1/networks/{net.id}/members", body, expect=201)
    assert (await net.commit(link))["ordinal"] == 1
    assert not sending.done()
    comparison.go.set()
    answer = await sending
    assert (answer.status_code, answer.json()["imported"], comparison.times) == (200, 1, 1)


async def test_what_others_registered_meanwhile_is_compared_again(
    world: Any, net: Any, kind: str, comparison: Comparison, row: Any, csv_of: Any
) -> None:
    send = await importing(net, kind, csv_of([row("New", latitude="40")]))
    comparison.hold()
    sending = asyncio.create_task(send())
    await comparison.has_begun()
    await register_unseen(world, net, "New", "40")
    comparison.go.set()
    answer = await sending
    assert (answer.status_code, comparison.times) == (200, 2)
    places = await world.rows("SELECT id FROM local_government WHERE network_id = :id", id=UUID(net.id))
    assert len(places) == 1


async def test_where_others_are_quicker_each_time_the_import_says_when_to_come_again(
    world: Any, net: Any, kind: str, monkeypatch: pytest.MonkeyPatch, row: Any, csv_of: Any
) -> None:
    module = importlib.import_module(USECASES[kind])
    compare, loop, numbers = getattr(module, ENTRIES[kind]), asyncio.get_running_loop(), iter(range(1, 10))

    def beside_others(*arguments: Any) -> Any:
        number = str(next(numbers))
        asyncio.run_coroutine_threadsafe(register_unseen(world, net, f"Other {number}", number), loop).result(30)
        return compare(*arguments)

    send = await importing(net, kind, csv_of([row("New", latitude="40")]))
    with monkeypatch.context() as patched:
        patched.setattr(module, ENTRIES[kind], beside_others)
        refused = await send()
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
    assert refused.json()["type"].endswith("register_changed")
    places = "SELECT name FROM local_government WHERE network_id = :id ORDER BY name"
    assert [place["name"] for place in await world.rows(places, id=UUID(net.id))] == ["Other 1", "Other 2", "Other 3"]
    again = await send()
    assert (again.status_code, again.json()["imported"]) == (200, 1)


async def register_unseen(world: Any, net: Any, name: str, latitude: str) -> None:
    """Registers a place as another process does, past what the test does to imports in this one."""
    async with world.database.transaction() as session:
        connection = await session.connection()
        parameters = {"network_id": UUID(net.id), "id": uuid4(), "name": name, "latitude": float(latitude)}
        change = "UPDATE network SET register_version = register_version + 1 WHERE id = :network_id"
        await connection.execute(text(change), parameters)
        add = """
        INSERT INTO local_government (id, network_id, name, country, region, latitude, longitude, time_zone,
                                      demonstration, fact_sequence)
        VALUES (:id, :network_id, :name, 'ES', '150', :latitude, -3.7, 'Europe/Madrid', true, 1)
        """
        await connection.execute(text(add), parameters)


async def test_an_import_and_a_correction_at_once_agree_on_one_contact(
    world: Any, net: Any, row: Any, csv_of: Any
) -> None:
    await net.do_import(csv_of([row("Alone", contact_name="", contact_email="", language="")]), expect=200)
    (place,) = await world.rows("SELECT id FROM local_government WHERE network_id = :id", id=UUID(net.id))
    send = await importing(net, "import_commitments", csv_of([row("Alone")]))
    correction = {"name": "Ana Nueva", "email": "ana@city.example", "language": "fr"}
    async with world.database.transaction() as session:
        # Both have looked and found no contact, unless the second waits for the first.
        await (await session.connection()).execute(text("LOCK TABLE local_government_contact IN SHARE MODE"))
        sending = asyncio.create_task(send())
        while not await world.rows(WAITING):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        correcting = asyncio.create_task(net.post(f"/v1/local-governments/{place['id']}/contact", correction))
        while len(await world.rows(WAITING)) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    imported, corrected = await asyncio.gather(sending, correcting)
    assert (imported.status_code, corrected.status_code) == (200, 200)
    contacts = "SELECT person_id FROM local_government_contact WHERE local_government_id = :id"
    (contact,) = await world.rows(contacts, id=place["id"])
    assert corrected.json()["contact_id"] == str(contact["person_id"])
    (person,) = await world.rows("SELECT name FROM person WHERE id = :id", id=contact["person_id"])
    assert person["name"] == "Ana Nueva"
