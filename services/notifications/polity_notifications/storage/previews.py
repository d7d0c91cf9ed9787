"""What an invitation to a campaign would say, before there is one."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_notifications.domain.deliveries import Kind
from polity_notifications.storage.queue import Letter

_CAMPAIGN = text("""
SELECT campaign.title, campaign.objectives, campaign.fallback_language,
       campaign.demonstration OR network.demonstration AS demonstration,
       network.name AS network_name, network.fallback_language AS network_language,
       network.time_zone AS network_zone
  FROM campaign LEFT JOIN network USING (network_id)
 WHERE campaign.campaign_id = :campaign_id
""")


async def invitation(
    session: AsyncSession, campaign_id: UUID, *, place: str, zone: str, language: str, reply_by: datetime
) -> Letter:
    """Returns the invitation to the campaign, which must be known, for a place in that IANA zone; it is to nobody."""
    row = (await (await session.connection()).execute(_CAMPAIGN, {"campaign_id": campaign_id})).mappings().one()
    return Letter(
        **row,
        delivery_id=campaign_id,
        kind=Kind.INVITATION,
        campaign_id=campaign_id,
        attempts=0,
        ordinal=None,
        threshold=None,
        traceparent=None,
        waited=timedelta(),
        person_name=None,
        email=None,
        language=language,
        local_government_name=place,
        local_government_zone=zone,
        invitation_id=None,
        link_generation=None,
        reply_by=reply_by,
        reached_at=None,
    )
