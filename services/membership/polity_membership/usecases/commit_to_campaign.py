"""CommitToCampaign: an invited local government gives its pledge, and milestones fall where they fall."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from polity_chassis.database import Database
from polity_chassis.ids import new_id
from polity_chassis.outbox import add_facts
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.domain.campaigns import Campaign
from polity_membership.domain.commitments import Commitment, Pledge, commit
from polity_membership.domain.invitations import Invitation
from polity_membership.domain.people import Person
from polity_membership.storage.aggregates import add, lock, save
from polity_membership.storage.campaigns import lock_commitment_of, lock_with_invitation
from polity_membership.storage.drafts import forget_draft
from polity_membership.storage.proofs import ask_removal
from polity_membership.usecases.milestones import note_milestone
from polity_membership.usecases.repeatable import Ids, Once, always


@dataclass(frozen=True, slots=True)
class CommitToCampaign:
    """`generation` is that of the link the pledge came by."""

    invitation_id: UUID
    generation: int
    pledge: Pledge
    signatory_name: str
    signatory_office: str


async def commit_to_campaign(database: Database, command: CommitToCampaign, now: datetime, once: Once = always) -> Ids:
    """Returns commitment_id, status and ordinal; the ordinal is None until the signatory is confirmed.

    Raises LinkUnknown, LinkRevoked, LinkExpired, AlreadyCommitted, CommitmentIsWithdrawn, ThemesInvalid or
    SignedInFuture.
    """
    async with database.transaction() as session:

        async def pledge() -> Ids:
            campaign, invitation = await lock_with_invitation(session, command.invitation_id)
            invitation.check_link(command.generation, now)
            signed = Signed(command.pledge, command.signatory_name, command.signatory_office)
            return await give(session, campaign, invitation, signed, now)

        return await once(session, pledge)


@dataclass(frozen=True, slots=True)
class Signed:
    """A pledge and who signed it."""

    pledge: Pledge
    name: str
    office: str


async def give(
    session: AsyncSession,
    campaign: Campaign,
    invitation: Invitation,
    signed: Signed,
    now: datetime,
    *,
    proof_id: UUID | None = None,
) -> Ids:
    """Returns commitment_id, status and ordinal of the pledge, which is then saved with its facts.

    Both rows are locked; `proof_id` is that of the letter it was signed on. Raises
    AlreadyCommitted, CommitmentIsWithdrawn, ThemesInvalid or SignedInFuture.
    """
    earlier = None if campaign.counts_at_once else await lock_commitment_of(session, invitation.id)
    signatory = Person(id=new_id(), name=signed.name, office=signed.office, language=invitation.language, email=None)
    commitment, milestone = commit(
        campaign,
        invitation,
        signed.pledge,
        commitment_id=earlier.id if earlier else new_id(),
        signatory_id=signatory.id,
        now=now,
        proof_id=proof_id,
    )
    await add(session, signatory)
    if earlier:
        await _take_over(session, earlier, commitment, now)
    await add_facts(session, commitment, [commitment.fact()], occurred_at=now)
    await (save if earlier else add)(session, commitment)
    if milestone:
        await note_milestone(session, campaign, milestone, now)
    await save(session, invitation)
    await forget_draft(session, invitation.id)
    if commitment.ordinal is not None:
        # What waits to be confirmed may be confirmed by the letter that was sent with it.
        await ask_removal(session, invitation.id, now, but=proof_id)
    await save(session, campaign)
    return {"commitment_id": str(commitment.id), "status": commitment.status, "ordinal": commitment.ordinal}


async def _take_over(session: AsyncSession, returned: Commitment, commitment: Commitment, now: datetime) -> None:
    """Goes on numbering the facts of the pledge that was returned, and forgets who had signed it."""
    commitment.fact_sequence = returned.fact_sequence
    signatory = await lock(session, Person, returned.signatory_id)
    # No fact: a signatory was never told to anyone.
    signatory.erase(now)
    await save(session, signatory)
