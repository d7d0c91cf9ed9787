"""A partner system subscribes, replaces its secret, comes back after its endpoint was away, and leaves."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from polity_chassis.authorization.links import LinkKeys
from polity_chassis.database.engine import Database
from polity_chassis.ids import new_id
from polity_chassis.web.idempotency import Ids, Key, once
from polity_chassis.web.problems import not_found
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.domain.signing import derive, shown
from polity_notifications.domain.webhooks import (
    MOST_PER_OWNER,
    MOST_RESENT,
    OVERLAP,
    POSTED_TYPES,
    PUBLIC_FACTS,
    TooManyWebhooks,
    TypeNotPublic,
    WebhookDisabled,
)
from polity_notifications.storage.webhooks import delivery_log, fanout, queue, subscriptions
from polity_notifications.storage.webhooks.subscriptions import Webhook
from polity_notifications.usecases.ask_for_webhooks import ask_for_test


@dataclass(frozen=True, slots=True)
class Subscribe:
    """What a partner asks for; None: facts of every type, of every network."""

    owner: str
    url: str
    description: str
    fact_types: list[str] | None
    networks: list[UUID] | None


@dataclass(frozen=True, slots=True)
class Told:
    """A secret, for its owner to keep: no other answer ever holds it."""

    webhook_id: UUID
    secret: str


async def subscribe(database: Database, command: Subscribe, keys: LinkKeys, key: Key | None) -> Told:
    """Makes a subscription to what happens from now on; raises TooManyWebhooks."""
    webhook_id, key_id = new_id(), next(iter(keys.root))

    async def act() -> Ids:
        if await subscriptions.owned(session, command.owner) >= MOST_PER_OWNER:
            raise TooManyWebhooks
        values = {
            "webhook_id": webhook_id,
            "owner": command.owner,
            "url": command.url,
            "description": command.description,
            "fact_types": command.fact_types,
            "networks": command.networks,
            "key_id": key_id,
            "generation": 1,
        }
        await subscriptions.add(session, values)
        return {"webhook_id": str(webhook_id), "generation": 1, "key_id": key_id}

    async with database.transaction() as session:
        return _told(keys, await once(session, key, act))


async def rotate_secret(database: Database, webhook_id: UUID, keys: LinkKeys, key: Key | None) -> Told:
    """Gives the subscription a new secret; the one before signs as well for OVERLAP."""
    key_id = next(iter(keys.root))

    async def act() -> Ids:
        before = await _existing(session, webhook_id)
        await subscriptions.rotate(session, before, key_id, OVERLAP)
        return {"webhook_id": str(webhook_id), "generation": before.generation + 1, "key_id": key_id}

    async with database.transaction() as session:
        return _told(keys, await once(session, key, act))


async def enable_webhook(database: Database, webhook_id: UUID) -> None:
    """Makes a disabled subscription get what happens from now on; what it missed can be asked for again."""
    async with database.transaction() as session:
        await _existing(session, webhook_id)
        await subscriptions.enable(session, webhook_id)


async def pause_webhook(database: Database, webhook_id: UUID, *, paused: bool) -> None:
    """Makes what happens wait, and posts nothing; or posts what has waited, and goes on."""
    async with database.transaction() as session:
        await _existing(session, webhook_id)
        await subscriptions.pause(session, webhook_id, paused=paused)


async def remove_webhook(database: Database, webhook_id: UUID) -> None:
    """Removes the subscription with its log."""
    async with database.transaction() as session:
        await _existing(session, webhook_id)
        await subscriptions.remove(session, webhook_id)


async def try_webhook(database: Database, webhook_id: UUID, now: datetime, key: Key | None) -> UUID:
    """Asks for a delivery that says nothing; returns its id. Raises WebhookDisabled."""

    async def act() -> Ids:
        _refuse_disabled(await _existing(session, webhook_id))
        return {"delivery_id": str(await ask_for_test(session, webhook_id, now))}

    async with database.transaction() as session:
        return UUID((await once(session, key, act))["delivery_id"])


async def resend_delivery(database: Database, delivery_id: UUID) -> delivery_log.Logged:
    """Asks for the delivery anew, with a whole schedule of tries, and returns it as it is now.

    Raises WebhookDisabled or TypeNotPublic.
    """
    async with database.transaction() as session:
        found = await delivery_log.webhook_and_type_of(session, delivery_id)
        if found is None:
            raise not_found()
        webhook_id, fact_type = found
        _refuse_disabled(await _existing(session, webhook_id))
        if fact_type not in POSTED_TYPES:
            raise TypeNotPublic
        await queue.again(session, delivery_id)
        return await delivery_log.one(session, delivery_id)


async def recover(database: Database, webhook_id: UUID, since: datetime) -> int:
    """Asks for what was given up or missed since then, MOST_RESENT at most; returns how many. Raises WebhookDisabled.

    Missed is what was never asked for: what came while the subscription was disabled, as far back as facts are kept.
    """
    async with database.transaction() as session:
        _refuse_disabled(await _existing(session, webhook_id))
        again = await queue.all_again(session, webhook_id, POSTED_TYPES, since, MOST_RESENT)
        left = MOST_RESENT - again
        return again + await fanout.ask_for_missed(session, webhook_id, PUBLIC_FACTS, since, left)


async def _existing(session: AsyncSession, webhook_id: UUID) -> Webhook:
    found = await subscriptions.one(session, webhook_id, lock=True)
    if found is None:
        raise not_found()
    return found


def _refuse_disabled(found: Webhook) -> None:
    if found.disabled_reason:
        raise WebhookDisabled


def _told(keys: LinkKeys, ids: Ids) -> Told:
    """The same request sent again is told the same secret, for as long as its key is known."""
    webhook_id, generation = UUID(ids["webhook_id"]), int(ids["generation"])
    return Told(webhook_id, shown(derive(keys.root[ids["key_id"]], webhook_id, generation)))
