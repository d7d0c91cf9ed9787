"""InviteLocalGovernments: a campaign invites a selection of the register, each local government once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.ids import new_id
from polity_chassis.messaging.publishing.outbox import Outgoing, add_outgoing
from polity_chassis.web.idempotency import Ids, Key, once
from polity_contracts.membership.values import Deadline

from polity_membership.campaigns.domain import Campaign
from polity_membership.campaigns.errors import DeadlinePassed
from polity_membership.database.aggregates import lock
from polity_membership.invitations.domain import LARGEST_SELECTION, Invitation
from polity_membership.invitations.errors import TooManyInvitations
from polity_membership.invitations.queries import Selection, add_invitations, count_selected, to_invite
from polity_membership.local_governments.errors import LocalGovernmentUnknown


@dataclass(frozen=True, slots=True)
class InviteLocalGovernments:
    """`local_government_ids` None means everyone in the register who matches region and country.

    `reply_by` None means the campaign's own deadline.
    """

    campaign_id: UUID
    wave: str
    local_government_ids: frozenset[UUID] | None
    region: str | None = None
    country: str | None = None
    reply_by: Deadline | None = None


async def invite_local_governments(
    database: Database, command: InviteLocalGovernments, now: datetime, key: Key | None = None
) -> Ids:
    """Returns how many were `invited`, `already_invited` and `without_contact`, and how many `remaining`.

    One call invites at most LARGEST_SELECTION; the rest of "everyone" remains for the next.
    Raises NotFound, DeadlinePassed, TooManyInvitations or LocalGovernmentUnknown; then nobody was invited.
    """
    wanted = command.local_government_ids
    if wanted is not None and len(wanted) > LARGEST_SELECTION:
        raise TooManyInvitations
    async with database.transaction() as session:

        async def invite() -> Ids:
            campaign = await lock(session, Campaign, command.campaign_id)
            reply_by = command.reply_by or campaign.reply_by
            if reply_by.at <= now:
                raise DeadlinePassed
            selection = Selection(campaign.network_id, campaign.id, wanted, command.region, command.country)
            counted = await count_selected(session, selection)
            if wanted is not None and counted["selected"] < len(wanted):
                raise LocalGovernmentUnknown
            rows = await to_invite(session, selection, LARGEST_SELECTION)
            invitations = [_invitation(campaign, command.wave, reply_by, row, now) for row in rows]
            await add_invitations(session, invitations)
            issued = [
                Outgoing(invitation.id, invitation.fact_sequence, invitation.issue()) for invitation in invitations
            ]
            await add_outgoing(session, issued, occurred_at=now)
            already, without = counted["already_invited"], counted["without_contact"]
            return {
                "invited": len(invitations),
                "already_invited": already,
                "without_contact": without,
                "remaining": counted["selected"] - already - without - len(invitations),
            }

        return await once(session, key, invite)


def _invitation(campaign: Campaign, wave: str, reply_by: Deadline, row: Mapping[str, Any], now: datetime) -> Invitation:
    return Invitation(
        id=new_id(),
        campaign_id=campaign.id,
        network_id=campaign.network_id,
        local_government_id=row["local_government_id"],
        contact_id=row["contact_id"],
        language=row["language"],
        wave=wave,
        reply_by=reply_by,
        issued_at=now,
        fact_sequence=1,
    )
