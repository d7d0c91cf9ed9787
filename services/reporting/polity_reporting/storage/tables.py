"""The projection's tables. None refers to another's rows: facts of different keys arrive in any order."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Double, Index, Integer, MetaData, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

campaign = Table(
    "campaign",
    metadata,
    Column("campaign_id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False, server_default=text("0")),
    Column("answers_version", BigInteger, nullable=False, server_default=text("0")),
    Column("title", JSONB),
    Column("fallback_language", Text),
    Column("time_zone", Text),
    Column("themes", JSONB),
    Column("milestones", JSONB),
    Column("demonstration", Boolean),
)
"""Null columns: facts about the campaign's answers came before the one that opened it.

`version` is the last transaction that changed anything public of the campaign but its totals of those who have not
pledged, `answers_version` the last one that changed those. They only serve to tell answers apart.
"""

campaign_network = Table(
    "campaign_network",
    metadata,
    Column("campaign_id", Uuid, primary_key=True),
    Column("network_id", Uuid, nullable=False),
)
"""Whose secretariat may see a campaign's answers."""

local_government = Table(
    "local_government",
    metadata,
    Column("local_government_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("latitude", Double),
    Column("longitude", Double),
)
"""Without a position: registered before positions were kept, until the next rebuild."""

answer = Table(
    "answer",
    metadata,
    Column("campaign_id", Uuid, primary_key=True),
    Column("local_government_id", Uuid, primary_key=True),
    Column("invited_at", DateTime(timezone=True)),
    Column("interested_at", DateTime(timezone=True)),
    Column("committed_at", DateTime(timezone=True)),
    Column("withdrawn_at", DateTime(timezone=True)),
    Column("ordinal", Integer),
    Column("withdrawn_ordinal", Integer),
    Column("first_theme", Text),
    Column("themes", JSONB),
    Index("answer_local_government", "local_government_id"),
)
"""The commitment in it is the one with the highest ordinal, and `withdrawn_at` is that one's.

A local government has a second one only where its network went on from a backup that did not know the first.
"""

milestone = Table(
    "milestone",
    metadata,
    Column("campaign_id", Uuid, primary_key=True),
    Column("threshold", Integer, primary_key=True),
    Column("ordinal", Integer, nullable=False),
    Column("commitment_id", Uuid, nullable=False),
    Column("reached_at", DateTime(timezone=True), nullable=False),
    Column("announced_at", DateTime(timezone=True)),
)

submission = Table(
    "submission",
    metadata,
    Column("campaign_id", Uuid, primary_key=True),
    Column("local_government_id", Uuid, primary_key=True),
    Column("at", DateTime(timezone=True), primary_key=True),
    Column("step", Text, nullable=False),
    Column("answer_step", Integer),
)
"""Each time a pledge was `submitted` to be confirmed or `returned`, an invitation `declined` or then `reconsidered`.

`answer_step` says which came later, as the clocks of two machines do not. Facts of version 0.1
have none and came first. Of two steps of one instant the later one is kept.
"""

PROJECTION_TABLES = (campaign, local_government, answer, milestone, submission)
