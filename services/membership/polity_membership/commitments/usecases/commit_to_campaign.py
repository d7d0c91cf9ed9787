"""CommitToCampaign: an invited local government makes its commitment, and a milestone may be reached by it.

Commands that arrive together run in one transaction (see `polity_chassis.batcher`): the domain decides on each in turn,
then everything is saved with one statement per table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.ids import new_id
from polity_chassis.messaging.publishing.cause import Cause, current_cause
from polity_chassis.messaging.publishing.outbox import Outgoing, add_outgoing, numbered
from polity_chassis.web.idempotency import Ids, Key, once_each
from polity_contracts.membership.campaigns import MilestoneReached
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.answers.queries import forget_drafts
from polity_membership.campaigns.queries import add_milestones
from polity_membership.commitments.domain import Commitment, CommitmentContent, commit
from polity_membership.commitments.queries import InvitationToAnswer, lock_to_answer
from polity_membership.database.aggregates import add_all, lock, save, save_all
from polity_membership.errors import LinkUnknown, Refused
from polity_membership.invitations.queries import campaigns_of
from polity_membership.people.domain import Person
from polity_membership.proofs.queries import ask_removal


@dataclass(frozen=True, slots=True)
class SignedCommitment:
    """A commitment and who signed it."""

    content: CommitmentContent
    name: str
    office: str


@dataclass(frozen=True, slots=True)
class CommitToCampaign:
    """`generation` is that of the link that was used; `key` and `cause` are the request's."""

    invitation_id: UUID
    generation: int
    signed: SignedCommitment
    asked_at: datetime
    key: Key | None = None
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class DecidedCommitment:
    """A commitment that the domain has made and that isn't saved yet; `proof_id` is the signed letter's, if any."""

    invited: InvitationToAnswer
    commitment: Commitment
    signatory: Person
    milestone: MilestoneReached | None
    proof_id: UUID | None = None
    cause: Cause | None = None

    def ids(self) -> Ids:
        """Returns commitment_id, status and ordinal; the ordinal is None until the signatory is confirmed."""
        commitment = self.commitment
        return {"commitment_id": str(commitment.id), "status": commitment.status, "ordinal": commitment.ordinal}


async def commit_to_campaigns(database: Database, commands: Sequence[CommitToCampaign]) -> Sequence[Ids | Exception]:
    """Returns commitment_id, status and ordinal for each command, or why it was refused.

    No two commands may have the same invitation. Refusals are LinkUnknown, LinkRevoked, LinkExpired, AlreadyCommitted,
    CommitmentIsWithdrawn, ThemesInvalid and SignedInFuture.
    """
    async with database.transaction() as session:

        async def commit_each(positions: Sequence[int]) -> Sequence[Ids | Exception]:
            chosen = [commands[position] for position in positions]
            invited = await lock_to_answer(session, [command.invitation_id for command in chosen])
            outcomes = [_decide(invited, command) for command in chosen]
            decided = [each for each in outcomes if isinstance(each, DecidedCommitment)]
            await save_decided(session, decided, max(command.asked_at for command in chosen))
            return [each.ids() if isinstance(each, DecidedCommitment) else each for each in outcomes]

        return await once_each(session, [command.key for command in commands], commit_each)


async def campaigns_to_lock(database: Database, commands: Sequence[CommitToCampaign]) -> Sequence[UUID | None]:
    """Returns the id of the campaign whose lock each command needs, None if the link is unknown."""
    async with database.transaction() as session:
        found = await campaigns_of(session, [command.invitation_id for command in commands])
    return [found.get(command.invitation_id) for command in commands]


def _decide(invited: Mapping[UUID, InvitationToAnswer], command: CommitToCampaign) -> DecidedCommitment | Refused:
    """Returns a refusal rather than raising it, so that the batch's other commands go on."""
    try:
        if command.invitation_id not in invited:
            raise LinkUnknown
        found = invited[command.invitation_id]
        found.invitation.check_link(command.generation, command.asked_at)
        return decide_commitment(found, command.signed, command.asked_at, cause=command.cause)
    except Refused as refusal:
        return refusal


def decide_commitment(
    invited: InvitationToAnswer,
    signed: SignedCommitment,
    now: datetime,
    *,
    proof_id: UUID | None = None,
    cause: Cause | None = None,
) -> DecidedCommitment:
    """Returns the commitment, for `save_decided`.

    Raises AlreadyCommitted, CommitmentIsWithdrawn, ThemesInvalid or SignedInFuture.
    """
    language, previous = invited.invitation.language, invited.previous
    signatory = Person(id=new_id(), name=signed.name, office=signed.office, language=language, email=None)
    commitment, milestone = commit(
        invited.campaign,
        invited.invitation,
        signed.content,
        commitment_id=previous.id if previous else new_id(),
        signatory_id=signatory.id,
        now=now,
        proof_id=proof_id,
    )
    if previous:
        commitment.fact_sequence = previous.fact_sequence
    return DecidedCommitment(invited, commitment, signatory, milestone, proof_id, cause)


async def save_decided(session: AsyncSession, decided: Sequence[DecidedCommitment], now: datetime) -> None:
    """Saves the commitments with their facts, in their order, and removes saved forms and letters no longer needed."""
    if not decided:
        return
    await add_all(session, [each.signatory for each in decided])
    for each in decided:
        if each.invited.previous:
            await _forget_signatory(session, each.invited.previous, now)
    await add_outgoing(session, [fact for each in decided for fact in _facts(each)], occurred_at=now)
    await add_all(session, [each.commitment for each in decided if not each.invited.previous])
    await save_all(session, [each.commitment for each in decided if each.invited.previous])
    await add_milestones(session, [each.milestone for each in decided if each.milestone])
    await save_all(session, [each.invited.invitation for each in decided])
    await forget_drafts(session, [each.invited.invitation.id for each in decided])
    # A commitment that waits to be confirmed keeps its letters: they may confirm it.
    counted = [each for each in decided if each.commitment.ordinal is not None]
    kept = [each.proof_id for each in counted if each.proof_id]
    await ask_removal(session, [each.invited.invitation.id for each in counted], now, but=kept)
    await save_all(session, list({each.invited.campaign.id: each.invited.campaign for each in decided}.values()))


def _facts(decided: DecidedCommitment) -> Sequence[Outgoing]:
    # On behalf of the local government, whoever sends or records it.
    cause = (decided.cause or current_cause()).on_behalf_of(decided.commitment.local_government_id)
    made = numbered(decided.commitment, decided.commitment.fact(decided.invited.local_government), cause)
    if decided.milestone is None:
        return [made]
    return [made, numbered(decided.invited.campaign, decided.milestone, cause)]


async def _forget_signatory(session: AsyncSession, returned: Commitment, now: datetime) -> None:
    signatory = await lock(session, Person, returned.signatory_id)
    # Without a fact: signatories are never published.
    signatory.erase(now)
    await save(session, signatory)
