"""The locks and sets around campaigns and their invitations."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from polity_contracts.membership.campaigns import MilestoneAnnounced, MilestoneReached
from sqlalchemy import ColumnElement, Table, insert, select, text, update
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.campaigns.domain import Campaign
from polity_membership.commitments.domain import Commitment
from polity_membership.database.aggregates import aggregate, columns, load, lock, lock_all
from polity_membership.database.bulk import among, insert_many
from polity_membership.database.metadata import table
from polity_membership.errors import LinkUnknown, NotFound
from polity_membership.invitations.domain import UNANSWERED, Invitation
from polity_membership.local_governments.domain import PublicPlace


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


@dataclass(frozen=True, slots=True)
class Asked:
    """An invitation, its campaign, and the pledge that was returned or submitted before; all of them locked.

    `place` is that of whom the invitation asks, unlocked.
    """

    campaign: Campaign
    invitation: Invitation
    place: PublicPlace
    earlier: Commitment | None = None


async def lock_asked(session: AsyncSession, invitation_ids: Collection[UUID]) -> dict[UUID, Asked]:
    """Returns by id the invitations that exist; those of one campaign share its object."""
    campaigns, invitations, commitments = table("campaign"), table("invitation"), table("commitment")
    of_campaigns = select(invitations.c.campaign_id).where(among(invitations.c.id, invitation_ids))
    by_id = {each.id: each for each in await lock_all(session, Campaign, campaigns.c.id.in_(of_campaigns))}
    asked = await _lock_with_places(session, invitation_ids)
    waiting = [each.id for each, _ in asked if not by_id[each.campaign_id].counts_at_once]
    found = await lock_all(session, Commitment, among(commitments.c.invitation_id, waiting)) if waiting else []
    earlier = {each.invitation_id: each for each in found}
    return {each.id: Asked(by_id[each.campaign_id], each, place, earlier.get(each.id)) for each, place in asked}


async def _lock_with_places(
    session: AsyncSession, invitation_ids: Collection[UUID]
) -> list[tuple[Invitation, PublicPlace]]:
    """Returns the invitations, locked as `lock` does, in the order of their ids, each with the place that it asks."""
    invitations, places = table("invitation"), table("local_government")
    locking = (
        select(invitations, *_public(places))
        .join(places, places.c.id == invitations.c.local_government_id)
        .where(among(invitations.c.id, invitation_ids))
        .order_by(invitations.c.id)
        .with_for_update(key_share=True, of=invitations)
    )
    found = []
    for row in (await (await session.connection()).execute(locking)).mappings():
        values = dict(row)
        place = PublicPlace(**{field.name: values.pop(field.name) for field in fields(PublicPlace)})
        found.append((aggregate(Invitation, values), place))
    return found


async def public_places(session: AsyncSession, local_government_ids: Collection[UUID]) -> dict[UUID, PublicPlace]:
    """Returns by id what is public of local governments once their pledges count."""
    places = table("local_government")
    wanted = select(places.c.id, *_public(places)).where(among(places.c.id, local_government_ids))
    rows = (await (await session.connection()).execute(wanted)).mappings()
    return {row["id"]: PublicPlace(**{field.name: row[field.name] for field in fields(PublicPlace)}) for row in rows}


def _public(places: Table) -> list[ColumnElement[Any]]:
    return [places.c[field.name] for field in fields(PublicPlace)]


async def asked_among(session: AsyncSession, local_government_ids: Collection[UUID]) -> set[UUID]:
    """Returns which of the local governments were asked something that they may still answer."""
    rows = table("invitation")
    asked = among(rows.c.local_government_id, local_government_ids) & rows.c.status.in_(UNANSWERED)
    found = await (await session.connection()).execute(select(rows.c.local_government_id).where(asked))
    return set(found.scalars())


async def lock_unanswered(
    session: AsyncSession, local_government_id: UUID
) -> list[tuple[Invitation, Commitment | None]]:
    """Returns what the local government was asked and has no pledge for that counts, with one that waits; locked."""
    invitations, commitments = table("invitation"), table("commitment")
    of_place = (invitations.c.local_government_id == local_government_id) & invitations.c.status.in_(UNANSWERED)
    asked = await lock_all(session, Invitation, of_place)
    waiting = among(commitments.c.invitation_id, [each.id for each in asked])
    pledges = {each.invitation_id: each for each in await lock_all(session, Commitment, waiting)}
    return [(each, pledges.get(each.id)) for each in asked]


async def lock_pledges(session: AsyncSession, invitation_id: UUID) -> list[Commitment]:
    """Returns the pledge that was given for the invitation, if any, locked until the transaction ends."""
    return await lock_all(session, Commitment, table("commitment").c.invitation_id == invitation_id)


async def campaigns_of(session: AsyncSession, invitation_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Returns by id the campaigns of the invitations that exist, and waits for no lock."""
    rows = table("invitation")
    found = select(rows.c.id, rows.c.campaign_id).where(among(rows.c.id, invitation_ids))
    return {row.id: row.campaign_id for row in await (await session.connection()).execute(found)}


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


async def add_milestones(session: AsyncSession, reached: Sequence[MilestoneReached]) -> None:
    """Notes the milestones for good; the database refuses a second of the same threshold."""
    if reached:
        columns_of_row = ("campaign_id", "threshold", "ordinal", "commitment_id", "reached_at")
        values = [{name: getattr(each, name) for name in columns_of_row} for each in reached]
        await (await session.connection()).execute(insert(table("milestone_reached")), values)


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

    An erasure of one of the contacts waits: it, and who is the contact after it, finds the invitation.
    """
    connection = await session.connection()
    result = await connection.execute(_TO_INVITE, {**selection.parameters(), "most": most})
    return [dict(row) for row in result.mappings()]


async def add_invitations(session: AsyncSession, invitations: Sequence[Invitation]) -> None:
    """Inserts new invitations in one statement."""
    await insert_many(session, table("invitation"), (columns(invitation) for invitation in invitations))
