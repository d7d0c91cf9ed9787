"""Sends what is queued, after the commit that queued it: several senders and several connections at once.

A delivery is taken for LEASE, which the database's clock measures. A sender that dies in between leaves it to be taken
again, so a mail whose acceptance was not noted goes out once more under the same Message-ID.
"""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.trace import SpanKind, StatusCode
from polity_chassis.database.errors import describe, is_infrastructure
from polity_chassis.observability.tracing import span_from
from polity_chassis.runtime import Runtime
from polity_chassis.web.headers import UnsafeHeader

from polity_notifications.domain.addresses import UnsafeAddress
from polity_notifications.domain.deliveries import Status, retry_after, retry_incomplete_after
from polity_notifications.domain.validity import ended_by
from polity_notifications.mail.message import Posted, message
from polity_notifications.mail.smtp import TIMEOUT_SECONDS, Connection, NotTaken
from polity_notifications.mail.writing import Incomplete, Writer
from polity_notifications.settings import Settings
from polity_notifications.storage import queue

LEASE = timedelta(seconds=45)
"""A dead sender's mails go out within this time."""
ONE_MAIL = timedelta(seconds=TIMEOUT_SECONDS + 5)
"""What must be left of the lease when another mail begins, so that nobody else has it in hand as well."""
AT_ONCE = 5
"""Deliveries taken together by one connection."""
IDLE_SECONDS = 0.5
HOUSEKEEPING_SECONDS = 5.0
EXPIRED_TOGETHER = 1000

log = logging.getLogger(__name__)


async def send_mails(runtime: Runtime) -> None:
    """Sends until cancelled; the background task of the worker role."""
    settings = runtime.settings
    assert isinstance(settings, Settings)
    writer = Writer(settings.public_url, settings.answer_link_keys)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(settings.smtp_connections):
            tasks.create_task(Sender(runtime, settings, writer, Connection(settings)).run())
        tasks.create_task(expire(runtime))


async def expire(runtime: Runtime) -> None:
    """Ends deliveries that could not be sent in their time, every few seconds until cancelled."""
    while True:
        expired = 0
        try:
            with suppress_instrumentation():
                async with runtime.database.transaction() as session:
                    expired = await queue.expire(session, EXPIRED_TOGETHER)
            if expired:
                log.warning("mails expired unsent", extra={"count": expired})
        except Exception as error:
            log.warning("mails could not be expired: %s", describe(error, personal=True))
        if expired < EXPIRED_TOGETHER:
            await asyncio.sleep(HOUSEKEEPING_SECONDS)


@dataclass(slots=True)
class Sender:
    """One connection's worth of sending."""

    runtime: Runtime
    settings: Settings
    writer: Writer
    connection: Connection

    async def run(self) -> None:
        """Takes and sends until cancelled; waits out a database that is away."""
        try:
            while True:
                try:
                    found = await self.send_some()
                except Exception as error:
                    if not is_infrastructure(error):
                        raise
                    log.warning("sending waits for the database: %s", describe(error, personal=True))
                    found = 0
                if not found:
                    await self.connection.rest()
                    await asyncio.sleep(IDLE_SECONDS)
        finally:
            self.connection.drop()

    async def send_some(self) -> int:
        """Takes up to AT_ONCE deliveries and sends those that hold; returns how many it took."""
        # Looking twice a second would otherwise fill the trace viewer with looking.
        with suppress_instrumentation():
            async with self.runtime.database.transaction() as session:
                taken = await queue.claim(session, LEASE, AT_ONCE)
        for one in taken:
            await _to_its_end(self._send(one))
        return len(taken)

    async def _send(self, taken: queue.Taken) -> None:
        """Asks once more whether the mail holds, right before it is handed over, and hands it over."""
        async with self.runtime.database.transaction() as session:
            found = await queue.look(session, taken, ONE_MAIL)
            if found and (end := ended_by(found[0])):
                log.info("a mail no longer holds: %s", end.slug, extra=_shown(found[1]))
                await queue.end(session, taken, end.status)
                return
        if found:
            await self._write_and_deliver(taken, found[1])

    async def _write_and_deliver(self, taken: queue.Taken, letter: queue.Letter) -> None:
        if letter.email is None:
            await self._not_sent(taken, letter, Status.WAITING_ADDRESS)
            return
        try:
            posted = self._posted(letter, letter.email)
        except Incomplete:
            after = retry_incomplete_after(letter.waited)
            await self._not_sent(taken, letter, Status.QUEUED, after=after, failure="incomplete")
        except (UnsafeAddress, UnsafeHeader) as error:
            await self._not_sent(taken, letter, Status.FAILED, failure=_UNSAFE[type(error)], attempted=True)
        except Exception as error:
            # A fault in our writing: the next version may do better, and until then it shows.
            log.error("a mail could not be written: %s", type(error).__name__, extra=_shown(letter))
            failure = f"unwritable {type(error).__name__}"
            await self._not_sent(taken, letter, Status.QUEUED, failure=failure, attempted=True)
        else:
            await self._deliver(taken, letter, posted)

    def _posted(self, letter: queue.Letter, address: str) -> Posted:
        return message(
            self.writer.write(letter),
            delivery_id=letter.delivery_id,
            sender=self.settings.mail_from,
            name=letter.person_name or "",
            address=address,
            now=self.runtime.clock(),
        )

    async def _deliver(self, taken: queue.Taken, letter: queue.Letter, posted: Posted) -> None:
        about = {"polity.delivery_id": str(letter.delivery_id), "polity.kind": letter.kind}
        with span_from(letter.traceparent, "send mail", SpanKind.CLIENT, about) as span:
            try:
                await self.connection.send(posted)
            except NotTaken as refusal:
                span.set_status(StatusCode.ERROR)
                span.set_attribute("smtp.code", refusal.code or 0)
                await self._refused(taken, letter, refusal)
            else:
                await self._sent(letter)

    async def _sent(self, letter: queue.Letter) -> None:
        async with self.runtime.database.transaction() as session:
            await queue.sent(session, letter.delivery_id)

    async def _refused(self, taken: queue.Taken, letter: queue.Letter, refusal: NotTaken) -> None:
        failure = f"smtp {refusal.code}" if refusal.code else "no connection"
        status = Status.FAILED if refusal.for_good else Status.QUEUED
        log.warning("a mail was not taken: %s", failure, extra=_shown(letter))
        await self._not_sent(taken, letter, status, failure=failure, attempted=True)

    async def _not_sent(
        self,
        taken: queue.Taken,
        letter: queue.Letter,
        status: Status,
        *,
        after: timedelta | None = None,
        failure: str | None = None,
        attempted: bool = False,
    ) -> None:
        after = after or retry_after(letter.attempts + 1)
        async with self.runtime.database.transaction() as session:
            await queue.not_sent(session, taken, status, after=after, failure=failure, attempted=attempted)


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Awaits `work` to its end even when stopped in between: a mail that was taken must be noted."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


_UNSAFE = {UnsafeAddress: "unsafe address", UnsafeHeader: "unsafe header"}


def _shown(letter: queue.Letter) -> dict[str, str]:
    return {"delivery_id": str(letter.delivery_id), "kind": letter.kind}
