"""Deliveries, attempts and facts are kept for ninety days, and what waits for as long as it waits."""

from datetime import timedelta
from typing import Any

import pytest
from polity_chassis.ids import new_id
from polity_notifications.domain.webhooks import KEPT
from polity_notifications.storage.tables import webhook_message
from polity_notifications.usecases import forget_old as forgetting
from polity_notifications.usecases.forget_old import forget_old
from polity_notifications.usecases.manage_webhooks import pause_webhook, recover
from sqlalchemy import text

DAY = timedelta(days=1)


async def counted(partners: Any) -> tuple[int, int, int]:
    return (len(await partners.rows()), len(await partners.attempts()), len(await partners.rows(webhook_message)))


async def test_what_has_ended_is_forgotten_after_ninety_days(partners: Any) -> None:
    world = partners.world
    await partners.subscribe()
    await partners.told(partners.commitment(1))
    await partners.sender.settle()
    world.clock.now += KEPT
    await partners.told(partners.commitment(2))
    await partners.sender.settle()
    await forget_old(world.database)
    assert await counted(partners) == (2, 2, 2)
    world.clock.forward(seconds=1)
    await forget_old(world.database)
    assert await counted(partners) == (1, 1, 2)
    world.clock.forward(days=1)
    await forget_old(world.database)
    assert await counted(partners) == (1, 1, 1)


async def test_what_waits_is_kept_for_as_long_as_it_waits(partners: Any) -> None:
    world = partners.world
    told = await partners.subscribe()
    await pause_webhook(world.database, told.webhook_id, paused=True)
    await partners.told(partners.commitment(1))
    world.clock.now += 2 * KEPT
    await forget_old(world.database)
    assert await counted(partners) == (1, 0, 1)
    await pause_webhook(world.database, told.webhook_id, paused=False)
    await partners.sender.settle()
    assert await partners.statuses() == ["delivered"]


async def test_a_fact_that_may_be_forgotten_just_now_is_not_asked_for(partners: Any) -> None:
    world = partners.world
    told = await partners.subscribe()
    await partners.told(partners.commitment(1))
    async with world.database.engine.begin() as connection:
        await connection.execute(text("DELETE FROM webhook_delivery"))
    world.clock.now += KEPT + timedelta(seconds=1)
    since = world.clock.now - 2 * KEPT
    assert await recover(world.database, told.webhook_id, since) == 0
    world.clock.now -= timedelta(seconds=1)
    assert await recover(world.database, told.webhook_id, since) == 1


async def test_the_old_is_removed_in_slices(partners: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "SLICE", 2)
    await partners.subscribe("ok-1")
    await partners.subscribe("ok-2")
    await partners.told(*(partners.commitment(number) for number in range(3)))
    await partners.sender.settle()
    partners.world.clock.now += KEPT + 2 * DAY
    assert await forget_old(partners.world.database) == 6 + 3
    assert await counted(partners) == (0, 0, 0)


async def test_attempts_of_mails_are_forgotten_and_the_mails_stay(world: Any) -> None:
    contact = new_id()
    await world.apply(world.founded(), world.registered(), world.opened(), world.person(contact, "city@example.org"))
    await world.apply(world.invited(contact))
    note = text("INSERT INTO delivery_attempt (delivery_id, number, at) SELECT delivery_id, 1, now() FROM delivery")
    async with world.database.engine.begin() as connection:
        await connection.execute(text("SELECT now()"))
        await connection.execute(note)
    world.clock.now += KEPT + DAY
    assert await forget_old(world.database) == 0, "it is still to be sent"
    async with world.database.engine.begin() as connection:
        await connection.execute(text("UPDATE delivery SET status = 'sent'"))
    assert await forget_old(world.database) == 1
    async with world.database.engine.begin() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM delivery"))).scalar_one() == 1
