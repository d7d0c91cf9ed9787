"""A database of reporting, and facts as membership publishes them."""

from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from polity_chassis.database.engine import Database
from polity_chassis.database.migrations import migrate
from polity_chassis.ids import new_id
from polity_chassis.messaging.consuming.records import Received
from polity_contracts.envelope import Fact
from polity_contracts.membership.campaigns import CampaignOpened, Milestone, MilestoneAnnounced, MilestoneReached
from polity_contracts.membership.commitments import (
    CommitmentMade,
    CommitmentReturned,
    CommitmentSubmitted,
    CommitmentWithdrawn,
)
from polity_contracts.membership.invitations import InterestExpressed, InvitationDeclined, InvitationIssued
from polity_contracts.membership.local_governments import LocalGovernmentRegistered
from polity_contracts.membership.values import Deadline
from polity_local.testing.parts import PostgresForTests
from polity_reporting.projections.networks import NETWORKS
from polity_reporting.projections.progress import PROGRESS

START = datetime(2030, 3, 1, 23, 30, tzinfo=UTC)
"""Already the second of March in Seoul."""
LATER = START + timedelta(days=1000)
"""What the services' clock says: whatever happens in a story is over."""


class Story:
    """The facts of one campaign: `cities` are asked, every second is interested, every third commits."""

    def __init__(self, cities: int = 6, thresholds: tuple[int, ...] = (1, 2, 10), **campaign: Any) -> None:
        self.campaign_id, self.network_id = new_id(), new_id()
        self.cities = [new_id() for _ in range(cities)]
        self.facts: list[Received[Any]] = []
        self.pledged_at: list[datetime] = []
        self._sequences: dict[str, int] = {}
        self._answer_steps: dict[int, int] = {}
        self._open(thresholds, campaign)
        for number, city in enumerate(self.cities):
            self._register(number, city)
            self._answer(number, city)

    def one_more(self) -> None:
        """Adds a city that is asked, and answers, as its number says."""
        self.cities.append(new_id())
        self._register(len(self.cities) - 1, self.cities[-1])
        self._answer(len(self.cities) - 1, self.cities[-1])

    def add(self, key: UUID, fact: Fact, day: int) -> None:
        """Adds a fact of the key, `day` days after the start."""
        sequence = self._sequences[str(key)] = self._sequences.get(str(key), 0) + 1
        self.facts.append(
            Received(
                fact=fact, key=str(key), occurred_at=START + timedelta(days=day), id=new_id(), sequence=sequence,
                topic=fact.topic, partition=0, offset=len(self.facts), traceparent=None,
            )
        )  # fmt: skip

    def _open(self, thresholds: tuple[int, ...], changed: dict[str, Any]) -> None:
        values: dict[str, Any] = {
            "campaign_id": self.campaign_id,
            "network_id": self.network_id,
            "title": {"en": "Cities", "es": "Ciudades"},
            "objectives": {"en": "Objectives"},
            "commitment_text": {"en": "We commit"},
            "fallback_language": "en",
            "themes": {"water": {"en": "Water"}, "housing": {"en": "Housing"}},
            "milestones": tuple(Milestone(threshold=threshold, due=date(2030, 12, 31)) for threshold in thresholds),
            "reply_by": Deadline(at=START + timedelta(days=60), time_zone="Asia/Seoul"),
        }
        self.add(self.campaign_id, CampaignOpened(**{**values, **changed}), 0)
        self._thresholds, self._committed = thresholds, 0

    def submit(self, *days: int, city: int = 0, commits: int | None = None) -> None:
        """A city of the story sends its pledge on the first of the days, has it returned on the second, and so on.

        On the day `commits` it is confirmed.
        """
        commitment = new_id()
        common: dict[str, Any] = {
            "commitment_id": commitment, "campaign_id": self.campaign_id, "network_id": self.network_id,
            "local_government_id": self.cities[city], "invitation_id": new_id(), "contact_id": new_id(),
            "language": "en",
        }  # fmt: skip
        for number, day in enumerate(days):
            at, common["answer_step"] = START + timedelta(days=day), self._next_step(city)
            back = CommitmentReturned(**common, returned_at=at) if number % 2 else None
            self.add(commitment, back or CommitmentSubmitted(**common, submitted_at=at), day)
        if commits is not None:
            self._committed += 1
            common["answer_step"] = self._next_step(city)
            made = CommitmentMade(
                **common, ordinal=self._committed, themes=("water",), signed_on=START.date(),
                made_at=START + timedelta(days=commits),
            )  # fmt: skip
            self.add(commitment, made, commits)

    def decline(self, day: int, *, reconsiders: int | None = None) -> None:
        """The first city, which was only asked, says "not this time", and on the day `reconsiders` that it will."""
        (issued,) = (
            r for r in self.facts
            if isinstance(r.fact, InvitationIssued) and r.fact.local_government_id == self.cities[0]
        )  # fmt: skip
        common: dict[str, Any] = {
            "invitation_id": issued.fact.invitation_id, "campaign_id": self.campaign_id,
            "network_id": self.network_id, "local_government_id": self.cities[0],
        }  # fmt: skip
        invitation, common["answer_step"] = issued.fact.invitation_id, self._next_step(0)
        self.add(invitation, InvitationDeclined(**common, declined_at=START + timedelta(days=day)), day)
        if reconsiders is not None:
            at, common["answer_step"] = START + timedelta(days=reconsiders), self._next_step(0)
            self.add(invitation, InterestExpressed(**common, expressed_at=at, reconsidered=True), reconsiders)

    def _next_step(self, city: int) -> int:
        step = self._answer_steps[city] = self._answer_steps.get(city, 0) + 1
        return step

    def withdraw(self, *, ordinal: int, day: int) -> None:
        """The commitment of that ordinal stands no longer from that day on."""
        (made,) = (r for r in self.facts if isinstance(r.fact, CommitmentMade) and r.fact.ordinal == ordinal)
        fact = CommitmentWithdrawn(
            commitment_id=made.fact.commitment_id, campaign_id=self.campaign_id, network_id=self.network_id,
            local_government_id=made.fact.local_government_id, ordinal=ordinal,
            withdrawn_at=START + timedelta(days=day),
        )  # fmt: skip
        self.add(made.fact.commitment_id, fact, day)

    def announce(self, threshold: int, day: int) -> None:
        fact = MilestoneAnnounced(
            campaign_id=self.campaign_id, network_id=self.network_id, threshold=threshold,
            announced_at=START + timedelta(days=day),
        )  # fmt: skip
        self.add(self.campaign_id, fact, day)

    def pledge(self, name: str, *, number: int, committed: bool) -> None:
        """Adds one more city; `number` parts Korea from Spain and moves it north and east."""
        city = new_id()
        self._register(number, city, name)
        common = {"campaign_id": self.campaign_id, "network_id": self.network_id, "local_government_id": city}
        if committed:
            self._commit({**common, "invitation_id": new_id()}, 0)

    def _register(self, number: int, city: UUID, name: str = "") -> None:
        country, region = (("KR", "030"), ("ES", "039"))[number % 2]
        fact = LocalGovernmentRegistered(
            local_government_id=city, network_id=self.network_id, name=name or f"City {number}", country=country,
            region=region, latitude=number - 10, longitude=20 - number, time_zone="UTC",
        )  # fmt: skip
        self.add(city, fact, 0)

    def _answer(self, number: int, city: UUID) -> None:
        invitation = new_id()
        common: dict[str, Any] = {
            "invitation_id": invitation,
            "campaign_id": self.campaign_id,
            "network_id": self.network_id,
            "local_government_id": city,
        }
        issued = InvitationIssued(
            **common, contact_id=new_id(), language="en", reply_by=Deadline(at=START, time_zone="UTC"),
            link_generation=1, wave="1", issued_at=START,
        )  # fmt: skip
        self.add(invitation, issued, 0)
        if number % 2:
            fact = InterestExpressed(**common, expressed_at=START + timedelta(days=1))
            self.add(invitation, fact, 1)
        if number % 3 == 2:
            self._commit(common, number)

    def _commit(self, common: dict[str, Any], number: int) -> None:
        self._committed += 1
        commitment, made_at = new_id(), START + timedelta(days=1 + self._committed)
        fact = CommitmentMade(
            **common, commitment_id=commitment, language="en", ordinal=self._committed,
            themes=("water", "housing")[number % 2 :], signed_on=made_at.date(), made_at=made_at,
        )  # fmt: skip
        self.pledged_at.append(made_at)
        self.add(commitment, fact, 1 + self._committed)
        if self._committed in self._thresholds:
            milestone = MilestoneReached(
                campaign_id=self.campaign_id, network_id=self.network_id, threshold=self._committed,
                ordinal=self._committed, commitment_id=commitment, reached_at=made_at,
            )  # fmt: skip
            self.add(self.campaign_id, milestone, 1 + self._committed)


async def apply(database: Database, facts: Iterable[Received[Any]]) -> None:
    """Hands the facts to the projection in their order, neighbours of one type as one set, in one transaction."""
    async with database.transaction() as session:
        for fact_type, group in groupby(facts, key=lambda received: type(received.fact)):
            same = list(group)
            for consumer in (PROGRESS, NETWORKS):
                if handler := consumer.handlers.get(fact_type):
                    await handler(session, same)


@pytest.fixture(scope="session")
def story() -> Callable[..., Story]:
    return Story


@pytest.fixture(scope="session")
def later() -> Callable[[], datetime]:
    """The services' clock."""
    return lambda: LATER


@pytest.fixture(scope="session")
def apply_facts() -> Callable[..., Any]:
    return apply


@pytest_asyncio.fixture(scope="session")
async def reporting(postgres: PostgresForTests) -> AsyncIterator[Database]:
    """Reporting's migrated database; every test works on a campaign of its own."""
    url = await postgres.create_database("reporting")
    await migrate(url, "polity_reporting")
    database = Database(url, application_name="reporting tests", pool_size=4)
    yield database
    await database.close()


@pytest_asyncio.fixture(scope="session")
async def projection(postgres: PostgresForTests) -> AsyncIterator[Database]:
    """A migrated database of reporting for tests that compare the whole of it."""
    url = await postgres.create_database("reporting")
    await migrate(url, "polity_reporting")
    database = Database(url, application_name="reporting tests", pool_size=2)
    yield database
    await database.close()
