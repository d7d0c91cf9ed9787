"""The operators' desk over HTTP: what it shows, what it does, and to whom it is shut."""

from datetime import timedelta
from uuid import uuid4

from ledger import Named, Noted, record, until
from polity_chassis.messaging.consuming.positions import stood_at_end
from polity_chassis.operations.parked_routes import parked_router
from polity_chassis.web.problems import Problem

OPERATOR = uuid4()


async def _only_operator(_session, subject, role, scope_id):
    return OPERATOR if (subject, role, scope_id) == ("operations", "operator", None) else None


async def _client(world, make_app, client_for):
    app = make_app(parked_router([world.consumer()]), database=world.database, holds=_only_operator)
    return client_for(app)


async def test_an_operator_sees_what_waits_without_its_data_and_page_by_page(world, make_app, client_for, realm):
    await world.send(*(record("a", n, Noted(amount=-1, padding="secret")) for n in range(1, 4)))
    await world.keep(record("p", 1, Named(amount=-1)))
    world.start()
    await world.read_to(3)
    await world.read_to(1, world.kept)
    signed_in = {"Authorization": f"Bearer {realm.token('operations')}"}

    async with await _client(world, make_app, client_for) as client:
        first = await client.get("/v1/operations/ledger/parked?limit=3", headers=signed_in)
        second = await client.get("/v1/operations/ledger/parked" + first.links["next"]["url"], headers=signed_in)
        stranger = await client.get(
            "/v1/operations/ledger/parked", headers={"Authorization": f"Bearer {realm.token('nobody')}"}
        )

    shown = first.json()["items"] + second.json()["items"]
    assert sorted((item["key"], item["sequence"], item["reason"]) for item in shown) == [
        ("a", 1, "failed"), ("a", 2, "behind"), ("a", 3, "behind"), ("p", 1, "failed"),
    ]  # fmt: skip
    assert "secret" not in first.text + second.text
    assert second.json()["next"] is None
    assert stranger.status_code == 403


async def test_an_operator_sends_again_and_gives_up(world, make_app, client_for, realm):
    await world.send(*(record("a", n, Noted(amount=-1 if n == 1 else n)) for n in range(1, 4)))
    world.start()
    await world.read_to(3)
    signed_in = {"Authorization": f"Bearer {realm.token('operations')}"}
    async with await _client(world, make_app, client_for) as client:
        items = (await client.get("/v1/operations/ledger/parked", headers=signed_in)).json()["items"]
        poison = f"/v1/operations/ledger/parked/{items[0]['id']}"

        again = await client.post(f"{poison}/redrive", headers=signed_in)
        without_reason = await client.post(f"{poison}/discard", headers=signed_in, json={"reason": " "})
        given_up = await client.post(f"{poison}/discard", headers=signed_in, json={"reason": "broken at its source"})
        twice = await client.post(f"{poison}/discard", headers=signed_in, json={"reason": "broken at its source"})

    assert (again.status_code, again.json()) == (200, {"applied": 0})
    assert without_reason.status_code == 422
    assert (given_up.status_code, given_up.json()) == (200, {"applied": 2})
    assert twice.status_code == 404
    assert await world.effects("a") == [2, 3]
    assert await world.rows("SELECT discarded_by FROM parked_message") == [(f"person:{OPERATOR}",)]


async def _stood(world, within=timedelta(seconds=60)):
    async with world.database.transaction() as session:
        return await stood_at_end(session, world.name, within=within)


async def test_an_authority_notes_when_it_stood_at_the_end_and_not_while_it_is_halted(world):
    await world.send(record("a", 1, Noted(amount=1)))
    assert not await _stood(world)
    running = world.start(world.consumer(authority=True))

    async def stood():
        return await _stood(world)

    await until(stood, "the standing")
    await world.do("UPDATE consumer_position SET at_end_at = at_end_at - interval '60 s'")
    assert not await _stood(world, timedelta(seconds=59))
    assert await _stood(world, timedelta(seconds=600))

    await world.send(record("a", 2, Noted(amount=-1)))

    async def halted():
        return (running.runner.waiting_for or "").startswith("authority") and running.runner.lag()

    await until(halted, "the halt")
    await world.do("UPDATE consumer_position SET at_end_at = NULL")
    running.runner._caught_up._marked = float("-inf")
    await running.runner._watch()
    assert not await _stood(world)


async def test_an_operator_sets_a_halted_authority_going_again(world, make_app, client_for, realm):
    """The halt makes the copy of mandates stale; were the desk shut by that, nobody could ever end the halt."""
    await world.send(record("a", 1, Noted(amount=-1)))
    consumer = world.consumer(authority=True)
    world.start(consumer)

    async def halted():
        return await world.parked()

    await until(halted, "the halt")
    signed_in = {"Authorization": f"Bearer {realm.token('operations')}"}
    app = make_app(parked_router([consumer]), database=world.database, holds=_only_operator)

    async def never_fresh(_session):
        raise Problem("authority_stale", "unavailable")

    app.state.check_fresh = never_fresh
    async with client_for(app) as client:
        (item,) = (await client.get("/v1/operations/ledger/parked", headers=signed_in)).json()["items"]
        path = f"/v1/operations/ledger/parked/{item['id']}"
        again = await client.post(f"{path}/redrive", headers=signed_in)
        given_up = await client.post(f"{path}/discard", headers=signed_in, json={"reason": "broken at its source"})

    assert (again.status_code, given_up.status_code) == (200, 200)
    await world.read_to(1)
