"""What notifications keeps. Names and addresses stand in `person` alone; no row refers to another key's row."""

from datetime import datetime

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, MetaData, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()


def _instant(name: str, *, nullable: bool = True) -> Column[datetime]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


person = Table(
    "person",
    metadata,
    Column("person_id", Uuid, primary_key=True),
    Column("name", Text),
    Column("email", Text),
    Column("language", Text),
    _instant("erased_at"),
)
"""Only an id: somebody a mail is for who isn't recorded yet, or who was erased (`erased_at`) and stays so."""

network = Table(
    "network",
    metadata,
    Column("network_id", Uuid, primary_key=True),
    Column("name", JSONB),
    Column("fallback_language", Text),
    Column("time_zone", Text),
    Column("demonstration", Boolean),
)

local_government = Table(
    "local_government",
    metadata,
    Column("local_government_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
)

campaign = Table(
    "campaign",
    metadata,
    Column("campaign_id", Uuid, primary_key=True),
    Column("network_id", Uuid, nullable=False),
    Column("title", JSONB, nullable=False),
    Column("objectives", JSONB, nullable=False),
    Column("fallback_language", Text, nullable=False),
    Column("demonstration", Boolean, nullable=False),
)

milestone = Table(
    "milestone",
    metadata,
    Column("campaign_id", Uuid, primary_key=True),
    Column("threshold", Integer, primary_key=True),
    Column("network_id", Uuid, nullable=False),
    Column("ordinal", Integer, nullable=False),
    _instant("reached_at", nullable=False),
    Column("traceparent", Text),
    Index("milestone_network", "network_id"),
)

invitation = Table(
    "invitation",
    metadata,
    Column("invitation_id", Uuid, primary_key=True),
    Column("link_generation", Integer, nullable=False),
    _instant("reply_by"),
)

secretariat = Table(
    "secretariat",
    metadata,
    Column("mandate_id", Uuid, primary_key=True),
    Column("network_id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False),
    _instant("granted_at", nullable=False),
    _instant("ended_at"),
    Index("secretariat_network", "network_id"),
)
"""Who hears of a network's milestones. What people may do is decided by the chassis' `authority`, not by this."""

delivery = Table(
    "delivery",
    metadata,
    Column("delivery_id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("campaign_id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("local_government_id", Uuid),
    Column("invitation_id", Uuid),
    Column("ordinal", Integer),
    Column("threshold", Integer),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    _instant("due_at", nullable=False),
    _instant("expires_at", nullable=False),
    _instant("sent_at"),
    Column("failure", Text),
    Column("traceparent", Text),
    _instant("asked_at", nullable=False),
    Index("delivery_page", "campaign_id", "asked_at", "delivery_id"),
    Index("delivery_due", "due_at", postgresql_where=text("status = 'queued'")),
    Index("delivery_open", "expires_at", postgresql_where=text("status IN ('waiting_address', 'queued')")),
    Index("delivery_person", "person_id", postgresql_where=text("status IN ('waiting_address', 'queued')")),
)
"""One mail to one person. While a sender has it in hand, `due_at` lies in the future: that is its lease."""
