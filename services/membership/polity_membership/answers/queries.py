"""Saved forms. The caller of a function that changes one holds the invitation's lock."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.answers.domain import AnswerDraft, Filled
from polity_membership.answers.tables import drafts
from polity_membership.database.bulk import among

_FORGET_OVERDUE = text("""
DELETE FROM answer_draft WHERE invitation_id IN (
       SELECT draft.invitation_id FROM answer_draft AS draft JOIN invitation ON invitation.id = draft.invitation_id
        WHERE greatest(invitation.reply_at, draft.saved_at) < :before
        LIMIT :most FOR UPDATE OF draft SKIP LOCKED)
""")
_FORGET_OF_PERSON = text("""
DELETE FROM answer_draft USING invitation LEFT JOIN commitment ON commitment.invitation_id = invitation.id
 WHERE invitation.id = answer_draft.invitation_id
   AND (invitation.contact_id = :person_id OR commitment.signatory_id = :person_id)
""")


async def draft_of(session: AsyncSession, invitation_id: UUID) -> AnswerDraft:
    """Returns the invitation's saved form, or an empty one with revision 0."""
    found = await (await session.connection()).execute(select(drafts).where(drafts.c.invitation_id == invitation_id))
    row = found.mappings().one_or_none()
    if row is None:
        return AnswerDraft(invitation_id)
    filled = Filled(row["signatory_name"], row["signatory_office"], row["signed_on"], tuple(row["themes"]))
    return AnswerDraft(invitation_id, row["revision"], row["saved_at"], filled)


async def save_draft(session: AsyncSession, draft: AnswerDraft) -> None:
    """Inserts the form or replaces the one saved before."""
    fields = {**asdict(draft.filled), "themes": list(draft.filled.themes)}
    values = {"revision": draft.revision, "saved_at": draft.saved_at, **fields}
    statement = insert(drafts).values(invitation_id=draft.invitation_id, **values)
    replaced = statement.on_conflict_do_update(index_elements=["invitation_id"], set_=values)
    await (await session.connection()).execute(replaced)


async def forget_drafts(session: AsyncSession, invitation_ids: Collection[UUID]) -> None:
    """Deletes the invitations' saved forms."""
    await (await session.connection()).execute(delete(drafts).where(among(drafts.c.invitation_id, invitation_ids)))


async def forget_drafts_of_person(session: AsyncSession, person_id: UUID) -> None:
    """Deletes the saved forms of invitations of which the person is the contact or the signatory."""
    await (await session.connection()).execute(_FORGET_OF_PERSON, {"person_id": person_id})


async def forget_overdue_drafts(session: AsyncSession, before: datetime, most: int) -> int:
    """Deletes up to `most` forms saved, and with a deadline, earlier than `before`; returns how many."""
    return (await (await session.connection()).execute(_FORGET_OVERDUE, {"before": before, "most": most})).rowcount
