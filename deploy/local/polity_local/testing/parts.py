"""What tests hold in their hands: a PostgreSQL server and its clock, a Kafka broker and a counting mail sink."""

import asyncio
import contextlib
import dataclasses
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from polity_contracts.create_topics import create_topics
from polity_contracts.topics import TOPICS, Topic
from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine
from standardwebhooks import Webhook, WebhookVerificationError


class PostgresForTests:
    """A PostgreSQL server; `admin_url` (postgresql://…) signs in as its superuser."""

    def __init__(self, admin_url: str) -> None:
        self.admin_url = admin_url
        self._created: list[str] = []

    async def create_database(self, prefix: str) -> str:
        """Returns the URL (postgresql+asyncpg://…) of a new, empty database that its own role of the same name owns."""
        name = f"{prefix}_{secrets.token_hex(6)}"
        password = secrets.token_urlsafe(16)
        async with self._admin() as connection:
            await connection.execute(f"CREATE ROLE \"{name}\" LOGIN PASSWORD '{password}'")
            await connection.execute(f'CREATE DATABASE "{name}" OWNER "{name}"')
        self._created.append(name)
        at = urlsplit(self.admin_url)
        return f"postgresql+asyncpg://{name}:{password}@{at.hostname}:{at.port}/{name}"

    async def copy_database(self, url: str) -> str:
        """Returns the URL of a copy of a database made here, byte for byte; nobody may be connected to it."""
        *_, original = url.rpartition("/")
        copy = f"{original}_{secrets.token_hex(3)}"
        async with self._admin() as connection:
            await connection.execute(
                f'CREATE DATABASE "{copy}" TEMPLATE "{original}" OWNER "{original}" STRATEGY file_copy'
            )
        self._created.append(copy)
        return url.removesuffix(original) + copy

    async def drop_created(self) -> None:
        """Drops every database and role made here, whoever is still connected."""
        async with self._admin() as connection:
            while self._created:
                name = self._created.pop()
                await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                await connection.execute(f'DROP ROLE IF EXISTS "{name}"')

    @contextlib.asynccontextmanager
    async def _admin(self) -> Any:
        connection = await asyncpg.connect(self.admin_url)
        try:
            yield connection
        finally:
            await connection.close()


class KafkaForTests:
    """A Kafka broker at `bootstrap`; the random topics made here are deleted when the run ends."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self._created: set[str] = set()

    @staticmethod
    def random_topic(like: Topic) -> Topic:
        """Returns the same topic under a random name, so that tests share a broker without meeting."""
        return dataclasses.replace(like, name=f"{like.name}-{secrets.token_hex(6)}")

    async def create_topics(self, *topics: Topic) -> list[str]:
        """Creates the topics that are missing, with the partitions and settings they declare; returns their names."""
        self._created.update(set(await create_topics(self.bootstrap, topics)) - TOPICS.keys())
        return [t.name for t in topics]

    async def delete_created(self) -> None:
        """Deletes the topics made here, the contract's own names excepted: another run may be reading those."""
        if self._created:
            async with self._admin() as admin:
                await admin.delete_topics(sorted(self._created))
        self._created.clear()

    @contextlib.asynccontextmanager
    async def _admin(self) -> Any:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            yield admin
        finally:
            await admin.close()


def verified(secret: str, headers: Mapping[str, str], body: str, now: datetime) -> Any:
    """Returns a partner's event, checked by the published library, which would compare its time with the machine's.

    Raises WebhookVerificationError, also for a time that is five minutes from `now`.
    """
    webhook = Webhook(secret)
    sent_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    if abs(sent_at - now) > timedelta(minutes=5):
        raise WebhookVerificationError(f"sent at {sent_at}, now it is {now}")
    webhook._Webhook__verify_timestamp = lambda _: sent_at  # type: ignore[attr-defined]
    return webhook.verify(body, dict(headers))


MADE_CLOCK = """
CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql STABLE AS
$$ SELECT coalesce(nullif(current_setting('made.now', true), '')::timestamptz, pg_catalog.now()) $$
"""
"""Found before PostgreSQL's own where the search path says `public, pg_catalog`."""


async def with_made_clock(url: str) -> None:
    """Lets `tell_time` decide what `now()` is in the database of that URL, for whoever connects from now on."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.execute(MADE_CLOCK)
        name = await connection.fetchval("SELECT current_database()")
        await connection.execute(f'ALTER DATABASE "{name}" SET search_path = public, pg_catalog')
    finally:
        await connection.close()


@contextlib.contextmanager
def tell_time(engine: AsyncEngine, clock: Callable[[], datetime]) -> Iterator[None]:
    """Makes `now()` the clock's instant in each transaction of the engine, whose database is `with_made_clock`.

    PostgreSQL's own clock can't be set; CURRENT_TIMESTAMP and clock_timestamp() stay the machine's.
    """

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(f"SELECT set_config('made.now', '{clock().isoformat()}', true)")

    event.listen(engine.sync_engine, "begin", begun)
    try:
        yield
    finally:
        event.remove(engine.sync_engine, "begin", begun)


class SmtpSink:
    """Accepts every mail and keeps it: `messages` holds (envelope_from, rcpt_tos, bytes) in order of arrival.

    While it is `away` it takes none and says so.
    """

    def __init__(self) -> None:
        self.port = 0
        self.away = False
        self.messages: list[tuple[str, list[str], bytes]] = []

    def clear(self) -> None:
        """Forgets what has arrived so far."""
        self.messages.clear()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keeps the mail and returns the reply line of SMTP."""
        if self.away:
            return "451 4.3.0 try again later"
        content = envelope.content or b""
        raw = content.encode() if isinstance(content, str) else content
        self.messages.append((envelope.mail_from or "", list(envelope.rcpt_tos), raw))
        return "250 2.0.0 kept"


class _OnFreePort(Controller):
    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextlib.contextmanager
def running_smtp_sink() -> Iterator[SmtpSink]:
    """Yields a sink that listens on a free port of this machine, in a thread of its own."""
    sink = SmtpSink()
    controller = _OnFreePort(sink, hostname="127.0.0.1", port=0, ready_timeout=10.0)
    controller.start()
    sink.port = controller.port
    try:
        yield sink
    finally:
        controller.stop()
