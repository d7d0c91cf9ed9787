"""A database of notifications, facts as membership publishes them, and a mail server that can refuse."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from itertools import groupby
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from aiosmtpd.controller import Controller
from polity_chassis.authorization.links import LinkKeys
from polity_chassis.database.engine import Database
from polity_chassis.database.migrations import migrate
from polity_chassis.ids import new_id
from polity_chassis.messaging.consuming.records import Received
from polity_chassis.runtime import Runtime
from polity_contracts.envelope import Fact
from polity_contracts.membership.campaigns import CampaignOpened, MilestoneReached
from polity_contracts.membership.commitments import (
    CommitmentMade,
    CommitmentReturned,
    CommitmentSubmitted,
    CommitmentWithdrawn,
)
from polity_contracts.membership.invitations import (
    InterestExpressed,
    InvitationDeclined,
    InvitationExtended,
    InvitationIssued,
    InvitationRevoked,
)
from polity_contracts.membership.local_governments import LocalGovernmentRegistered
from polity_contracts.membership.mandates import MandateEnded, MandateGranted
from polity_contracts.membership.networks import NetworkFounded
from polity_contracts.membership.people import PersonErased, PersonRecorded
from polity_contracts.membership.values import Deadline
from polity_local.testing.parts import PostgresForTests, SmtpSink, tell_time, with_made_clock
from polity_notifications.consumers.membership import membership_consumers
from polity_notifications.domain.deliveries import Limits
from polity_notifications.mail.smtp import Connection
from polity_notifications.mail.writing import Writer
from polity_notifications.sender import Sender
from polity_notifications.settings import Settings
from polity_notifications.storage import queue
from polity_notifications.storage.tables import delivery, metadata
from sqlalchemy import select, text

LIMITS = Limits(fresh=timedelta(days=14), waiting=timedelta(days=7))
KEYS = LinkKeys.model_validate({"k1": base64.b64encode(b"a" * 32).decode()})


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2030, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **duration: float) -> None:
        self.now += timedelta(**duration)


class World:
    """Makes one network's facts, hands them to the handlers, and sends what they ask for."""

    def __init__(self, database: Database, clock: Clock, smtp_port: int) -> None:
        self.database, self.clock = database, clock
        self.network_id, self.campaign_id, self.city_id = new_id(), new_id(), new_id()
        self._sequences: dict[str, int] = {}
        self.handlers = {
            fact: handler
            for consumer in membership_consumers(LIMITS, self.clock)
            for fact, handler in consumer.handlers.items()
        }
        self.settings = Settings(
            port=1, database_url=database.url, kafka_bootstrap="127.0.0.1:1", issuer="http://issuer",
            jwks_url="http://jwks", answer_link_keys=KEYS, smtp_host="127.0.0.1", smtp_port=smtp_port, smtp_tls="none",
            mail_from="polity@example.net", webhook_keys=KEYS, webhook_allow_loopback=True,
        )  # fmt: skip
        self.runtime = Runtime(self.settings, database, self.clock)

    def received(self, key: UUID, fact: Fact, *, traceparent: str | None = None) -> Received[Any]:
        """Returns the key's next fact, of this moment."""
        sequence = self._sequences[str(key)] = self._sequences.get(str(key), 0) + 1
        return Received(
            fact=fact, key=str(key), occurred_at=self.clock.now, id=new_id(), sequence=sequence, topic=fact.topic,
            partition=0, offset=0, traceparent=traceparent,
        )  # fmt: skip

    def founded(self, **changed: Any) -> Received[Any]:
        values: dict[str, Any] = {"name": {"en": "The Committee"}, "fallback_language": "en", "time_zone": "Asia/Seoul"}
        return self.received(self.network_id, NetworkFounded(network_id=self.network_id, **{**values, **changed}))

    def registered(self) -> Received[Any]:
        fact = LocalGovernmentRegistered(
            local_government_id=self.city_id, network_id=self.network_id, name="Grigny", country="FR", region="155",
            latitude=48.6, longitude=2.4, time_zone="Europe/Paris",
        )  # fmt: skip
        return self.received(self.city_id, fact)

    def opened(self, **changed: Any) -> Received[Any]:
        values: dict[str, Any] = {
            "title": {"en": "Rights Cities"},
            "objectives": {"en": "Gather a thousand."},
            "commitment_text": {"en": "We commit."},
            "fallback_language": "en",
            "themes": {},
            "milestones": (),
            "reply_by": self.deadline(),
        }
        fact = CampaignOpened(campaign_id=self.campaign_id, network_id=self.network_id, **{**values, **changed})
        return self.received(self.campaign_id, fact)

    def deadline(self, days: float = 30) -> Deadline:
        return Deadline(at=self.clock.now + timedelta(days=days), time_zone="Asia/Seoul")

    def invited(self, contact: UUID, *, days: float = 30, traceparent: str | None = None) -> Received[Any]:
        invitation = new_id()
        fact = InvitationIssued(
            invitation_id=invitation, campaign_id=self.campaign_id, network_id=self.network_id,
            local_government_id=self.city_id, contact_id=contact, language="en", reply_by=self.deadline(days),
            link_generation=1, wave="1", issued_at=self.clock.now,
        )  # fmt: skip
        return self.received(invitation, fact, traceparent=traceparent)

    def revoked(self, invited: Received[Any], generation: int) -> Received[Any]:
        fact = InvitationRevoked(
            invitation_id=invited.fact.invitation_id, campaign_id=self.campaign_id, network_id=self.network_id,
            local_government_id=self.city_id, link_generation=generation, revoked_at=self.clock.now,
        )  # fmt: skip
        return self.received(invited.fact.invitation_id, fact)

    def extended(self, invited: Received[Any], *, days: float = 40) -> Received[Any]:
        fact = InvitationExtended(
            invitation_id=invited.fact.invitation_id, campaign_id=self.campaign_id, network_id=self.network_id,
            local_government_id=self.city_id, contact_id=invited.fact.contact_id, reply_by=self.deadline(days),
            extended_at=self.clock.now,
        )  # fmt: skip
        return self.received(invited.fact.invitation_id, fact)

    def submitted(self, invited: Received[Any], commitment: UUID) -> Received[Any]:
        return self._pledge(invited, commitment, CommitmentSubmitted, "submitted_at")

    def returned(self, invited: Received[Any], commitment: UUID) -> Received[Any]:
        return self._pledge(invited, commitment, CommitmentReturned, "returned_at")

    def _pledge(self, invited: Received[Any], commitment: UUID, kind: type[Fact], at: str) -> Received[Any]:
        values: dict[str, Any] = {
            "commitment_id": commitment, "campaign_id": self.campaign_id, "network_id": self.network_id,
            "local_government_id": self.city_id, "invitation_id": invited.fact.invitation_id,
            "contact_id": invited.fact.contact_id, "language": "en", at: self.clock.now,
        }  # fmt: skip
        return self.received(commitment, kind(**values))

    def withdrawn(self, made: Received[Any]) -> Received[Any]:
        fact = CommitmentWithdrawn(
            commitment_id=made.fact.commitment_id, campaign_id=self.campaign_id, network_id=self.network_id,
            local_government_id=self.city_id, ordinal=made.fact.ordinal, withdrawn_at=self.clock.now,
        )  # fmt: skip
        return self.received(made.fact.commitment_id, fact)

    def declined(self, invited: Received[Any]) -> Received[Any]:
        fact = InvitationDeclined(
            invitation_id=invited.fact.invitation_id, campaign_id=self.campaign_id, network_id=self.network_id,
            local_government_id=self.city_id, declined_at=self.clock.now,
        )  # fmt: skip
        return self.received(invited.fact.invitation_id, fact)

    def reconsidered(self, invited: Received[Any]) -> Received[Any]:
        fact = InterestExpressed(
            invitation_id=invited.fact.invitation_id, campaign_id=self.campaign_id, network_id=self.network_id,
            local_government_id=self.city_id, expressed_at=self.clock.now, reconsidered=True,
        )  # fmt: skip
        return self.received(invited.fact.invitation_id, fact)

    def committed(
        self,
        contact: UUID | None,
        ordinal: int = 1,
        *,
        by: Received[Any] | None = None,
        pledge: UUID | None = None,
        imported: bool = False,
    ) -> Received[Any]:
        commitment = pledge or new_id()
        fact = CommitmentMade(
            commitment_id=commitment, campaign_id=self.campaign_id, network_id=self.network_id,
            local_government_id=self.city_id, contact_id=contact, language="en", ordinal=ordinal, themes=("a",),
            signed_on=date(2030, 3, 1), made_at=self.clock.now, invitation_id=by and by.fact.invitation_id,
            imported=imported,
        )  # fmt: skip
        return self.received(commitment, fact)

    def reached(self, threshold: int = 10) -> Received[Any]:
        fact = MilestoneReached(
            campaign_id=self.campaign_id, network_id=self.network_id, threshold=threshold, ordinal=threshold,
            commitment_id=new_id(), reached_at=self.clock.now,
        )  # fmt: skip
        return self.received(self.campaign_id, fact)

    def granted(self, person: UUID, *, role: str = "secretariat", hours: float = -1) -> Received[Any]:
        mandate = new_id()
        fact = MandateGranted(
            mandate_id=mandate, person_id=person, role=role, scope_id=self.network_id, language="en",
            granted_at=self.clock.now + timedelta(hours=hours),
        )  # fmt: skip
        return self.received(mandate, fact)

    def ended(self, granted: Received[Any], *, hours: float = 0) -> Received[Any]:
        at = self.clock.now + timedelta(hours=hours)
        return self.received(granted.fact.mandate_id, MandateEnded(mandate_id=granted.fact.mandate_id, ended_at=at))

    def person(self, person: UUID, email: str | None = "ana@example.org", **changed: Any) -> Received[Any]:
        values: dict[str, Any] = {"name": "Ana Ruiz", "language": "en"}
        return self.received(person, PersonRecorded(person_id=person, email=email, **{**values, **changed}))

    def erased(self, person: UUID) -> Received[Any]:
        return self.received(person, PersonErased())

    async def apply(self, *facts: Received[Any]) -> None:
        """Hands the facts over in their order, neighbours of one type as one set, in one transaction."""
        async with self.database.transaction() as session:
            for fact_type, group in groupby(facts, key=lambda received: type(received.fact)):
                await self.handlers[fact_type](session, list(group))

    async def apply_all(self, facts: Iterable[Received[Any]]) -> None:
        await self.apply(*facts)

    def runtime_off_by(self, **duration: float) -> Runtime:
        """Returns what a worker has whose own clock is that far ahead of the database's."""
        return Runtime(self.settings, self.database, lambda: self.clock.now + timedelta(**duration))

    def sender(self, runtime: Runtime | None = None) -> Sender:
        writer = Writer(self.settings.public_url, KEYS)
        return Sender(runtime or self.runtime, self.settings, writer, Connection(self.settings))

    async def send(self) -> int:
        """Sends until nothing is due; returns how many deliveries were taken."""
        sender, taken = self.sender(), 0
        while found := await sender.send_some():
            taken += found
        sender.connection.drop()
        return taken

    async def expire(self) -> None:
        async with self.database.transaction() as session:
            await queue.expire(session, 1000)

    async def deliveries(self) -> list[dict[str, Any]]:
        """Returns every row of `delivery`, ordered by id."""
        async with self.database.engine.connect() as connection:
            rows = await connection.execute(select(delivery).order_by(delivery.c.delivery_id))
            return [dict(row) for row in rows.mappings()]

    async def statuses(self) -> list[str]:
        return sorted(row["status"] for row in await self.deliveries())


class RefusingServer:
    """A mail server that answers RCPT as told by the address: `refuse-550@…` gets 550; the others are kept."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.port = 0

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if found := re.match(r"refuse-(\d{3})@", address):
            return f"{found[1]} {address} will not do"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.kept += envelope.rcpt_tos
        return "250 OK"


@pytest.fixture
def refusing() -> Iterator[RefusingServer]:
    handler = RefusingServer()
    controller = Controller(handler, hostname="127.0.0.1", port=0)
    with suppress(OSError, ConnectionError):
        controller.start()
    assert isinstance(controller.server, asyncio.Server)
    handler.port = controller.server.sockets[0].getsockname()[1]
    yield handler
    controller.stop()


@pytest_asyncio.fixture(scope="session")
async def _migrated(postgres: PostgresForTests) -> AsyncIterator[Database]:
    url = await postgres.create_database("notifications")
    await migrate(url, "polity_notifications")
    await with_made_clock(url)
    database = Database(url, application_name="notifications tests", pool_size=8)
    yield database
    await database.close()


@pytest.fixture
def clock() -> Clock:
    """The one clock of the test: its database's and, unless a test gives them another, its workers'."""
    return Clock()


@pytest_asyncio.fixture
async def database(_migrated: Database, clock: Clock) -> AsyncIterator[Database]:
    """Notifications' migrated database, emptied for each test."""
    async with _migrated.engine.begin() as connection:
        await connection.execute(text("TRUNCATE " + ", ".join([*metadata.tables, "authority", "inbox"])))
    with tell_time(_migrated.engine, clock):
        yield _migrated


@pytest.fixture
def world(database: Database, clock: Clock, smtp_sink: SmtpSink) -> World:
    """One network whose mails go to the run's sink."""
    return World(database, clock, smtp_sink.port)


@pytest.fixture
def world_refused(database: Database, clock: Clock, refusing: RefusingServer) -> World:
    """One network whose mails go to the refusing server."""
    return World(database, clock, refusing.port)


def read(raw: bytes) -> Any:
    return message_from_bytes(raw, policy=default)


@pytest.fixture
def mails(smtp_sink: SmtpSink) -> Any:
    """Returns the mails that arrived, parsed, as a function to call later."""
    return lambda: [read(content) for _, _, content in smtp_sink.messages]
