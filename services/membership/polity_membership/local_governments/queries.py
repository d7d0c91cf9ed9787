"""What pages and lists show, read without locks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from polity_chassis.web.pagination import PageRequest, keyset
from sqlalchemy import ColumnElement, Select, Text, and_, case, cast, func, select, text
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.commitments.domain import Commitment
from polity_membership.database.aggregates import aggregate
from polity_membership.database.metadata import table
from polity_membership.values.texts import seen

Rows = Sequence[Mapping[Any, Any]]
NOT_INVITED = "none"
"""The status, in a filter, of whom the campaign hasn't invited."""

networks, places, members = table("network"), table("local_government"), table("network_member")
campaigns, invitations, commitments = table("campaign"), table("invitation"), table("commitment")
proofs, people = table("proof"), table("person")
milestones, contacts, mandates = table("milestone_reached"), table("local_government_contact"), table("mandate")


PLAIN_NAME: ColumnElement[str] = cast(func.lower(func.unaccent(places.c.name)), Text)
"""By this, lists of names stand as readers look them up: Évora with E, and Łódź with L."""


async def _rows(session: AsyncSession, statement: Select[Any]) -> Rows:
    connection = await session.connection()
    return (await connection.execute(statement)).mappings().all()


async def list_networks(session: AsyncSession, page: PageRequest) -> Rows:
    """Returns one page of networks, one row more if there is one."""
    return await _rows(session, keyset(select(networks), [networks.c.id], page))


async def members_of(session: AsyncSession, network_ids: Sequence[UUID]) -> Rows:
    """Returns the networks' members: co-presidents first, then by name."""
    return await _rows(
        session,
        select(members, places.c.name, places.c.country)
        .join(places, places.c.id == members.c.local_government_id)
        .where(members.c.network_id.in_(network_ids))
        .order_by(case((members.c.office == "member", 1), else_=0), PLAIN_NAME, places.c.id),
    )


def name_has(q: str) -> ColumnElement[bool]:
    """Whether a place's name has that part, accents and case aside."""
    wished = func.unaccent(" ".join(seen(q).split()).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_"))
    return func.unaccent(places.c.name).ilike(func.concat("%", wished, "%"))


@dataclass(frozen=True, slots=True)
class PlacesWanted:
    """Filters of the register; None lets everything through. `status` is that for `campaign_id`."""

    network_id: UUID
    region: str | None = None
    country: str | None = None
    q: str | None = None
    campaign_id: UUID | None = None
    status: str | None = None


async def list_local_governments(session: AsyncSession, wanted: PlacesWanted, page: PageRequest) -> Rows:
    """Returns one page of the register by name, without regard to accents or case; one row more if there is one."""
    invited = and_(invitations.c.campaign_id == wanted.campaign_id, invitations.c.local_government_id == places.c.id)
    statement = (
        select(
            places,
            invitations.c.id.label("invitation_id"),
            invitations.c.status,
            contacts.c.person_id.label("contact_id"),
            people.c.language.label("contact_language"),
            PLAIN_NAME.label("plain_name"),
        )
        .outerjoin(invitations, invited)
        .outerjoin(contacts, contacts.c.local_government_id == places.c.id)
        .outerjoin(people, people.c.id == contacts.c.person_id)
        .where(places.c.network_id == wanted.network_id)
    )
    for name in ("region", "country"):
        if value := getattr(wanted, name):
            statement = statement.where(places.c[name] == value)
    if wanted.q:
        statement = statement.where(name_has(wanted.q))
    if wanted.status == NOT_INVITED:
        statement = statement.where(invitations.c.status.is_(None))
    elif wanted.status:
        statement = statement.where(invitations.c.status == wanted.status)
    return await _rows(session, keyset(statement, [PLAIN_NAME, places.c.id], page))


async def list_campaigns(session: AsyncSession, network_id: UUID | None, page: PageRequest) -> Rows:
    """Returns one page of campaigns, the oldest first, one row more if there is one."""
    statement = select(campaigns)
    if network_id:
        statement = statement.where(campaigns.c.network_id == network_id)
    return await _rows(session, keyset(statement, [campaigns.c.id], page))


async def milestones_of(session: AsyncSession, campaign_ids: Sequence[UUID]) -> Rows:
    """Returns the milestones that the campaigns reached."""
    return await _rows(session, select(milestones).where(milestones.c.campaign_id.in_(campaign_ids)))


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
"""The newest whole letter; the one that a commitment on paper rests on, for the others are removed with it."""


_INVITATIONS = (
    select(
        invitations,
        places.c.name,
        places.c.country,
        places.c.subdivision,
        commitments.c.id.label("commitment_id"),
        commitments.c.made_at.label("committed_at"),
        commitments.c.submitted_at,
        commitments.c.withdrawn_at,
        commitments.c.ordinal,
        commitments.c.signatory_id,
        commitments.c.recorded_by,
        _LETTER,
    )
    .join(places, places.c.id == invitations.c.local_government_id)
    .outerjoin(commitments, commitments.c.invitation_id == invitations.c.id)
)


@dataclass(frozen=True, slots=True)
class InvitationsWanted:
    """Filters of a campaign's invitations; None lets everything through."""

    campaign_id: UUID
    status: str | None = None
    wave: str | None = None
    q: str | None = None
    overdue: bool | None = None


def _overdue(now: datetime) -> ColumnElement[bool]:
    """Whether the answer is still awaited though the deadline passed: until it, the link works."""
    return and_(invitations.c.status.in_(("invited", "interested")), invitations.c.reply_at < now)


async def list_invitations(
    session: AsyncSession, wanted: InvitationsWanted, page: PageRequest, now: datetime, *, newest_first: bool
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
    return await _rows(session, keyset(statement, [invitations.c.id], page, descending=newest_first))


async def one_invitation(session: AsyncSession, invitation_id: UUID, now: datetime) -> Mapping[Any, Any]:
    """Returns one invitation as lists show it; it is there."""
    statement = _INVITATIONS.add_columns(_overdue(now).label("overdue")).where(invitations.c.id == invitation_id)
    return (await _rows(session, statement))[0]


async def commitment_of(session: AsyncSession, invitation_id: UUID) -> Commitment | None:
    """Returns the invitation's commitment, None before there is one."""
    found = await _rows(session, select(commitments).where(commitments.c.invitation_id == invitation_id))
    return aggregate(Commitment, found[0]) if found else None


_SHOWN_WITH = text("""
SELECT place.name, place.country, signatory.name AS signatory_name, signatory.office AS signatory_office
  FROM commitment JOIN local_government place ON place.id = commitment.local_government_id
  JOIN person signatory ON signatory.id = commitment.signatory_id
 WHERE commitment.id = :id
""")


async def shown_with(session: AsyncSession, commitment_id: UUID) -> Mapping[Any, Any]:
    """Returns name and country of the commitment's place, and name and office of its signatory."""
    connection = await session.connection()
    return (await connection.execute(_SHOWN_WITH, {"id": commitment_id})).mappings().one()


async def mandates_under(session: AsyncSession, subject: str) -> Rows:
    """Returns the mandates that the sign-in acts under, with the name of the network or local government."""
    statement = (
        select(
            mandates.c.id,
            mandates.c.role,
            mandates.c.scope_id,
            networks.c.name.label("network_name"),
            networks.c.fallback_language,
            places.c.name.label("place_name"),
        )
        .outerjoin(networks, networks.c.id == mandates.c.scope_id)
        .outerjoin(places, places.c.id == mandates.c.scope_id)
        .where(mandates.c.subject == subject, mandates.c.ended_at.is_(None))
        .order_by(mandates.c.id)
    )
    return await _rows(session, statement)


_NETWORK_BY_OTHERS = {
    "mandate": text("""
SELECT coalesce(lg.network_id, mandate.scope_id) FROM mandate
  LEFT JOIN local_government lg ON lg.id = mandate.scope_id WHERE mandate.id = :id
"""),
    "proof": text("""
SELECT invitation.network_id FROM proof JOIN invitation ON invitation.id = proof.invitation_id WHERE proof.id = :id
"""),
}
"""Of rows that don't name their network themselves."""


async def network_of(session: AsyncSession, kind: str, id: UUID) -> UUID | None:  # noqa: A002
    """Returns the network of that `kind` of row (a table), None without such a row or network."""
    connection = await session.connection()
    if kind in _NETWORK_BY_OTHERS:
        found = await connection.execute(_NETWORK_BY_OTHERS[kind], {"id": id})
    else:
        rows = table(kind)
        found = await connection.execute(select(rows.c.network_id).where(rows.c.id == id))
    network_id: UUID | None = found.scalar_one_or_none()
    return network_id
