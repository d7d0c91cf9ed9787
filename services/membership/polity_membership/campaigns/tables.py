"""The tables of campaigns and of the milestones that they reached."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from polity_membership.database.metadata import Row, instant_column, map_column, table_of, text_column


class CampaignRow(Row, table=True):
    __tablename__ = "campaign"

    id: UUID = Field(primary_key=True)
    network_id: UUID = Field(foreign_key="network.id", index=True)
    title: dict[str, str] = map_column()
    objectives: dict[str, str] = map_column()
    commitment_text: dict[str, str] = map_column()
    fallback_language: str = text_column()
    # json and not jsonb: it keeps the order in which the campaign names its themes.
    themes: dict[str, dict[str, str]] = Field(sa_column=sa.Column(sa.JSON, nullable=False))
    milestones: list[dict[str, Any]] = map_column()
    reply_at: datetime = instant_column()
    reply_time_zone: str = text_column()
    demonstration: bool
    opened_at: datetime = instant_column()
    counts_at_once: bool
    commitments_count: int
    withdrawn_count: int
    reached_threshold: int
    fact_sequence: int


campaigns = table_of(CampaignRow)


class MilestoneReachedRow(Row, table=True):
    __tablename__ = "milestone_reached"

    campaign_id: UUID = Field(primary_key=True, foreign_key="campaign.id")
    threshold: int = Field(primary_key=True)
    ordinal: int
    commitment_id: UUID
    reached_at: datetime = instant_column()
    announced_at: datetime | None = instant_column(nullable=True)


milestones = table_of(MilestoneReachedRow)
