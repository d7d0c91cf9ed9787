"""Commitments: lists, look-ups, and locking them with their campaign and invitation."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from polity_chassis.web.pagination import PageRequest, keyset
from sqlalchemy import ColumnElement, case, select, text
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.campaigns.domain import Campaign
from polity_membership.campaigns.tables import campaigns
from polity_membership.commitments.domain import RETURNED, Commitment
from polity_membership.commitments.tables import commitments
from polity_membership.database.aggregates import aggregate, load, lock, lock_all
from polity_membership.database.bulk import among
from polity_membership.database.rows import Rows, fetch_rows
from polity_membership.invitations.domain import COMMITTED, SUBMITTED, UNANSWERED, WITHDRAWN, Invitation
from polity_membership.invitations.queries import lock_with_invitation
from polity_membership.invitations.tables import invitations
from polity_membership.local_governments.domain import PublicLocalGovernment
from polity_membership.local_governments.queries import name_has, public_columns
from polity_membership.local_governments.tables import local_governments

_commitment_status: ColumnElement[str] = case(
    (commitments.c.withdrawn_at.is_not(None), WITHDRAWN),
    (commitments.c.ordinal.is_not(None), COMMITTED),
    (commitments.c.returned_at.is_not(None), RETURNED),
    else_=SUBMITTED,
)


@dataclass(frozen=True, slots=True)
class CommitmentFilter:
    """Filters of a campaign's commitments; None lets everything through. `theme` is one of the three ranked."""

    campaign_id: UUID
    status: str | None = None
    country: str | None = None
    region: str | None = None
    theme: str | None = None
    recorded_by: str | None = None
    q: str | None = None


async def list_commitments(
    session: AsyncSession, wanted: CommitmentFilter, page: PageRequest, *, newest_first: bool
) -> Rows:
    """Returns one page of commitments in the order in which they came, whatever became of them; one row more if any."""
    statement = (
        select(
            commitments,
            _commitment_status.label("status"),
            *(local_governments.c[name] for name in ("name", "country", "region", "subdivision")),
        )
        .join(local_governments, local_governments.c.id == commitments.c.local_government_id)
        .where(commitments.c.campaign_id == wanted.campaign_id)
    )
    if wanted.status:
        statement = statement.where(_commitment_status == wanted.status)
    for name in ("country", "region"):
        if value := getattr(wanted, name):
            statement = statement.where(local_governments.c[name] == value)
    if wanted.theme:
        statement = statement.where(commitments.c.themes.contains([wanted.theme]))
    if wanted.recorded_by:
        statement = statement.where(commitments.c.recorded_by == wanted.recorded_by)
    if wanted.q:
        statement = statement.where(name_has(wanted.q))
    return await fetch_rows(session, keyset(statement, [commitments.c.id], page, descending=newest_first))


async def commitment_of(session: AsyncSession, invitation_id: UUID) -> Commitment | None:
    """Returns the invitation's commitment, None before there is one."""
    found = await fetch_rows(session, select(commitments).where(commitments.c.invitation_id == invitation_id))
    return aggregate(Commitment, found[0]) if found else None


_SHOWN_WITH = text("""
SELECT local_government.name, local_government.country,
       signatory.name AS signatory_name, signatory.office AS signatory_office
  FROM commitment
  JOIN local_government ON local_government.id = commitment.local_government_id
  JOIN person signatory ON signatory.id = commitment.signatory_id
 WHERE commitment.id = :id
""")


async def shown_with(session: AsyncSession, commitment_id: UUID) -> Mapping[Any, Any]:
    """Returns name and country of the commitment's local government, and name and office of its signatory."""
    connection = await session.connection()
    return (await connection.execute(_SHOWN_WITH, {"id": commitment_id})).mappings().one()


async def lock_with_commitment(session: AsyncSession, commitment_id: UUID) -> tuple[Campaign, Invitation, Commitment]:
    """Returns the campaign, the invitation and the commitment, locked in that order; raises NotFound."""
    commitment = await load(session, Commitment, commitment_id)
    campaign, invitation = await lock_with_invitation(session, commitment.invitation_id)
    return campaign, invitation, await lock(session, Commitment, commitment_id)


@dataclass(frozen=True, slots=True)
class InvitationToAnswer:
    """An invitation, its campaign, and the commitment that was submitted or returned before, all locked.

    `local_government` is whom the invitation asks; it is not locked.
    """

    campaign: Campaign
    invitation: Invitation
    local_government: PublicLocalGovernment
    previous: Commitment | None = None


async def lock_to_answer(session: AsyncSession, invitation_ids: Collection[UUID]) -> dict[UUID, InvitationToAnswer]:
    """Returns the invitations that exist, by id; those of one campaign share its object."""
    of_campaigns = select(invitations.c.campaign_id).where(among(invitations.c.id, invitation_ids))
    by_id = {each.id: each for each in await lock_all(session, Campaign, campaigns.c.id.in_(of_campaigns))}
    asked = await _lock_with_local_governments(session, invitation_ids)
    waiting = [each.id for each, _ in asked if not by_id[each.campaign_id].counts_at_once]
    found = await lock_all(session, Commitment, among(commitments.c.invitation_id, waiting)) if waiting else []
    previous = {each.invitation_id: each for each in found}
    return {
        each.id: InvitationToAnswer(by_id[each.campaign_id], each, local_government, previous.get(each.id))
        for each, local_government in asked
    }


async def _lock_with_local_governments(
    session: AsyncSession, invitation_ids: Collection[UUID]
) -> list[tuple[Invitation, PublicLocalGovernment]]:
    """Returns the invitations in the order of their ids, locked as by `lock`, with what is public of whom they ask."""
    locking = (
        select(invitations, *public_columns())
        .join(local_governments, local_governments.c.id == invitations.c.local_government_id)
        .where(among(invitations.c.id, invitation_ids))
        .order_by(invitations.c.id)
        .with_for_update(key_share=True, of=invitations)
    )
    found = []
    for row in (await (await session.connection()).execute(locking)).mappings():
        values = dict(row)
        local_government = PublicLocalGovernment(
            **{field.name: values.pop(field.name) for field in fields(PublicLocalGovernment)}
        )
        found.append((aggregate(Invitation, values), local_government))
    return found


async def lock_unanswered(
    session: AsyncSession, local_government_id: UUID
) -> list[tuple[Invitation, Commitment | None]]:
    """Locks and returns the invitations without a counted commitment, each with the commitment that waits, if any."""
    of_place = (invitations.c.local_government_id == local_government_id) & invitations.c.status.in_(UNANSWERED)
    asked = await lock_all(session, Invitation, of_place)
    waiting = among(commitments.c.invitation_id, [each.id for each in asked])
    by_invitation = {each.invitation_id: each for each in await lock_all(session, Commitment, waiting)}
    return [(each, by_invitation.get(each.id)) for each in asked]


async def lock_commitments_of(session: AsyncSession, invitation_id: UUID) -> list[Commitment]:
    """Locks and returns the invitation's commitment: one, or none."""
    return await lock_all(session, Commitment, commitments.c.invitation_id == invitation_id)
