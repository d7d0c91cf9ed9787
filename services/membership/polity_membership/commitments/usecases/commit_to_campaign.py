"""CommitToCampaign: invited local governments give their pledges, and milestones fall where they fall.

Pledges that come at once are given in one transaction: the domain decides on each by itself, in their order, and what
it decided is saved as sets.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.ids import new_id
from polity_chassis.messaging.publishing.cause import Cause, current_cause
from polity_chassis.messaging.publishing.outbox import Outgoing, add_outgoing, numbered
from polity_chassis.web.idempotency import Key
from polity_contracts.membership.campaigns import MilestoneReached
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.answers.queries import forget_drafts
from polity_membership.commitments.domain import Commitment, Pledge, commit
from polity_membership.database.aggregates import add_all, lock, save, save_all
from polity_membership.database.repeatable import Ids, OnceEach
from polity_membership.errors import LinkUnknown, Refused
from polity_membership.invitations.queries import Asked, add_milestones, campaigns_of, lock_asked
from polity_membership.people.domain import Person
from polity_membership.proofs.queries import ask_removal


@dataclass(frozen=True, slots=True)
class Signed:
    """A pledge and who signed it."""

    pledge: Pledge
    name: str
    office: str


@dataclass(frozen=True, slots=True)
class CommitToCampaign:
    """`generation` is that of the link the pledge came by, `key` and `cause` are the request's."""

    invitation_id: UUID
    generation: int
    signed: Signed
    asked_at: datetime
    key: Key | None = None
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A pledge as it was decided, not saved yet; `proof_id` is that of the letter it was signed on."""

    asked: Asked
    commitment: Commitment
    signatory: Person
    milestone: MilestoneReached | None
    proof_id: UUID | None = None
    cause: Cause | None = None

    def ids(self) -> Ids:
        """Returns commitment_id, status and ordinal; the ordinal is None until the signatory is confirmed."""
        commitment = self.commitment
        return {"commitment_id": str(commitment.id), "status": commitment.status, "ordinal": commitment.ordinal}


async def commit_to_campaigns(
    database: Database, commands: Sequence[CommitToCampaign], *, once_each: OnceEach
) -> Sequence[Ids | Exception]:
    """Returns of each command commitment_id, status and ordinal, or why it was refused. No invitation comes twice.

    Refusals are LinkUnknown, LinkRevoked, LinkExpired, AlreadyCommitted, CommitmentIsWithdrawn, ThemesInvalid and
    SignedInFuture.
    """
    async with database.transaction() as session:

        async def pledge(places: Sequence[int]) -> Sequence[Ids | Exception]:
            chosen = [commands[place] for place in places]
            asked = await lock_asked(session, [command.invitation_id for command in chosen])
            decided = [_decide(asked, command) for command in chosen]
            given = [each for each in decided if isinstance(each, Given)]
            await save_given(session, given, max(command.asked_at for command in chosen))
            return [each.ids() if isinstance(each, Given) else each for each in decided]

        return await once_each(session, [command.key for command in commands], pledge)


async def campaigns_asked(database: Database, commands: Sequence[CommitToCampaign]) -> Sequence[UUID | None]:
    """Returns the campaign of each command, whose lock it needs, None where the link is unknown."""
    async with database.transaction() as session:
        found = await campaigns_of(session, [command.invitation_id for command in commands])
    return [found.get(command.invitation_id) for command in commands]


def _decide(asked: Mapping[UUID, Asked], command: CommitToCampaign) -> Given | Refused:
    """Returns the refusal, which counted nothing: the others' pledges go on."""
    try:
        if command.invitation_id not in asked:
            raise LinkUnknown
        found = asked[command.invitation_id]
        found.invitation.check_link(command.generation, command.asked_at)
        return give(found, command.signed, command.asked_at, cause=command.cause)
    except Refused as refusal:
        return refusal


def give(
    asked: Asked, signed: Signed, now: datetime, *, proof_id: UUID | None = None, cause: Cause | None = None
) -> Given:
    """Returns the pledge as decided, to be saved.

    Raises AlreadyCommitted, CommitmentIsWithdrawn, ThemesInvalid or SignedInFuture.
    """
    language, earlier = asked.invitation.language, asked.earlier
    signatory = Person(id=new_id(), name=signed.name, office=signed.office, language=language, email=None)
    commitment, milestone = commit(
        asked.campaign,
        asked.invitation,
        signed.pledge,
        commitment_id=earlier.id if earlier else new_id(),
        signatory_id=signatory.id,
        now=now,
        proof_id=proof_id,
    )
    if earlier:
        commitment.fact_sequence = earlier.fact_sequence
    return Given(asked, commitment, signatory, milestone, proof_id, cause)


async def save_given(session: AsyncSession, given: Sequence[Given], now: datetime) -> None:
    """Saves the pledges with their facts, in their order, and whatever the answers leave without a purpose."""
    if not given:
        return
    await add_all(session, [each.signatory for each in given])
    for each in given:
        if each.asked.earlier:
            await _forget_signatory(session, each.asked.earlier, now)
    await add_outgoing(session, [fact for each in given for fact in _facts(each)], occurred_at=now)
    await add_all(session, [each.commitment for each in given if not each.asked.earlier])
    await save_all(session, [each.commitment for each in given if each.asked.earlier])
    await add_milestones(session, [each.milestone for each in given if each.milestone])
    await save_all(session, [each.asked.invitation for each in given])
    await forget_drafts(session, [each.asked.invitation.id for each in given])
    # What waits to be confirmed may be confirmed by the letter that was sent with it.
    counted = [each for each in given if each.commitment.ordinal is not None]
    kept = [each.proof_id for each in counted if each.proof_id]
    await ask_removal(session, [each.asked.invitation.id for each in counted], now, but=kept)
    await save_all(session, list({each.asked.campaign.id: each.asked.campaign for each in given}.values()))


def _facts(given: Given) -> Sequence[Outgoing]:
    # Whoever sends or records it, the pledge is the local government's.
    cause = (given.cause or current_cause()).on_behalf_of(given.commitment.local_government_id)
    made = numbered(given.commitment, given.commitment.fact(given.asked.place), cause)
    if given.milestone is None:
        return [made]
    return [made, numbered(given.asked.campaign, given.milestone, cause)]


async def _forget_signatory(session: AsyncSession, returned: Commitment, now: datetime) -> None:
    signatory = await lock(session, Person, returned.signatory_id)
    # No fact: a signatory was never told to anyone.
    signatory.erase(now)
    await save(session, signatory)
