"""The table of saved forms."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from polity_membership.database.metadata import Row, instant_column, table_of, text_column


class AnswerDraftRow(Row, table=True):
    """A saved form. It may name people who were never asked, so it is deleted with the answer or its contact."""

    __tablename__ = "answer_draft"

    invitation_id: UUID = Field(primary_key=True, foreign_key="invitation.id")
    revision: int
    saved_at: datetime = instant_column()
    signatory_name: str | None = text_column(nullable=True)
    signatory_office: str | None = text_column(nullable=True)
    signed_on: date | None = Field(sa_column=sa.Column(sa.Date, nullable=True))
    themes: list[str] = Field(sa_column=sa.Column(ARRAY(sa.Text), nullable=False))


drafts = table_of(AnswerDraftRow)
