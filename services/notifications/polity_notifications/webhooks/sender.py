"""Posts webhooks, after the commit that asked for them: all endpoints at once, each with few posts at a time.

One loop notes what ended and takes what is due, in one transaction. A delivery is taken for LEASE, which the database's
clock measures: a sender that dies in between leaves it to be posted once more under the same webhook-id.
"""

import asyncio
import logging
import random
from collections import Counter
from datetime import timedelta
from time import monotonic
from uuid import UUID

from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.trace import SpanKind, StatusCode, use_span
from polity_chassis.database.errors import describe, is_infrastructure
from polity_chassis.observability.tracing import begin_span
from polity_chassis.runtime import Runtime
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.domain import webhooks as rules
from polity_notifications.domain.webhook_shares import shares
from polity_notifications.domain.webhooks import Disabled, Status
from polity_notifications.settings import Settings
from polity_notifications.storage.webhooks import queue, subscriptions
from polity_notifications.webhooks.lanes import Lanes
from polity_notifications.webhooks.posting import TIMEOUT_SECONDS, Answer, Poster
from polity_notifications.webhooks.secrets import headers

LEASE = timedelta(seconds=2 * TIMEOUT_SECONDS)
AHEAD = 16
"""Deliveries in hand for each post to an endpoint at a time: while they are posted, the next are taken."""
GATHER_SECONDS = 0.02
"""What ends within this time is noted together."""
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


class WebhookSender:
    """What this process has in hand, and what of it has ended and is still to be noted."""

    def __init__(self, runtime: Runtime, settings: Settings, poster: Poster) -> None:
        self.runtime, self.settings, self.poster = runtime, settings, poster
        self._lanes = Lanes(settings.webhook_posts_per_endpoint, self._send)
        self._busy: Counter[UUID] = Counter()
        self._ended: list[tuple[queue.Post, Answer]] = []
        self._returned: list[queue.Post] = []
        self._troubled: set[UUID] = set()
        self._woken = asyncio.Event()

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
                await self._note(session, ended)
                await queue.give_back(session, returned)
                taken = await self._claim(session, +(self._busy - left))
        del self._ended[: len(ended)], self._returned[: len(returned)]
        self._busy = +(self._busy - left)
        self._busy.update(post.webhook_id for post in taken)
        # What is taken after a failure was noted is taken for one more try; an endpoint without any is forgotten.
        self._troubled -= troubled & {post.webhook_id for post in taken}
        self._troubled &= self._busy.keys()
        self._lanes.add(taken)
        return len(ended) + len(returned) + len(taken)

    async def settle(self) -> None:
        """Waits until everything in hand has ended and is noted, and nothing more is due."""
        while await self.step() or self._busy:
            if self._lanes:
                await self._woken.wait()
                await asyncio.sleep(GATHER_SECONDS)

    async def _claim(self, session: AsyncSession, busy: Counter[UUID]) -> list[queue.Post]:
        most, slots = self.settings.webhook_posts_per_endpoint * AHEAD, self.settings.webhook_posts_at_once * AHEAD
        share = shares(await queue.claimants(session, busy), busy, most=most, slots=slots)
        return await queue.claim(session, share, at=monotonic(), lease=LEASE) if share else []

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), IDLE_SECONDS)
        except TimeoutError:
            return

    async def _stop(self) -> None:
        self._returned += self._lanes.clear()
        await self._lanes.stop(STOPPING_SECONDS)
        async with self.runtime.database.transaction() as session:
            await self._note(session, self._ended)
            await queue.give_back(session, self._returned)

    async def _send(self, post: queue.Post) -> None:
        """Posts; gives back what would come too late, or to an endpoint in trouble."""
        left = post.taken_at + LEASE.total_seconds() - monotonic()
        if post.webhook_id in self._troubled or left < TIMEOUT_SECONDS:
            self._returned.append(post)
        else:
            answer = await self._post(post)
            if not answer.taken:
                self._troubled.add(post.webhook_id)
            self._ended.append((post, answer))
        self._woken.set()

    async def _post(self, post: queue.Post) -> Answer:
        about = {"polity.webhook_id": str(post.webhook_id), "polity.delivery_id": str(post.delivery_id)}
        span = begin_span(post.traceparent, "send webhook", SpanKind.CLIENT, about)
        try:
            answer = await self._answer(post)
            span.set_attribute("http.response.status_code", answer.status_code or 0)
            if not answer.taken:
                span.set_status(StatusCode.ERROR)
                with use_span(span):
                    more = {**about, "status": answer.status_code}
                    log.warning("a webhook was not taken: %s", answer.reason, extra=more)
        finally:
            span.end()
        return answer

    async def _answer(self, post: queue.Post) -> Answer:
        try:
            signed = headers(post, self.settings.webhook_keys, self.runtime.clock())
        except KeyError:
            return Answer(0, reason="key_missing")
        try:
            return await self.poster.post(post.url, signed, post.body.encode(), post.owner)
        except Exception as error:
            # A fault of ours: the next version may do better, and until then it shows and holds up nobody.
            log.error("a webhook could not be posted: %s", type(error).__name__)
            return Answer(0, reason="internal")

    async def _note(self, session: AsyncSession, ended: list[tuple[queue.Post, Answer]]) -> None:
        if not ended:
            return
        noted = {post.delivery_id: self._noted(post, answer) for post, answer in ended}
        well = {post.webhook_id for post, answer in ended if answer.taken}
        recovered = {post.webhook_id for post, answer in ended if answer.taken and post.failing}
        ill: dict[UUID, timedelta] = {}
        for post, answer in ended:
            held = noted[post.delivery_id].held or timedelta()
            if answer.reason not in rules.OURS and (held or (not answer.taken and post.webhook_id not in well)):
                ill[post.webhook_id] = max(held, ill.get(post.webhook_id, held))
        await queue.judge(session, well=sorted(recovered), ill=ill, silence=rules.SILENCE)
        await queue.note(session, list(noted.values()))
        gone = {post.webhook_id for post, answer in ended if answer.status_code == 410}
        failing = await queue.failing(session, sorted(ill.keys() - gone), rules.FAILING_FOR_GOOD) if ill else []
        for reason, webhook_ids in ((Disabled.GONE, sorted(gone)), (Disabled.FAILING, failing)):
            for webhook_id in webhook_ids:
                log.warning("a webhook is disabled: %s", reason, extra={"webhook_id": str(webhook_id)})
                await subscriptions.disable(session, webhook_id, reason)

    def _noted(self, post: queue.Post, answer: Answer) -> queue.Noted:
        ours = answer.reason in rules.OURS
        held = None if answer.taken else rules.asked_wait(answer.retry_after, self.runtime.clock())
        wait = rules.OURS_AGAIN if ours else rules.retry_after(post.tries + 1, random.random())  # noqa: S311
        status = Status.DELIVERED if answer.taken else Status.PENDING if wait else Status.EXHAUSTED
        return queue.Noted(
            delivery_id=post.delivery_id,
            status=status.value,
            after=max(wait or timedelta(), held or timedelta()) if status is Status.PENDING else timedelta(),
            taken_until=post.taken_until,
            status_code=answer.status_code,
            reason=answer.reason,
            milliseconds=answer.milliseconds,
            held=held,
            used=0 if ours else 1,
        )
