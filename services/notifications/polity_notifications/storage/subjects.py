"""What mails are about: networks, local governments, campaigns, invitations. Each write takes a set of any size."""

import json
from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from polity_contracts.invitations import (
    InterestExpressed,
    InvitationDeclined,
    InvitationExtended,
    InvitationIssued,
    InvitationRevoked,
)
from polity_contracts.membership import (
    CampaignOpened,
    CommitmentMade,
    LocalGovernmentRegistered,
    NetworkFounded,
)
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

F = TypeVar("F")

_NETWORKS = text("""
INSERT INTO network (network_id, name, fallback_language, time_zone, demonstration)
SELECT * FROM unnest(CAST(:network_id AS uuid[]), CAST(:name AS jsonb[]), CAST(:fallback_language AS text[]),
                     CAST(:time_zone AS text[]), CAST(:demonstration AS boolean[]))
    ON CONFLICT (network_id) DO UPDATE
   SET name = excluded.name, fallback_language = excluded.fallback_language, time_zone = excluded.time_zone,
       demonstration = excluded.demonstration
""")
_LOCAL_GOVERNMENTS = text("""
INSERT INTO local_government (local_government_id, name, time_zone)
SELECT * FROM unnest(CAST(:local_government_id AS uuid[]), CAST(:name AS text[]), CAST(:time_zone AS text[]))
    ON CONFLICT (local_government_id) DO UPDATE SET name = excluded.name, time_zone = excluded.time_zone
""")
_CAMPAIGNS = text("""
INSERT INTO campaign (campaign_id, network_id, title, objectives, fallback_language, demonstration)
SELECT * FROM unnest(CAST(:campaign_id AS uuid[]), CAST(:network_id AS uuid[]), CAST(:title AS jsonb[]),
                     CAST(:objectives AS jsonb[]), CAST(:fallback_language AS text[]),
                     CAST(:demonstration AS boolean[]))
    ON CONFLICT (campaign_id) DO UPDATE
   SET network_id = excluded.network_id, title = excluded.title, objectives = excluded.objectives,
       fallback_language = excluded.fallback_language, demonstration = excluded.demonstration
""")
_INVITATIONS = text("""
INSERT INTO invitation (invitation_id, link_generation, reply_by)
SELECT * FROM unnest(CAST(:invitation_id AS uuid[]), CAST(:link_generation AS int[]),
                     CAST(:reply_by AS timestamptz[]))
    ON CONFLICT (invitation_id) DO UPDATE
   SET link_generation = greatest(invitation.link_generation, excluded.link_generation),
       reply_by = excluded.reply_by
""")
_REVOKED = text("""
UPDATE invitation SET link_generation = greatest(invitation.link_generation, revoked.link_generation)
  FROM (SELECT invitation_id, max(link_generation) AS link_generation
          FROM unnest(CAST(:invitation_id AS uuid[]), CAST(:link_generation AS int[]))
               AS revoked (invitation_id, link_generation)
         GROUP BY invitation_id) AS revoked
 WHERE invitation.invitation_id = revoked.invitation_id
""")


_EXTENDED = text("""
UPDATE invitation SET reply_by = extended.reply_by
  FROM unnest(CAST(:invitation_id AS uuid[]), CAST(:reply_by AS timestamptz[])) AS extended (invitation_id, reply_by)
 WHERE invitation.invitation_id = extended.invitation_id
""")


_DECLINED = text("""
UPDATE invitation SET declined = :declined WHERE invitation_id = ANY(CAST(:invitation_id AS uuid[]))
""")
_COUNTED = text("""
INSERT INTO invitation (invitation_id, link_generation, counted)
SELECT invitation_id, 1, true FROM unnest(CAST(:invitation_id AS uuid[])) AS made (invitation_id)
    ON CONFLICT (invitation_id) DO UPDATE SET counted = true
""")
"""A pledge may be known here before its invitation, whose facts have another key."""


async def save_networks(session: AsyncSession, facts: Sequence[NetworkFounded]) -> None:
    """Writes the networks; the last fact of each wins, as in every function here."""
    rows = _last({fact.network_id: fact for fact in facts})
    columns = {
        "network_id": [row.network_id for row in rows],
        "name": [json.dumps(row.name) for row in rows],
        "fallback_language": [row.fallback_language for row in rows],
        "time_zone": [row.time_zone for row in rows],
        "demonstration": [row.demonstration for row in rows],
    }
    await (await session.connection()).execute(_NETWORKS, columns)


async def save_local_governments(session: AsyncSession, facts: Sequence[LocalGovernmentRegistered]) -> None:
    rows = _last({fact.local_government_id: fact for fact in facts})
    columns = {
        "local_government_id": [row.local_government_id for row in rows],
        "name": [row.name for row in rows],
        "time_zone": [row.time_zone for row in rows],
    }
    await (await session.connection()).execute(_LOCAL_GOVERNMENTS, columns)


async def save_campaigns(session: AsyncSession, facts: Sequence[CampaignOpened]) -> None:
    rows = _last({fact.campaign_id: fact for fact in facts})
    columns = {
        "campaign_id": [row.campaign_id for row in rows],
        "network_id": [row.network_id for row in rows],
        "title": [json.dumps(row.title) for row in rows],
        "objectives": [json.dumps(row.objectives) for row in rows],
        "fallback_language": [row.fallback_language for row in rows],
        "demonstration": [row.demonstration for row in rows],
    }
    await (await session.connection()).execute(_CAMPAIGNS, columns)


async def save_invitations(session: AsyncSession, facts: Sequence[InvitationIssued]) -> None:
    rows = _last({fact.invitation_id: fact for fact in facts})
    columns = {
        "invitation_id": [row.invitation_id for row in rows],
        "link_generation": [row.link_generation for row in rows],
        "reply_by": [row.reply_by.at for row in rows],
    }
    await (await session.connection()).execute(_INVITATIONS, columns)


async def save_extensions(session: AsyncSession, facts: Sequence[InvitationExtended]) -> None:
    """Notes until when the invitations may be answered now."""
    rows = _last({fact.invitation_id: fact for fact in facts})
    columns = {
        "invitation_id": [row.invitation_id for row in rows],
        "reply_by": [row.reply_by.at for row in rows],
    }
    await (await session.connection()).execute(_EXTENDED, columns)


async def save_revocations(session: AsyncSession, facts: Sequence[InvitationRevoked]) -> None:
    """Notes which generation of links is valid now."""
    columns = {
        "invitation_id": [fact.invitation_id for fact in facts],
        "link_generation": [fact.link_generation for fact in facts],
    }
    await (await session.connection()).execute(_REVOKED, columns)


async def save_declines(session: AsyncSession, facts: Sequence[InvitationDeclined]) -> None:
    """Notes who said "not this time"."""
    await _say_declined(session, {fact.invitation_id for fact in facts}, declined=True)


async def save_interest(session: AsyncSession, facts: Sequence[InterestExpressed]) -> None:
    """Notes who changed their mind."""
    await _say_declined(session, {fact.invitation_id for fact in facts if fact.reconsidered}, declined=False)


async def save_commitments(session: AsyncSession, facts: Sequence[CommitmentMade]) -> None:
    """Notes by which invitations pledges count, imported ones too; withdrawn later, they are still answered."""
    ids = sorted({fact.invitation_id for fact in facts if fact.invitation_id})
    await (await session.connection()).execute(_COUNTED, {"invitation_id": ids})


async def _say_declined(session: AsyncSession, invitation_ids: set[UUID], *, declined: bool) -> None:
    if invitation_ids:
        parameters = {"invitation_id": sorted(invitation_ids), "declined": declined}
        await (await session.connection()).execute(_DECLINED, parameters)


def _last(rows: dict[UUID, F]) -> list[F]:
    """Returns the rows in the order of their ids, in which two writers can't wait for each other."""
    return [rows[row_id] for row_id in sorted(rows)]
