"""What notifications keeps. Names and addresses stand in `person` alone; no row refers to another key's row.

Instants that leases, tries and ends depend on are the database's: no worker's clock decides.
"""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    Interval,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

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
    Column("declined", Boolean, nullable=False, server_default=text("false")),
    Column("declined_sequence", BigInteger),
    Column("counted", Boolean, nullable=False, server_default=text("false")),
    Column("commitment_id", Uuid),
    Column("pledge", Text),
    Column("pledge_sequence", BigInteger),
    Index("invitation_commitment", "commitment_id"),
)
"""`declined` until the local government changes its mind, `counted` once its pledge did. `pledge` is the last that is
known of the pledge `commitment_id`. A sequence is the number of the fact that says so, within its key."""

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
    _instant("leased_until"),
    _instant("expires_at", nullable=False),
    _instant("sent_at"),
    Column("failure", Text),
    Column("traceparent", Text),
    Column("sequence", BigInteger),
    _instant("asked_at", nullable=False),
    _instant("queued_at"),
    Index("delivery_page", "campaign_id", "asked_at", "delivery_id"),
    Index("delivery_due", "due_at", postgresql_where=text("status = 'queued'")),
    Index("delivery_open", "expires_at", postgresql_where=text("status IN ('waiting_address', 'queued')")),
    Index("delivery_person", "person_id", postgresql_where=text("status IN ('waiting_address', 'queued')")),
    Index(
        "delivery_invitation",
        "invitation_id",
        postgresql_where=text("status IN ('waiting_address', 'queued', 'cancelled_revoked', 'cancelled_answered')"),
    ),
)
"""One mail to one person. Until `leased_until` a sender has it in hand. `queued_at`: since when the person's address
has been known. `sequence` is the number of the fact that asked for it, within that fact's key."""

delivery_attempt = Table(
    "delivery_attempt",
    metadata,
    Column("delivery_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    _instant("at", nullable=False),
    Column("failure", Text),
)
"""One try to hand a mail over; without `failure` the server took it."""

webhook = Table(
    "webhook",
    metadata,
    Column("webhook_id", Uuid, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("fact_types", ARRAY(Text)),
    Column("networks", ARRAY(Uuid)),
    Column("key_id", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("previous_key_id", Text),
    _instant("previous_until"),
    Column("earlier_secrets", JSONB, nullable=False, server_default=text("'[]'")),
    _instant("created_at", nullable=False),
    _instant("enabled_at", nullable=False),
    Column("disabled_reason", Text),
    _instant("disabled_at"),
    _instant("failing_since"),
    Column("failing_for", Interval, nullable=False, server_default=text("'0'")),
    _instant("failed_at"),
    _instant("held_until"),
    _instant("paused_at"),
    Index("webhook_owner", "owner", "webhook_id"),
)
"""A partner system's subscription. `owner` is its token's subject; its secrets are derived from `key_id` and
`generation`. `failing_since`: since when the endpoint has taken nothing; `failing_for`: for how long of it there were
tries, the last at `failed_at`. `earlier_secrets`: those before the
previous one that may sign still. While `paused_at` is set, and until `held_until` (Retry-After), deliveries wait."""

webhook_message = Table(
    "webhook_message",
    metadata,
    Column("message_id", Uuid, primary_key=True),
    Column("type", Text, nullable=False),
    Column("subject", Text),
    Column("sequence", BigInteger),
    Column("networks", ARRAY(Uuid)),
    Column("body", Text, nullable=False),
    Column("traceparent", Text),
    _instant("occurred_at"),
    Column("recorded_at", DateTime(timezone=True), server_default=text("now()")),
    Index("webhook_message_recorded", "recorded_at"),
)
"""What is posted, byte for byte: one public fact, whoever wants it. Its id is the fact's. A test has no subject."""

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    Column("delivery_id", Uuid, primary_key=True),
    Column("webhook_id", Uuid, nullable=False),
    Column("message_id", Uuid, nullable=False),
    Column("subject", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    _instant("due_at", nullable=False),
    _instant("taken_until"),
    _instant("asked_at", nullable=False),
    UniqueConstraint("message_id", "webhook_id"),
    Index("webhook_delivery_page", "webhook_id", "asked_at", "delivery_id"),
    Index("webhook_delivery_due", "webhook_id", "due_at", postgresql_where=text("status = 'pending'")),
    Index("webhook_delivery_order", "webhook_id", "subject", "sequence", postgresql_where=text("status = 'pending'")),
)
"""One fact for one subscription. `taken_until` is a sender's lease; `tries` counts since it was asked for (again),
`attempts` since ever."""

webhook_attempt = Table(
    "webhook_attempt",
    metadata,
    Column("delivery_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    _instant("at", nullable=False),
    Column("status_code", Integer),
    Column("reason", Text),
    Column("milliseconds", Integer, nullable=False),
    Column("held", Interval),
)
