"""The locks and sets around campaigns and their invitations."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from polity_contracts.membership import MilestoneAnnounced, MilestoneReached
from sqlalchemy import insert, select, text, update
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.domain.campaigns import Campaign
from polity_membership.domain.commitments import Commitment
from polity_membership.domain.errors import LinkUnknown, NotFound
from polity_membership.domain.invitations import Invitation
from polity_membership.storage.aggregates import aggregate, columns, load, lock
from polity_membership.storage.bulk import insert_many
from polity_membership.storage.tables import table


async def lock_with_invitation(session: AsyncSession, invitation_id: UUID) -> tuple[Campaign, Invitation]:
    """Returns the campaign and its invitation, locked in that order; raises LinkUnknown."""
    campaigns, invitations = table("campaign"), table("invitation")
    connection = await session.connection()
    campaign_id = select(invitations.c.campaign_id).where(invitations.c.id == invitation_id).scalar_subquery()
    locked = await connection.execute(
        select(campaigns).where(campaigns.c.id == campaign_id).with_for_update(key_share=True)
    )
    row = locked.mappings().one_or_none()
    if row is None:
        raise LinkUnknown
    return aggregate(Campaign, row), await lock(session, Invitation, invitation_id)


async def lock_linked(session: AsyncSession, invitation_id: UUID) -> Invitation:
    """Returns the invitation of a genuine link, locked until the transaction ends; raises LinkUnknown."""
    try:
        return await lock(session, Invitation, invitation_id)
    except NotFound:
        raise LinkUnknown from None


async def load_linked(session: AsyncSession, invitation_id: UUID) -> Invitation:
    """Returns the invitation of a genuine link without a lock; raises LinkUnknown."""
    try:
        return await load(session, Invitation, invitation_id)
    except NotFound:
        raise LinkUnknown from None


async def lock_with_commitment(session: AsyncSession, commitment_id: UUID) -> tuple[Campaign, Invitation, Commitment]:
    """Returns the campaign, the invitation and the commitment, locked in that order; raises NotFound."""
    commitment = await load(session, Commitment, commitment_id)
    campaign, invitation = await lock_with_invitation(session, commitment.invitation_id)
    return campaign, invitation, await lock(session, Commitment, commitment_id)


async def lock_commitment_of(session: AsyncSession, invitation_id: UUID) -> Commitment | None:
    """Returns the commitment of a locked invitation, locked too; None before there is one."""
    commitments = table("commitment")
    connection = await session.connection()
    locked = await connection.execute(
        select(commitments).where(commitments.c.invitation_id == invitation_id).with_for_update(key_share=True)
    )
    row = locked.mappings().one_or_none()
    return None if row is None else aggregate(Commitment, row)


async def announced_at(session: AsyncSession, campaign_id: UUID, threshold: int) -> datetime | None:
    """Returns when the milestone was announced, None before or where it wasn't reached."""
    milestones = table("milestone_reached")
    connection = await session.connection()
    found = await connection.execute(
        select(milestones.c.announced_at).where(
            milestones.c.campaign_id == campaign_id, milestones.c.threshold == threshold
        )
    )
    at: datetime | None = found.scalar_one_or_none()
    return at


async def note_announcement(session: AsyncSession, announced: MilestoneAnnounced) -> None:
    """Notes when a reached milestone was announced."""
    milestones = table("milestone_reached")
    connection = await session.connection()
    await connection.execute(
        update(milestones)
        .where(milestones.c.campaign_id == announced.campaign_id, milestones.c.threshold == announced.threshold)
        .values(announced_at=announced.announced_at)
    )


async def add_milestone(session: AsyncSession, reached: MilestoneReached) -> None:
    """Notes the milestone for good; the database refuses a second of the same threshold."""
    connection = await session.connection()
    await connection.execute(
        insert(table("milestone_reached")).values(
            campaign_id=reached.campaign_id,
            threshold=reached.threshold,
            ordinal=reached.ordinal,
            commitment_id=reached.commitment_id,
            reached_at=reached.reached_at,
        )
    )


@dataclass(frozen=True, slots=True)
class Selection:
    """Which local governments of the network: these ids, or with None all that match region and country."""

    network_id: UUID
    campaign_id: UUID
    local_government_ids: Collection[UUID] | None
    region: str | None = None
    country: str | None = None

    def parameters(self) -> dict[str, Any]:
        """Returns the selection as the statements below read it."""
        ids = self.local_government_ids
        return {
            "network_id": self.network_id,
            "campaign_id": self.campaign_id,
            "ids": None if ids is None else list(ids),
            "region": self.region,
            "country": self.country,
        }


_SELECTED = """
  FROM local_government lg
  LEFT JOIN local_government_contact contact ON contact.local_government_id = lg.id
  LEFT JOIN invitation ON invitation.campaign_id = :campaign_id AND invitation.local_government_id = lg.id
  LEFT JOIN person ON person.id = contact.person_id
 WHERE lg.network_id = :network_id
   AND (CAST(:ids AS uuid[]) IS NULL OR lg.id = ANY(CAST(:ids AS uuid[])))
   AND (CAST(:region AS text) IS NULL OR lg.region = :region)
   AND (CAST(:country AS text) IS NULL OR lg.country = :country)
"""

_COUNTED = text(f"""
SELECT count(*) AS selected, count(invitation.id) AS already_invited,
       count(*) FILTER (WHERE invitation.id IS NULL AND person.id IS NULL) AS without_contact
{_SELECTED}
""")

_TO_INVITE = text(f"""
SELECT lg.id AS local_government_id, person.id AS contact_id, person.language
{_SELECTED} AND invitation.id IS NULL AND person.id IS NOT NULL
 ORDER BY lg.id LIMIT :most
""")


async def count_selected(session: AsyncSession, selection: Selection) -> Mapping[str, int]:
    """Returns how many are `selected`, `already_invited` and `without_contact`."""
    connection = await session.connection()
    result = await connection.execute(_COUNTED, selection.parameters())
    return {name: int(value) for name, value in result.mappings().one().items()}


async def to_invite(session: AsyncSession, selection: Selection, most: int) -> Sequence[Mapping[str, Any]]:
    """Returns up to `most` (local_government_id, contact_id, language) that can be invited and weren't."""
    connection = await session.connection()
    result = await connection.execute(_TO_INVITE, {**selection.parameters(), "most": most})
    return [dict(row) for row in result.mappings()]


async def add_invitations(session: AsyncSession, invitations: Sequence[Invitation]) -> None:
    """Inserts new invitations in one statement."""
    await insert_many(session, table("invitation"), [columns(invitation) for invitation in invitations])
