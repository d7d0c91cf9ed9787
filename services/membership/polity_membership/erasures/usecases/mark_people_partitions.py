"""MarkPeoplePartitions: an erased or corrected value leaves Kafka only when its partition is written to once more.

Compaction spares the newest segment, and a segment ends when a record comes after the lag: on an idle partition the
value would stay. The marker is a tombstone for a key that nobody has, one key for each partition.
"""

from datetime import datetime, timedelta

from polity_chassis.database.engine import Database
from polity_chassis.messaging.publishing.outbox import Outgoing, add_outgoing
from polity_contracts.membership.people import PersonErased

from polity_membership.erasures.queries import note_marked, note_published


async def mark_people_partitions(database: Database, now: datetime, lag: timedelta) -> bool:
    """Returns whether markers were added: if such a fact was published `lag` ago and none came after it."""
    async with database.transaction() as session:
        await note_published(session)
        markers = [Outgoing(key, number, PersonErased()) for key, number in await note_marked(session, lag)]
        await add_outgoing(session, markers, occurred_at=now)
        return bool(markers)
