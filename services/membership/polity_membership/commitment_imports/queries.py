"""What the register and the campaign have of an import already, and inserting what they lack."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from polity_contracts.membership.campaigns import MilestoneReached
from sqlalchemy import Select, select, text
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.campaigns.domain import Campaign
from polity_membership.campaigns.queries import add_milestones
from polity_membership.commitment_imports.domain.matching import KnownLocalGovernment
from polity_membership.commitments.domain import Commitment
from polity_membership.commitments.tables import commitments
from polity_membership.database.aggregates import aggregate, columns, lock_all
from polity_membership.database.bulk import among, insert_many
from polity_membership.invitations.domain import Invitation
from polity_membership.invitations.tables import invitations
from polity_membership.local_governments.domain import LocalGovernment
from polity_membership.local_governments.tables import local_governments
from polity_membership.people.domain import Person
from polity_membership.people.tables import people

_KNOWN = text("""
SELECT lg.id, person.id AS contact_id, person.language, invitation.id AS invitation_id,
       commitment.id IS NOT NULL AS committed
  FROM local_government lg
  LEFT JOIN local_government_contact contact ON contact.local_government_id = lg.id
  LEFT JOIN person ON person.id = contact.person_id AND person.erased_at IS NULL
  LEFT JOIN invitation ON invitation.campaign_id = :campaign_id AND invitation.local_government_id = lg.id
  LEFT JOIN commitment ON commitment.campaign_id = :campaign_id AND commitment.local_government_id = lg.id
 WHERE lg.network_id = :network_id AND lg.id = ANY(CAST(:ids AS uuid[]))
""")
_CLOSED = text("""
UPDATE invitation SET status = closed.status, answer_step = closed.step, declined_at = NULL, decline_reason = NULL
  FROM unnest(CAST(:ids AS uuid[]), CAST(:statuses AS text[]), CAST(:steps AS int[])) AS closed (id, status, step)
 WHERE invitation.id = closed.id
""")
_FORGET_DRAFTS = text("DELETE FROM answer_draft WHERE invitation_id = ANY(CAST(:ids AS uuid[]))")
_REMOVE_PROOFS = text("""
UPDATE proof SET removal_asked_at = :now
 WHERE invitation_id = ANY(CAST(:ids AS uuid[])) AND removal_asked_at IS NULL
""")


async def lock_known(
    session: AsyncSession, campaign: Campaign, ids: Collection[UUID]
) -> dict[UUID, KnownLocalGovernment]:
    """Returns these local governments of the campaign's network and how far each has come in the campaign.

    Those without a contact are locked until the transaction ends, so that nobody else gives them one.
    """
    known = await known_local_governments(session, campaign, ids)
    lacking = [each.id for each in known.values() if each.contact_id is None]
    if not lacking:
        return known
    await lock_all(session, LocalGovernment, among(local_governments.c.id, lacking))
    return await known_local_governments(session, campaign, ids)


async def known_local_governments(
    session: AsyncSession, campaign: Campaign, ids: Collection[UUID]
) -> dict[UUID, KnownLocalGovernment]:
    """Returns these local governments of the campaign's network and how far each has come in the campaign."""
    parameters = {"campaign_id": campaign.id, "network_id": campaign.network_id, "ids": list(ids)}
    return {
        row.id: KnownLocalGovernment(*row) for row in await (await session.connection()).execute(_KNOWN, parameters)
    }


async def lock_invitations(session: AsyncSession, known: Mapping[UUID, KnownLocalGovernment]) -> dict[UUID, Invitation]:
    """Returns their invitations by id, locked in the order of the ids until the transaction ends."""
    return await _invitations(session, _of(known).with_for_update(key_share=True))


async def invitations_of(session: AsyncSession, known: Mapping[UUID, KnownLocalGovernment]) -> dict[UUID, Invitation]:
    """Returns their invitations by id."""
    return await _invitations(session, _of(known))


def _of(known: Mapping[UUID, KnownLocalGovernment]) -> Select[Any]:
    ids = [each.invitation_id for each in known.values() if each.invitation_id]
    return select(invitations).where(among(invitations.c.id, ids)).order_by(invitations.c.id)


async def _invitations(session: AsyncSession, wanted: Select[Any]) -> dict[UUID, Invitation]:
    connection = await session.connection()
    return {row["id"]: aggregate(Invitation, row) for row in (await connection.execute(wanted)).mappings()}


async def close_invitations(session: AsyncSession, answered: Sequence[Invitation], now: datetime) -> None:
    """Saves the status of invitations that are answered by the import, and removes their saved forms and proofs."""
    if not answered:
        return
    ids = [invitation.id for invitation in answered]
    connection = await session.connection()
    closed = {
        "statuses": [invitation.status for invitation in answered],
        "steps": [invitation.answer_step for invitation in answered],
    }
    await connection.execute(_CLOSED, {"ids": ids, **closed})
    await connection.execute(_FORGET_DRAFTS, {"ids": ids})
    await connection.execute(_REMOVE_PROOFS, {"ids": ids, "now": now})


async def add_commitments(
    session: AsyncSession,
    signatories: Sequence[Person],
    made: Sequence[Commitment],
    milestones: Sequence[MilestoneReached],
) -> None:
    """Inserts commitments with their signatories, and the milestones that fell on them."""
    await insert_many(session, people, (columns(person) for person in signatories))
    await insert_many(session, commitments, (columns(commitment) for commitment in made))
    await add_milestones(session, milestones)
