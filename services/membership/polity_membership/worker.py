"""Background work: the later steps of an erasure, removing files, deleting rows that are kept for a time.

Polling makes no spans: they would fill the trace viewer.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from aiokafka.errors import KafkaError
from opentelemetry.instrumentation.utils import suppress_instrumentation
from polity_chassis.database.errors import describe, is_infrastructure
from polity_chassis.runtime import Runtime

from polity_membership.erasures import queries as erasures
from polity_membership.erasures.accounts import Accounts, NotErased
from polity_membership.erasures.consumers import OwnPeople
from polity_membership.erasures.usecases.mark_people_partitions import mark_people_partitions
from polity_membership.proofs.files import files_at
from polity_membership.proofs.usecases.remove_proofs import remove_proofs
from polity_membership.retention.usecases import forget_old
from polity_membership.settings import MembershipSettings

PAUSE_SECONDS = 5
LEASE = timedelta(minutes=5)
AT_ONCE = 4
"""Accounts claimed together: the attempts end within the lease, however slow Keycloak is."""
LONGEST_PAUSE = timedelta(minutes=10)
FORGET_SECONDS = 3600

log = logging.getLogger(__name__)


async def keep_people_compacting(runtime: Runtime) -> None:
    """Adds markers to the people partitions when they are due. Runs until cancelled, also without a database."""
    assert isinstance(runtime.settings, MembershipSettings)
    lag = timedelta(seconds=runtime.settings.people_compaction_lag_seconds)

    async def mark() -> None:
        if await mark_people_partitions(runtime.database, runtime.clock(), lag):
            log.info("marked the people partitions")

    with suppress_instrumentation():
        await _again_and_again(mark)


async def keep_people_current(runtime: Runtime) -> None:
    """Publishes people again whose last record in Kafka is not their newest. Runs until cancelled."""
    people = OwnPeople(runtime.database, runtime.settings.kafka_bootstrap, runtime.clock)
    await _again_and_again(people.follow)


async def remove_files(runtime: Runtime) -> None:
    """Deletes the files of proofs marked for removal. Runs until cancelled, also without a database or the files."""
    assert isinstance(runtime.settings, MembershipSettings)
    files = files_at(runtime.settings.files_url)

    async def remove() -> None:
        if await remove_proofs(runtime.database, files, runtime.clock()):
            log.info("removed proofs")

    with suppress_instrumentation():
        await _again_and_again(remove)


async def forget_what_is_over(runtime: Runtime) -> None:
    """Deletes rows that are kept for a limited time. Runs until cancelled, also without a database."""

    async def forget() -> None:
        forgotten = await forget_old(runtime.database, runtime.clock())
        if forgotten:
            log.info("forgot what is over", extra={"rows": forgotten})

    with suppress_instrumentation():
        await _again_and_again(forget, FORGET_SECONDS)


async def erase_accounts(runtime: Runtime) -> None:
    """Deletes the sign-in accounts of erased people. Runs until cancelled, also without a database or Keycloak."""
    settings = runtime.settings
    assert isinstance(settings, MembershipSettings)
    assert settings.identity_admin_url
    assert settings.erasure_client_secret
    accounts = Accounts(settings.identity_admin_url, settings.erasure_client_id, settings.erasure_client_secret)
    try:
        with suppress_instrumentation():
            await _again_and_again(lambda: erase_due_accounts(runtime, accounts))
    finally:
        await accounts.close()


async def erase_due_accounts(runtime: Runtime, accounts: Accounts) -> None:
    """Tries each due account once; one that fails is due again later, after LONGEST_PAUSE at most."""
    async with runtime.database.transaction() as session:
        claimed = await erasures.claim_accounts(session, LEASE, AT_ONCE)
    for account in claimed:
        failure = await _failure(accounts, account.subject)
        async with runtime.database.transaction() as session:
            if failure is None:
                await erasures.account_erased(session, account)
                continue
            pause = min(timedelta(seconds=PAUSE_SECONDS * 2 ** min(account.attempts, 10)), LONGEST_PAUSE)
            await erasures.account_left(session, account, pause)
        log.warning("an account could not be erased: %s", failure, extra={"account_erasure": account.id})


async def _failure(accounts: Accounts, subject: str) -> str | None:
    try:
        await accounts.erase(subject)
    except NotErased as error:
        return str(error)
    return None


async def _again_and_again(step: Callable[[], Awaitable[None]], pause_seconds: float = PAUSE_SECONDS) -> None:
    while True:
        try:
            await step()
        except Exception as error:
            if not (isinstance(error, KafkaError) or is_infrastructure(error)):
                raise
            log.warning("erasures wait: %s", describe(error, personal=True))
        await asyncio.sleep(pause_seconds)
