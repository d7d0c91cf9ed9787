"""Saved forms and their rows; whoever changes one holds the invitation's lock."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.answers.domain import AnswerDraft, Filled
from polity_membership.database.bulk import among
from polity_membership.database.metadata import table

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
    """Returns the invitation's saved form, an empty one of revision 0 when nothing is saved."""
    rows = table("answer_draft")
    found = await (await session.connection()).execute(select(rows).where(rows.c.invitation_id == invitation_id))
    row = found.mappings().one_or_none()
    if row is None:
        return AnswerDraft(invitation_id)
    filled = Filled(row["signatory_name"], row["signatory_office"], row["signed_on"], tuple(row["themes"]))
    return AnswerDraft(invitation_id, row["revision"], row["saved_at"], filled)


async def save_draft(session: AsyncSession, draft: AnswerDraft) -> None:
    """Writes the form in place of the one saved before."""
    fields = {**asdict(draft.filled), "themes": list(draft.filled.themes)}
    values = {"revision": draft.revision, "saved_at": draft.saved_at, **fields}
    statement = insert(table("answer_draft")).values(invitation_id=draft.invitation_id, **values)
    replaced = statement.on_conflict_do_update(index_elements=["invitation_id"], set_=values)
    await (await session.connection()).execute(replaced)


async def forget_drafts(session: AsyncSession, invitation_ids: Collection[UUID]) -> None:
    """Deletes the invitations' saved forms: they were answered, or nobody may answer them any more."""
    rows = table("answer_draft")
    await (await session.connection()).execute(delete(rows).where(among(rows.c.invitation_id, invitation_ids)))


async def forget_drafts_of_person(session: AsyncSession, person_id: UUID) -> None:
    """Deletes the saved forms of every invitation that went to the person, or whose returned pledge they signed."""
    await (await session.connection()).execute(_FORGET_OF_PERSON, {"person_id": person_id})


async def forget_overdue_drafts(session: AsyncSession, before: datetime, most: int) -> int:
    """Returns how many forms were deleted, at most `most`: saved before, of invitations whose deadline was before."""
    return (await (await session.connection()).execute(_FORGET_OVERDUE, {"before": before, "most": most})).rowcount
