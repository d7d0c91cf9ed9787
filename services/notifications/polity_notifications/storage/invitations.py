"""How invitations stand, and the pledges that answer them. Each write takes a set of any size."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from polity_chassis.messaging.consuming.records import Received
from polity_contracts.membership.commitments import (
    CommitmentMade,
    CommitmentReturned,
    CommitmentSubmitted,
    CommitmentWithdrawn,
)
from polity_contracts.membership.invitations import (
    InterestExpressed,
    InvitationDeclined,
    InvitationExtended,
    InvitationIssued,
    InvitationRevoked,
)
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.domain.validity import Pledge

R = TypeVar("R")

_ISSUED = text("""
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
UPDATE invitation SET declined = true, declined_sequence = said.sequence
  FROM unnest(CAST(:invitation_id AS uuid[]), CAST(:sequence AS bigint[])) AS said (invitation_id, sequence)
 WHERE invitation.invitation_id = said.invitation_id
""")
_RECONSIDERED = text("""
UPDATE invitation SET declined = false, declined_sequence = NULL
 WHERE invitation_id = ANY (CAST(:invitation_id AS uuid[]))
""")
_PLEDGED = text("""
INSERT INTO invitation (invitation_id, link_generation, commitment_id, pledge, pledge_sequence, counted)
SELECT invitation_id, 1, commitment_id, :pledge, sequence, :counted
  FROM unnest(CAST(:invitation_id AS uuid[]), CAST(:commitment_id AS uuid[]), CAST(:sequence AS bigint[]))
       AS given (invitation_id, commitment_id, sequence)
    ON CONFLICT (invitation_id) DO UPDATE
   SET commitment_id = excluded.commitment_id, pledge = excluded.pledge, pledge_sequence = excluded.pledge_sequence,
       counted = invitation.counted OR excluded.counted
""")
"""A pledge may be known here before its invitation, whose facts have another key."""
_WITHDRAWN = text("""
UPDATE invitation SET pledge = 'withdrawn', pledge_sequence = withdrawn.sequence
  FROM unnest(CAST(:commitment_id AS uuid[]), CAST(:sequence AS bigint[])) AS withdrawn (commitment_id, sequence)
 WHERE invitation.commitment_id = withdrawn.commitment_id
RETURNING invitation.invitation_id
""")


async def save_invitations(session: AsyncSession, facts: Sequence[Received[InvitationIssued]]) -> None:
    rows = last_of_each({received.fact.invitation_id: received.fact for received in facts})
    columns = {
        "invitation_id": [row.invitation_id for row in rows],
        "link_generation": [row.link_generation for row in rows],
        "reply_by": [row.reply_by.at for row in rows],
    }
    await (await session.connection()).execute(_ISSUED, columns)


async def save_extensions(session: AsyncSession, facts: Sequence[Received[InvitationExtended]]) -> None:
    """Notes until when the invitations may be answered now."""
    rows = last_of_each({received.fact.invitation_id: received.fact for received in facts})
    columns = {
        "invitation_id": [row.invitation_id for row in rows],
        "reply_by": [row.reply_by.at for row in rows],
    }
    await (await session.connection()).execute(_EXTENDED, columns)


async def save_revocations(session: AsyncSession, facts: Sequence[Received[InvitationRevoked]]) -> None:
    """Notes which generation of links is valid now."""
    columns = {
        "invitation_id": [received.fact.invitation_id for received in facts],
        "link_generation": [received.fact.link_generation for received in facts],
    }
    await (await session.connection()).execute(_REVOKED, columns)


async def save_declines(session: AsyncSession, facts: Sequence[Received[InvitationDeclined]]) -> None:
    """Notes who said "not this time", and by which fact."""
    rows = last_of_each({received.fact.invitation_id: received for received in facts})
    columns = {
        "invitation_id": [row.fact.invitation_id for row in rows],
        "sequence": [row.sequence for row in rows],
    }
    await (await session.connection()).execute(_DECLINED, columns)


async def save_interest(session: AsyncSession, facts: Sequence[Received[InterestExpressed]]) -> None:
    """Notes who changed their mind."""
    ids = sorted({received.fact.invitation_id for received in facts if received.fact.reconsidered})
    if ids:
        await (await session.connection()).execute(_RECONSIDERED, {"invitation_id": ids})


async def save_pledges(
    session: AsyncSession,
    facts: Sequence[Received[CommitmentSubmitted] | Received[CommitmentReturned] | Received[CommitmentMade]],
    pledge: Pledge,
) -> None:
    """Notes what became of the pledges that answer invitations, imported ones too."""
    rows = last_of_each({r.fact.invitation_id: r for r in facts if r.fact.invitation_id})
    columns = {
        "invitation_id": [row.fact.invitation_id for row in rows],
        "commitment_id": [row.fact.commitment_id for row in rows],
        "sequence": [row.sequence for row in rows],
    }
    values = {"pledge": pledge.value, "counted": pledge is Pledge.MADE}
    await (await session.connection()).execute(_PLEDGED, columns | values)


async def save_withdrawals(session: AsyncSession, facts: Sequence[Received[CommitmentWithdrawn]]) -> list[UUID]:
    """Notes which pledges stand no longer; returns the invitations that they answered, as far as these are known."""
    columns = {
        "commitment_id": [received.fact.commitment_id for received in facts],
        "sequence": [received.sequence for received in facts],
    }
    return list((await (await session.connection()).execute(_WITHDRAWN, columns)).scalars())


def last_of_each(rows: dict[UUID, R]) -> list[R]:
    """Returns the rows in the order of their ids, in which two writers can't wait for each other."""
    return [rows[row_id] for row_id in sorted(rows)]
