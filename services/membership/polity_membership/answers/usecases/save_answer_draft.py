"""SaveAnswerDraft: the holder of a link saves the form, for anyone who continues with the same link."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database

from polity_membership.answers.domain import AnswerDraft, Filled
from polity_membership.answers.queries import draft_of, save_draft
from polity_membership.invitations.queries import lock_linked


@dataclass(frozen=True, slots=True)
class SaveAnswerDraft:
    """`generation` is the link's; `check_revision` raises if the caller hasn't seen the revision passed to it."""

    invitation_id: UUID
    generation: int
    filled: Filled
    check_revision: Callable[[int], None]


async def save_answer_draft(database: Database, command: SaveAnswerDraft, now: datetime) -> AnswerDraft:
    """Returns the form as it is saved now.

    Saving what is saved already is never refused, since the caller may not have got the answer. Raises LinkUnknown,
    LinkRevoked, LinkExpired, AlreadyCommitted, or what `check_revision` raises.
    """
    async with database.transaction() as session:
        invitation = await lock_linked(session, command.invitation_id)
        invitation.check_link(command.generation, now)
        invitation.check_open()
        draft = await draft_of(session, invitation.id)
        saved = draft.saved(command.filled, now)
        if saved is not draft:
            command.check_revision(draft.revision)
            await save_draft(session, saved)
        return saved
