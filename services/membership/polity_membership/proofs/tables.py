"""The tables of proofs and of their pieces."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from polity_membership.database.metadata import Row, instant_column, membership_metadata, table_of, text_column


class ProofRow(Row, table=True):
    """A photo or scan of a signed letter; `folder` names its files and nothing else, and is emptied with them."""

    __tablename__ = "proof"
    __table_args__ = (
        sa.Index(
            "proof_to_remove",
            "created_at",
            postgresql_where=sa.text("folder IS NOT NULL AND (removal_asked_at IS NOT NULL OR finished_at IS NULL)"),
        ),
    )

    id: UUID = Field(primary_key=True)
    invitation_id: UUID = Field(foreign_key="invitation.id", index=True)
    folder: str | None = Field(sa_column=sa.Column(sa.Text, nullable=True, unique=True))
    sent_by: str = text_column()
    length_bytes: int
    received_bytes: int
    media_type: str | None = text_column(nullable=True)
    created_at: datetime = instant_column()
    finished_at: datetime | None = instant_column(nullable=True)
    removal_asked_at: datetime | None = instant_column(nullable=True)
    removed_at: datetime | None = instant_column(nullable=True)


proofs = table_of(ProofRow)


pieces = sa.Table(
    "proof_piece",
    membership_metadata,
    sa.Column("proof_id", sa.ForeignKey("proof.id"), primary_key=True),
    sa.Column("begins_at", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
)
"""The file of a piece that was acknowledged; what else lies in the proof's folder counts for nothing."""
