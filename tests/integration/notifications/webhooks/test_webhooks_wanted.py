"""Which facts become deliveries of which subscriptions, and how a partner gets what it missed."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from polity_chassis.ids import new_id
from polity_notifications.domain.webhooks import CLOCKS_APART, MOST_RESENT
from polity_notifications.storage.webhooks import subscriptions
from polity_notifications.usecases import manage_webhooks
from polity_notifications.usecases.manage_webhooks import enable_webhook, recover
from sqlalchemy import text

MADE, REACHED = "membership.commitment_made", "membership.milestone_reached"
MOST_BYTES = 300_000_000


def fact(world: Any, *, after: timedelta = timedelta(), private: bool = False) -> Any:
    """Returns a pledge that was made so long after this moment, or an invitation that nobody else may hear of."""
    made = world.invited(new_id()) if private else world.committed(new_id())
    return made._replace(occurred_at=world.clock.now + after)


@pytest.mark.parametrize(
    ("told", "wanted", "posted"),
    [
        ({}, {}, 1),
        ({}, {"fact_types": [MADE], "networks": ["own"]}, 1),
        ({}, {"fact_types": [REACHED]}, 0),
        ({}, {"networks": ["other"]}, 0),
        ({}, {"networks": ["other", "own"]}, 1),
        ({"after": -CLOCKS_APART}, {}, 1),
        ({"after": -CLOCKS_APART - timedelta(seconds=1)}, {}, 0),
        ({"after": CLOCKS_APART}, {}, 1),
        ({"private": True}, {}, 0),
        ({"private": True}, {"fact_types": ["membership.invitation_issued"]}, 0),
    ],
    ids=[
        "all", "asked for", "other type", "other network", "one of its networks", "by a clock behind", "before",
        "by a clock ahead", "private", "named",
    ],
)  # fmt: skip
async def test_a_subscription_gets_what_it_named_since_it_began(
    partners: Any, told: dict[str, Any], wanted: dict[str, Any], posted: int
) -> None:
    world = partners.world
    networks = {"own": world.network_id, "other": new_id()}
    if "networks" in wanted:
        wanted = {**wanted, "networks": [networks[name] for name in wanted["networks"]]}
    await partners.subscribe(**wanted)
    async with world.database.transaction() as session:
        for handler in set(partners.handlers.values()):
            await handler(session, [fact(world, **told)])
    assert len(await partners.rows()) == posted


@pytest.mark.slow
async def test_a_thousand_facts_for_four_hundred_subscriptions_fit_in_three_hundred_megabytes(world: Any) -> None:
    """The database writes 400,000 rows, which takes it some ten seconds: fewer would fit in any case."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(Path(__file__).parent / "fan_out_process.py"), world.database.url, "400", "1000",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed, _ = await process.communicate()
    assert process.returncode == 0
    made, most_bytes = map(int, printed.split())
    assert made == 400_000
    assert most_bytes < MOST_BYTES


async def disable(partners: Any, webhook_id: Any) -> None:
    async with partners.world.database.transaction() as session:
        await subscriptions.disable(session, webhook_id, "failing")


async def missing(partners: Any) -> tuple[Any, Any]:
    """Returns a subscription that was disabled for an hour, while one fact waited and two came, and when that began."""
    world = partners.world
    told = await partners.subscribe(fact_types=[MADE])
    await partners.told(partners.commitment(1))
    since = world.clock.now
    await disable(partners, told.webhook_id)
    world.clock.forward(minutes=30)
    await partners.told(partners.commitment(2), world.reached(), partners.commitment(3))
    world.clock.forward(minutes=30)
    await enable_webhook(world.database, told.webhook_id)
    return told, since


async def test_what_came_while_a_subscription_was_disabled_can_be_asked_for(partners: Any) -> None:
    told, since = await missing(partners)
    assert await partners.statuses() == ["cancelled"]
    assert await recover(partners.world.database, told.webhook_id, since) == 3
    await partners.sender.settle()
    assert await partners.statuses() == ["delivered"] * 3
    assert len(partners.endpoints.bodies()) == 3
    assert await recover(partners.world.database, told.webhook_id, since) == 0


async def test_what_is_asked_for_begins_at_the_moment_named_and_never_before_the_subscription(partners: Any) -> None:
    await partners.told(partners.commitment(9))
    partners.world.clock.forward(hours=1)
    told, since = await missing(partners)
    database = partners.world.database
    assert await recover(database, told.webhook_id, since + timedelta(minutes=31)) == 0
    assert await recover(database, told.webhook_id, since + timedelta(minutes=30)) == 2
    assert await recover(database, told.webhook_id, since - timedelta(days=1)) == 1


async def test_one_call_asks_for_so_many_and_the_next_for_the_rest(partners: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(manage_webhooks, "MOST_RESENT", 2)
    told, since = await missing(partners)
    database = partners.world.database
    assert [await recover(database, told.webhook_id, since) for _ in range(3)] == [2, 1, 0]
    assert MOST_RESENT > 1000


async def test_a_test_is_no_fact_that_another_partner_could_ask_for(partners: Any) -> None:
    world = partners.world
    first, second = await partners.subscribe("ok-1"), await partners.subscribe("ok-2")
    await manage_webhooks.try_webhook(world.database, first.webhook_id, world.clock.now, None)
    assert await recover(world.database, second.webhook_id, world.clock.now) == 0


async def test_facts_of_a_type_that_is_public_no_longer_are_kept_from_partners(partners: Any, monkeypatch: Any) -> None:
    told, since = await missing(partners)
    monkeypatch.setattr(manage_webhooks, "PUBLIC_FACTS", {REACHED: None})
    async with partners.world.database.engine.begin() as connection:
        await connection.execute(text("DELETE FROM webhook_delivery"))
    assert await recover(partners.world.database, told.webhook_id, since) == 0
