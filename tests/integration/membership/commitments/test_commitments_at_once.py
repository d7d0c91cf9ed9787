"""Commitments made in the same instant: dense ordinals, milestones at exactly the n-th, nothing half done."""

import asyncio
import importlib
from typing import Any
from uuid import UUID, uuid4

import pytest
from polity_chassis.batcher import QUEUES_AT_ONCE
from sqlalchemy import text


async def test_fifty_commit_at_once_and_each_milestone_falls_once_at_its_ordinal(world: Any, net: Any) -> None:
    campaign_id, links = await net.invited(50, 10, 25, 50, 1000)
    answers = await asyncio.gather(*(net.commit(link) for link in links))
    assert sorted(answer["ordinal"] for answer in answers) == list(range(1, 51))

    shown = await world.call("GET", f"/v1/campaigns/{campaign_id}", expect=200)
    assert shown["commitments"] == 50
    assert [(m["threshold"], m["ordinal"]) for m in shown["milestones"]] == [(10, 10), (25, 25), (50, 50), (1000, None)]

    facts = await world.facts(campaign_id)
    reached = [data for name, _, data in facts if name == "milestone_reached"]
    by_ordinal = {answer["ordinal"]: answer["commitment_id"] for answer in answers}
    assert [(d["threshold"], d["ordinal"], d["commitment_id"]) for d in reached] == [
        (n, n, by_ordinal[n]) for n in (10, 25, 50)
    ]
    assert [sequence for _, sequence, _ in facts] == [1, 2, 3, 4]


async def test_each_commitment_is_a_fact_of_its_own_key_that_names_nobody(world: Any, net: Any) -> None:
    campaign_id, links = await net.invited(1, 1)
    made = await net.commit(links[0], signatory_name="Zoe Zwicky")
    ((name, sequence, data),) = await world.facts(made["commitment_id"])
    assert (name, sequence) == ("commitment_made", 1)
    assert data["campaign_id"] == campaign_id
    assert data["themes"] == ["water", "housing", "peace"]
    everything = await world.rows("SELECT value FROM outbox WHERE position('Zwicky'::bytea in value) > 0")
    assert everything == []


async def test_one_link_used_by_two_at_once_commits_once(world: Any, net: Any) -> None:
    campaign_id, links = await net.invited(1, 1)
    answers = await asyncio.gather(*(net.commit(links[0], expect=None) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    shown = await world.call("GET", f"/v1/campaigns/{campaign_id}", expect=200)
    assert shown["commitments"] == 1


async def test_the_same_key_at_once_is_answered_alike_each_time(world: Any, net: Any) -> None:
    campaign_id, links = await net.invited(1)
    key = str(uuid4())
    answers = await asyncio.gather(*(net.commit(links[0], key=key) for _ in range(5)))
    assert len({answer["commitment_id"] for answer in answers}) == 1
    assert (await world.call("GET", f"/v1/campaigns/{campaign_id}", expect=200))["commitments"] == 1


async def test_the_same_key_with_another_body_is_refused(net: Any) -> None:
    _, links = await net.invited(1)
    key = str(uuid4())
    await net.commit(links[0], key=key)
    problem = await net.commit(links[0], key=key, signatory_office="Governor", expect=422)
    assert problem["type"].endswith("idempotency_key_reused")


async def test_what_is_wrong_with_one_spoils_none_of_the_others_at_once(world: Any, net: Any) -> None:
    campaign_id, links = await net.invited(12, 5)
    waiting_id, waiting = await net.invited(3, counts_at_once=False)
    await net.commit(links[0])
    key, reused = str(uuid4()), str(uuid4())
    await net.commit(links[1], key=reused)
    asked = (
        [(link, {}) for link in links[2:9]]
        + [(links[9], {"themes": ["water", "housing", "gold"], "key": key}), (links[10], {"signed_on": "2999-01-01"})]
        + [(links[0], {}), (links[1], {"key": reused, "signatory_office": "Governor"}), (links[1], {"key": reused})]
        + [(link, {}) for link in waiting[:3]]
    )
    answers = await asyncio.gather(*(net.commit(link, expect=None, **more) for link, more in asked))
    assert [answer.status_code for answer in answers] == [201] * 7 + [422, 422, 409, 422, 201] + [201] * 3
    assert sorted(answer.json()["ordinal"] for answer in answers[:7]) == list(range(3, 10))
    assert (answers[11].json()["ordinal"], [answer.json()["ordinal"] for answer in answers[12:]]) == (2, [None] * 3)

    shown = await world.call("GET", f"/v1/campaigns/{campaign_id}", expect=200)
    assert (shown["commitments"], [m["ordinal"] for m in shown["milestones"]]) == (9, [5])
    assert (await world.call("GET", f"/v1/campaigns/{waiting_id}", expect=200))["commitments"] == 0
    # A refusal keeps no key: put right, the same request is done.
    assert (await net.commit(links[9], key=key))["ordinal"] == 10


HELD_UP = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def test_a_campaign_that_is_locked_for_long_holds_up_no_other(world: Any, net: Any) -> None:
    locked_id, locked = await net.invited(2)
    _, free = await net.invited(2)
    async with world.database.transaction() as session:
        connection = await session.connection()
        await connection.execute(text("SELECT FROM campaign WHERE id = :id FOR UPDATE"), {"id": UUID(locked_id)})
        waiting = [asyncio.create_task(net.commit(link)) for link in locked]
        while not await world.rows(HELD_UP):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        async with asyncio.timeout(20):
            assert [made["ordinal"] for made in await asyncio.gather(*map(net.commit, free[:3]))]
        assert not any(task.done() for task in waiting)
    assert sorted(made["ordinal"] for made in await asyncio.gather(*waiting)) == [1, 2]


async def test_however_many_wait_for_a_locked_campaign_the_rest_has_connections(world: Any, net: Any) -> None:
    locked_id, locked = await net.invited(40, 10)
    _, free = await net.invited(2)
    async with world.database.transaction() as session:
        connection = await session.connection()
        await connection.execute(text("SELECT FROM campaign WHERE id = :id FOR UPDATE"), {"id": UUID(locked_id)})
        waiting = [asyncio.create_task(net.commit(link)) for link in locked]
        # The others have been set apart when another's pledge in their batch is through.
        assert await net.commit(free[0])
        assert len(await world.rows(HELD_UP)) == 1
        assert await net.commit(free[1])
        assert not any(task.done() for task in waiting)
    assert sorted(made["ordinal"] for made in await asyncio.gather(*waiting)) == list(range(1, 41))


async def test_however_many_campaigns_are_locked_the_rest_has_connections(world: Any, net: Any) -> None:
    await net.register(1)
    links = {}
    for _ in range(14):
        campaign_id = await net.campaign()
        await net.invite_all(campaign_id)
        links[campaign_id] = (await net.links(campaign_id))[0]
    *locked, free = links
    async with world.database.transaction() as session:
        connection = await session.connection()
        held = {"ids": [UUID(campaign_id) for campaign_id in locked]}
        await connection.execute(text("SELECT FROM campaign WHERE id = ANY(:ids) FOR UPDATE"), held)
        waiting = [asyncio.create_task(net.commit(links[campaign_id])) for campaign_id in locked]
        while len(await world.rows(HELD_UP)) < QUEUES_AT_ONCE:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert (await net.commit(links[free]))["ordinal"] == 1
        assert len(await world.rows(HELD_UP)) <= QUEUES_AT_ONCE + 1
        assert not any(task.done() for task in waiting)
    assert [made["ordinal"] for made in await asyncio.gather(*waiting)] == [1] * len(locked)


async def test_a_commitment_that_fails_half_way_leaves_nothing(
    world: Any, net: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id, links = await net.invited(2, 1)
    # The package's name for the use case hides its module.
    module = importlib.import_module("polity_membership.commitments.usecases.commit_to_campaign")
    counts = """
    SELECT (SELECT count(*) FROM person) AS people, (SELECT count(*) FROM outbox) AS facts,
           (SELECT count(*) FROM commitment) AS commitments, (SELECT count(*) FROM idempotency_key) AS keys
    """
    before = await world.rows(counts)
    key = str(uuid4())
    with monkeypatch.context() as patched:
        patched.setattr(module, "save_all", _broken)
        answer = await net.commit(links[0], key=key, expect=None)
        assert answer.status_code == 500
    assert await world.rows(counts) == before
    assert await world.rows("SELECT ordinal FROM milestone_reached WHERE campaign_id = :id", id=UUID(campaign_id)) == []
    made = await net.commit(links[0], key=key)
    assert made["ordinal"] == 1


async def _broken(*_: Any) -> None:
    raise RuntimeError("planted")
