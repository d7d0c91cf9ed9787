"""The tables that the chassis keeps in every service's database."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

chassis_metadata = MetaData()

_now = text("now()")


def _instant(name: str, *, default: bool = False, nullable: bool = False) -> Column[datetime]:
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=_now if default else None)


relay_position = Table(
    "relay_position",
    chassis_metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("next_offset", BigInteger, nullable=False),
)
"""Up to where Kafka's acknowledgements are known here: what a backup of this database does not know stands behind."""

restore_check = Table(
    "restore_check",
    chassis_metadata,
    Column("single", Boolean, primary_key=True, server_default=text("true")),
    Column("written_as", Text, nullable=True),
    CheckConstraint("single", name="restore_check_single"),
)
"""That this database knows all that was published. It holds while `written_as` fits the row, the database and
PostgreSQL's process: in a copy that was loaded, unpacked or promoted it does not."""

orphan = Table(
    "orphan",
    chassis_metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("type", Text, nullable=False),
    Column("message_id", Uuid, nullable=False),
    Column("value", LargeBinary, nullable=True),
    _instant("occurred_at"),
    _instant("found_at", default=True),
    _instant("settled_at", nullable=True),
    Column("settled_by", Text, nullable=True),
    Column("reason", Text, nullable=True),
    Index("orphan_key", "key"),
)
"""Facts that were published and of which this database knows nothing: it was restored from before. Of a compacted topic
without the value."""

outbox = Table(
    "outbox",
    chassis_metadata,
    # One number at a time: a cached block would hand out numbers in another order than they are taken.
    Column("seq", BigInteger, Identity(always=True, cache=1), primary_key=True),
    Column("message_id", Uuid, nullable=False),
    Column("topic", Text, nullable=False),
    Column("key", Text, nullable=False),
    # Its partition before the modulo: the writers have time to compute it, the one relay has not.
    Column("key_hash", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("type", Text, nullable=False),
    Column("version", SmallInteger, nullable=False),
    Column("visibility", Text, nullable=False),
    Column("networks", Text, nullable=False),
    Column("value", LargeBinary, nullable=True),
    Column("traceparent", Text, nullable=True),
    Column("actor", Text, nullable=True),
    Column("on_behalf_of", Text, nullable=True),
    _instant("occurred_at"),
    _instant("added_at", default=True),
)
"""Facts on their way to Kafka; a null value is a tombstone."""

consumer_position = Table(
    "consumer_position",
    chassis_metadata,
    Column("consumer", Text, primary_key=True),
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("next_offset", BigInteger, nullable=False),
    _instant("at_end_at", nullable=True),
)
"""Where each consumer reads on; `at_end_at` is when it last stood at the partition's end."""

inbox = Table(
    "inbox",
    chassis_metadata,
    Column("consumer", Text, primary_key=True),
    Column("topic", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("message_id", Uuid, nullable=True),
)
"""The last sequence applied of each key, and whose it was: null where that was noted before ids were, or discarded."""

parked_message = Table(
    "parked_message",
    chassis_metadata,
    Column("id", Uuid, primary_key=True),
    Column("consumer", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("key", Text, nullable=True),
    Column("sequence", BigInteger, nullable=True),
    Column("type", Text, nullable=True),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Column("raw_key", LargeBinary, nullable=True),
    Column("value", LargeBinary, nullable=True),
    Column("headers", JSONB, nullable=True),
    _instant("parked_at", default=True),
    Column("attempts", Integer, nullable=False, server_default=text("1")),
    _instant("discarded_at", nullable=True),
    Column("discarded_by", Text, nullable=True),
    Column("discard_reason", Text, nullable=True),
    UniqueConstraint("consumer", "topic", "partition", "offset", name="parked_message_place"),
    Index("parked_message_key", "consumer", "topic", "key", "sequence"),
)
"""What could not be applied, and what waits behind it. `headers` is a list of [name, base64 or null]."""

idempotency_key = Table(
    "idempotency_key",
    chassis_metadata,
    Column("caller", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body_hash", LargeBinary, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("ids", JSONB, nullable=False),
    _instant("created_at", default=True),
    Index("idempotency_key_age", "created_at"),
)
"""What a repeated POST is answered with: the status and the ids, never a body."""

authority = Table(
    "authority",
    chassis_metadata,
    Column("mandate_id", Uuid, primary_key=True),
    Column("person_id", Uuid, nullable=False),
    Column("role", Text, nullable=False),
    Column("scope_id", Uuid, nullable=True),
    Column("language", Text, nullable=False),
    Column("subject", Text, nullable=True),
    _instant("ended_at", nullable=True),
    Index("authority_subject", "subject"),
)
"""The service's own copy of the mandates: who may act as what, and for whom."""
