"""CommitToCampaign: an invited local government makes its pledge, and milestones fall where they fall."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from polity_chassis.database import Database
from polity_chassis.ids import new_id
from polity_chassis.outbox import add_facts

from polity_membership.domain.commitments import Pledge, commit
from polity_membership.domain.people import Person
from polity_membership.storage.aggregates import add, save
from polity_membership.storage.campaigns import add_milestone, lock_with_invitation
from polity_membership.storage.drafts import forget_draft
from polity_membership.storage.proofs import ask_removal
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
    """Returns commitment_id and ordinal.

    Raises LinkUnknown, LinkRevoked, LinkExpired, AlreadyCommitted, ThemesInvalid or SignedInFuture.
    """
    async with database.transaction() as session:

        async def pledge() -> Ids:
            campaign, invitation = await lock_with_invitation(session, command.invitation_id)
            invitation.check_link(command.generation, now)
            signatory = Person(
                id=new_id(),
                name=command.signatory_name,
                office=command.signatory_office,
                language=invitation.language,
                email=None,
            )
            commitment, milestone = commit(
                campaign, invitation, command.pledge, commitment_id=new_id(), signatory_id=signatory.id, now=now
            )
            await add(session, signatory)
            await add_facts(session, commitment, [commitment.make()], occurred_at=now)
            await add(session, commitment)
            if milestone:
                await add_milestone(session, milestone)
                await add_facts(session, campaign, [milestone], occurred_at=now)
            await save(session, invitation)
            await forget_draft(session, invitation.id)
            await ask_removal(session, invitation.id, now)
            await save(session, campaign)
            return {"commitment_id": str(commitment.id), "ordinal": commitment.ordinal}

        return await once(session, pledge)
