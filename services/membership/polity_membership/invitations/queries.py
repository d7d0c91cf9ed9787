"""Invitations: lists, look-ups, selecting whom to invite, and locking them with their campaign."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from polity_chassis.web.pagination import PageRequest, keyset
from sqlalchemy import ColumnElement, and_, select, text
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.campaigns.domain import Campaign
from polity_membership.campaigns.tables import campaigns
from polity_membership.commitments.tables import commitments
from polity_membership.database.aggregates import aggregate, columns, load, lock
from polity_membership.database.bulk import among, insert_many
from polity_membership.database.rows import Rows, fetch_rows
from polity_membership.errors import LinkUnknown, NotFound
from polity_membership.invitations.domain import UNANSWERED, Invitation
from polity_membership.invitations.tables import invitations
from polity_membership.local_governments.queries import name_has
from polity_membership.local_governments.tables import local_governments
from polity_membership.proofs.tables import proofs


async def lock_with_invitation(session: AsyncSession, invitation_id: UUID) -> tuple[Campaign, Invitation]:
    """Locks and returns the campaign and the invitation, in that order; raises LinkUnknown."""
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
    """Locks and returns the invitation of a verified link; raises LinkUnknown if it doesn't exist."""
    try:
        return await lock(session, Invitation, invitation_id)
    except NotFound:
        raise LinkUnknown from None


async def load_linked(session: AsyncSession, invitation_id: UUID) -> Invitation:
    """Returns the invitation of a verified link without a lock; raises LinkUnknown if it doesn't exist."""
    try:
        return await load(session, Invitation, invitation_id)
    except NotFound:
        raise LinkUnknown from None


async def asked_among(session: AsyncSession, local_government_ids: Collection[UUID]) -> set[UUID]:
    """Returns which of the local governments have an invitation without a commitment that counts."""
    asked = among(invitations.c.local_government_id, local_government_ids) & invitations.c.status.in_(UNANSWERED)
    found = await (await session.connection()).execute(select(invitations.c.local_government_id).where(asked))
    return set(found.scalars())


async def campaigns_of(session: AsyncSession, invitation_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Returns the campaign ids of the invitations that exist, by invitation id; takes no lock."""
    found = select(invitations.c.id, invitations.c.campaign_id).where(among(invitations.c.id, invitation_ids))
    return {row.id: row.campaign_id for row in await (await session.connection()).execute(found)}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which local governments of the network: these ids, or if None all that match region and country."""

    network_id: UUID
    campaign_id: UUID
    local_government_ids: Collection[UUID] | None
    region: str | None = None
    country: str | None = None

    def parameters(self) -> dict[str, Any]:
        """Returns the parameters of the statements below."""
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
SELECT open.id AS local_government_id, person.id AS contact_id, person.language
  FROM (SELECT lg.id, contact.person_id
        {_SELECTED} AND invitation.id IS NULL AND person.id IS NOT NULL
         ORDER BY lg.id LIMIT :most) AS open
  JOIN person ON person.id = open.person_id AND person.erased_at IS NULL
 ORDER BY open.id FOR SHARE OF person
""")  # noqa: S608  no part of it is asked for


async def count_selected(session: AsyncSession, selection: Selection) -> Mapping[str, int]:
    """Returns how many are `selected`, `already_invited` and `without_contact`."""
    connection = await session.connection()
    result = await connection.execute(_COUNTED, selection.parameters())
    return {name: int(value) for name, value in result.mappings().one().items()}


async def to_invite(session: AsyncSession, selection: Selection, most: int) -> Sequence[Mapping[str, Any]]:
    """Returns up to `most` (local_government_id, contact_id, language) that can be invited and weren't.

    Locks the contacts FOR SHARE: an erasure of one waits, and then finds the invitation.
    """
    connection = await session.connection()
    result = await connection.execute(_TO_INVITE, {**selection.parameters(), "most": most})
    return [dict(row) for row in result.mappings()]


async def add_invitations(session: AsyncSession, new: Sequence[Invitation]) -> None:
    """Inserts new invitations in one statement."""
    await insert_many(session, invitations, (columns(invitation) for invitation in new))


_LETTER = (
    select(proofs.c.id)
    .where(
        proofs.c.invitation_id == invitations.c.id,
        proofs.c.finished_at.is_not(None),
        proofs.c.removal_asked_at.is_(None),
    )
    .order_by(proofs.c.finished_at.desc(), proofs.c.id)
    .limit(1)
    .correlate(invitations)
    .scalar_subquery()
    .label("proof_id")
)
"""The newest complete proof: the one that a commitment on paper rests on, since the others are removed with it."""


_INVITATIONS = (
    select(
        invitations,
        local_governments.c.name,
        local_governments.c.country,
        local_governments.c.subdivision,
        commitments.c.id.label("commitment_id"),
        commitments.c.made_at.label("committed_at"),
        commitments.c.submitted_at,
        commitments.c.withdrawn_at,
        commitments.c.ordinal,
        commitments.c.signatory_id,
        commitments.c.recorded_by,
        _LETTER,
    )
    .join(local_governments, local_governments.c.id == invitations.c.local_government_id)
    .outerjoin(commitments, commitments.c.invitation_id == invitations.c.id)
)


@dataclass(frozen=True, slots=True)
class InvitationFilter:
    """Filters of a campaign's invitations; None lets everything through."""

    campaign_id: UUID
    status: str | None = None
    wave: str | None = None
    q: str | None = None
    overdue: bool | None = None


def _overdue(now: datetime) -> ColumnElement[bool]:
    """Whether the deadline passed without a final answer."""
    return and_(invitations.c.status.in_(("invited", "interested")), invitations.c.reply_at < now)


async def list_invitations(
    session: AsyncSession, wanted: InvitationFilter, page: PageRequest, now: datetime, *, newest_first: bool
) -> Rows:
    """Returns one page of a campaign's invitations in the order of their issue, one row more if there is one."""
    overdue = _overdue(now)
    statement = _INVITATIONS.add_columns(overdue.label("overdue"))
    statement = statement.where(invitations.c.campaign_id == wanted.campaign_id)
    for name in ("status", "wave"):
        if value := getattr(wanted, name):
            statement = statement.where(invitations.c[name] == value)
    if wanted.q:
        statement = statement.where(name_has(wanted.q))
    if wanted.overdue is not None:
        statement = statement.where(overdue.is_(wanted.overdue))
    return await fetch_rows(session, keyset(statement, [invitations.c.id], page, descending=newest_first))


async def one_invitation(session: AsyncSession, invitation_id: UUID, now: datetime) -> Mapping[Any, Any]:
    """Returns one invitation as lists show it. It must exist."""
    statement = _INVITATIONS.add_columns(_overdue(now).label("overdue")).where(invitations.c.id == invitation_id)
    return (await fetch_rows(session, statement))[0]
