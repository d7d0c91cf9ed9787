"""The figures and lists of a campaign's overview, read without locks."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.database.rows import Rows

_WAVES = text("""
SELECT wave,
       count(*) FILTER (WHERE status <> 'revoked') AS invited,
       count(*) FILTER (WHERE status = 'invited') AS unanswered,
       count(*) FILTER (WHERE status = 'interested') AS interested,
       count(*) FILTER (WHERE status = 'declined') AS declined,
       count(*) FILTER (WHERE status = 'submitted') AS submitted,
       count(*) FILTER (WHERE status = 'committed') AS committed,
       count(*) FILTER (WHERE status = 'withdrawn') AS withdrawn,
       mode() WITHIN GROUP (ORDER BY reply_at) AS reply_at,
       mode() WITHIN GROUP (ORDER BY reply_time_zone) AS reply_time_zone,
       min(reply_at) FILTER (WHERE status IN ('invited', 'interested') AND reply_at > :now) AS next_reply_at
  FROM invitation WHERE campaign_id = :campaign_id
 GROUP BY wave ORDER BY min(issued_at), wave
""")
"""The deadline is the one that most were given: an extension for one of them doesn't move it."""

_ANSWERS = text("""
SELECT invitation.id AS invitation_id, invitation.status,
       local_government.name, local_government.country, local_government.subdivision,
       commitment.ordinal, count(*) OVER () AS answered,
       answer.at
  FROM campaign
  JOIN invitation ON invitation.campaign_id = campaign.id
  LEFT JOIN commitment ON commitment.invitation_id = invitation.id
  JOIN local_government ON local_government.id = invitation.local_government_id
 CROSS JOIN LATERAL (
       SELECT greatest(invitation.interested_at, invitation.declined_at, commitment.submitted_at, commitment.made_at)
              AS at) AS answer
 WHERE campaign.id = :campaign_id AND invitation.status <> 'revoked'
   AND answer.at >= date_trunc('day', :now, campaign.reply_time_zone)
 ORDER BY answer.at DESC, invitation.id LIMIT :most
""")
_LETTERS = text("""
SELECT invitation.id AS invitation_id, local_government.name, max(proof.finished_at) AS at
  FROM invitation
  JOIN proof ON proof.invitation_id = invitation.id
  JOIN local_government ON local_government.id = invitation.local_government_id
 WHERE invitation.campaign_id = :campaign_id AND invitation.status IN ('invited', 'interested', 'declined')
   AND proof.sent_by = 'link' AND proof.finished_at IS NOT NULL
   AND proof.folder IS NOT NULL AND proof.removal_asked_at IS NULL
 GROUP BY invitation.id, local_government.name ORDER BY at, invitation_id LIMIT :most
""")


async def letters_of(session: AsyncSession, campaign_id: UUID, most: int) -> Rows:
    """Returns who sent a photo of a signed letter that nobody has recorded as an answer yet, the earliest first."""
    connection = await session.connection()
    return (await connection.execute(_LETTERS, {"campaign_id": campaign_id, "most": most})).mappings().all()


async def waves_of(session: AsyncSession, campaign_id: UUID, now: datetime) -> Rows:
    """Returns the waves in the order of their sending: counts by status, the deadline that most were given, and the
    next deadline of those who may still answer."""
    connection = await session.connection()
    return (await connection.execute(_WAVES, {"campaign_id": campaign_id, "now": now})).mappings().all()


async def answers_of_today(session: AsyncSession, campaign_id: UUID, now: datetime, most: int) -> Rows:
    """Returns the newest answers of this day in the campaign's zone, each with how many they are in all (`answered`).

    A local government that said twice something today is there once, with what it said last.
    """
    connection = await session.connection()
    parameters = {"campaign_id": campaign_id, "now": now, "most": most}
    return (await connection.execute(_ANSWERS, parameters)).mappings().all()
