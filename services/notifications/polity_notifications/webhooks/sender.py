"""Posts webhooks, after the commit that asked for them: all endpoints at once, each with few posts at a time.

One loop notes what ended and takes what is due, in one transaction. A delivery is taken for LEASE: a sender that dies
in between leaves it to be posted once more under the same webhook-id.
"""

import asyncio
import logging
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.trace import SpanKind, StatusCode
from polity_chassis.failures import describe, is_infrastructure
from polity_chassis.runtime import Runtime
from polity_chassis.telemetry import span_from
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.domain import webhooks as rules
from polity_notifications.domain.webhooks import Disabled, Status
from polity_notifications.settings import Settings
from polity_notifications.storage import webhook_queue as queue
from polity_notifications.storage import webhooks as subscriptions
from polity_notifications.webhooks.posting import TIMEOUT_SECONDS, Answer, Poster
from polity_notifications.webhooks.secrets import headers

LEASE = timedelta(seconds=2 * TIMEOUT_SECONDS)
AHEAD = 16
"""Deliveries in hand for each post to an endpoint at a time: while they are posted, the next are taken."""
GATHER_SECONDS = 0.02
"""What ends within this time is noted together."""
ONE_POST = timedelta(seconds=TIMEOUT_SECONDS)
IDLE_SECONDS = 0.5
STOPPING_SECONDS = 5.0
"""How long posts under way may take after the signal to stop; what takes longer is posted again."""

log = logging.getLogger(__name__)


async def send_webhooks(runtime: Runtime) -> None:
    """Posts until cancelled; the background task of the worker role."""
    settings = runtime.settings
    assert isinstance(settings, Settings)
    poster = Poster(allow_loopback=settings.webhook_allow_loopback)
    try:
        await WebhookSender(runtime, settings, poster).run()
    finally:
        await poster.close()


@dataclass(slots=True)
class WebhookSender:
    """What this process has in hand, and what of it has ended and is still to be noted."""

    runtime: Runtime
    settings: Settings
    poster: Poster
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _busy: Counter[UUID] = field(default_factory=Counter)
    _ended: list[tuple[queue.Post, Answer]] = field(default_factory=list)
    _returned: list[queue.Post] = field(default_factory=list)
    _gates: dict[UUID, asyncio.Semaphore] = field(default_factory=dict)
    _troubled: set[UUID] = field(default_factory=set)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Takes, posts and notes until cancelled; waits out a database that is away."""
        try:
            while True:
                try:
                    moved = await self.step()
                except Exception as error:
                    if not is_infrastructure(error):
                        raise
                    log.warning("webhooks wait for the database: %s", describe(error, personal=True))
                    await asyncio.sleep(IDLE_SECONDS)
                    continue
                if not moved:
                    await self._rest()
                await asyncio.sleep(GATHER_SECONDS)
        finally:
            await self._stop()

    async def step(self) -> int:
        """Notes what has ended and takes what is due; returns how many that were."""
        self._woken.clear()
        ended, returned, troubled = list(self._ended), list(self._returned), set(self._troubled)
        left = Counter(post.webhook_id for post in (*(post for post, _ in ended), *returned))
        # Looking twice a second would otherwise fill the trace viewer with looking.
        with suppress_instrumentation():
            async with self.runtime.database.transaction() as session:
                await queue.give_back(session, returned)
                await self._note(session, ended)
                taken = await self._claim(session, +(self._busy - left))
        del self._ended[: len(ended)], self._returned[: len(returned)]
        self._busy = +(self._busy - left)
        self._busy.update(post.webhook_id for post in taken)
        self._forget_idle()
        # What is taken after a failure was noted is taken for one more try.
        self._troubled -= troubled & {post.webhook_id for post in taken}
        for post in taken:
            task = asyncio.create_task(self._in_turn(post))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return len(ended) + len(returned) + len(taken)

    async def _claim(self, session: AsyncSession, busy: Counter[UUID]) -> list[queue.Post]:
        now = self.runtime.clock()
        most = self.settings.webhook_posts_per_endpoint * AHEAD
        room = max(0, self.settings.webhook_posts_at_once * AHEAD - busy.total())
        return await queue.claim(session, busy, now=now, until=now + LEASE, most=most, room=room)

    def _forget_idle(self) -> None:
        for webhook_id in self._gates.keys() - self._busy.keys():
            del self._gates[webhook_id]
            self._troubled.discard(webhook_id)

    async def _in_turn(self, post: queue.Post) -> None:
        """Posts when the endpoint's gate opens; gives back what would come too late, or to an endpoint in trouble."""
        gate = self._gates.setdefault(post.webhook_id, asyncio.Semaphore(self.settings.webhook_posts_per_endpoint))
        async with gate:
            if post.webhook_id in self._troubled or self.runtime.clock() + ONE_POST > post.taken_until:
                self._returned.append(post)
                self._woken.set()
            else:
                await self._post(post)

    async def settle(self) -> None:
        """Waits until everything in hand has ended and is noted, and nothing more is due."""
        while await self.step() or self._under_way or self._ended or self._returned:
            if self._under_way:
                await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.sleep(GATHER_SECONDS)

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), IDLE_SECONDS)
        except TimeoutError:
            return

    async def _stop(self) -> None:
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=STOPPING_SECONDS)
            for task in late:
                task.cancel()
        async with self.runtime.database.transaction() as session:
            await self._note(session, self._ended)

    async def _post(self, post: queue.Post) -> None:
        about = {"polity.webhook_id": str(post.webhook_id), "polity.delivery_id": str(post.delivery_id)}
        with span_from(post.traceparent, "send webhook", SpanKind.CLIENT, about) as span, suppress_instrumentation():
            try:
                signed = headers(post, self.settings.webhook_keys, self.runtime.clock())
            except KeyError:
                log.error("a webhook's key is no longer among the settings", extra=about)
                answer = Answer(0, reason="key_missing")
            else:
                answer = await self.poster.post(post.url, signed, post.body.encode())
            if not answer.taken:
                span.set_status(StatusCode.ERROR)
                log.warning("a webhook was not taken: %s", answer.reason, extra={**about, "status": answer.status_code})
            span.set_attribute("http.response.status_code", answer.status_code or 0)
        if not answer.taken:
            self._troubled.add(post.webhook_id)
        self._ended.append((post, answer))
        self._woken.set()

    async def _note(self, session: AsyncSession, ended: list[tuple[queue.Post, Answer]]) -> None:
        if not ended:
            return
        now = self.runtime.clock()
        well = {post.webhook_id for post, answer in ended if answer.taken}
        ill = {post.webhook_id for post, answer in ended if not answer.taken} - well
        await queue.judge(session, well=sorted(well), ill=sorted(ill), now=now)
        await queue.note(session, [self._noted(post, answer) for post, answer in ended])
        gone = {post.webhook_id for post, answer in ended if answer.status_code == 410}
        failing = await queue.failing(session, sorted(ill - gone), now - rules.FAILING_FOR_GOOD)
        for reason, webhook_ids in ((Disabled.GONE, sorted(gone)), (Disabled.FAILING, failing)):
            for webhook_id in webhook_ids:
                log.warning("a webhook is disabled: %s", reason, extra={"webhook_id": str(webhook_id)})
                await subscriptions.disable(session, webhook_id, reason, now)

    def _noted(self, post: queue.Post, answer: Answer) -> queue.Noted:
        now = self.runtime.clock()
        wait = rules.retry_after(post.tries + 1, random.random())  # noqa: S311
        status = Status.DELIVERED if answer.taken else Status.PENDING if wait else Status.EXHAUSTED
        return queue.Noted(
            delivery_id=post.delivery_id,
            status=status.value,
            due_at=now + (wait or timedelta()) if status is Status.PENDING else now,
            taken_until=post.taken_until,
            at=now,
            status_code=answer.status_code,
            reason=answer.reason,
            milliseconds=answer.milliseconds,
        )
