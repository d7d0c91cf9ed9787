"""MarkPeoplePartitions: an erased value leaves Kafka only when its partition is written to once more.

Compaction spares the newest segment, and a segment ends when a record comes after the lag: on an idle partition the
value would stay. The marker is a tombstone for a key that nobody has, one key for each partition.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from uuid import UUID, uuid5

from polity_chassis.database import Database
from polity_chassis.outbox import Outgoing, add_outgoing
from polity_chassis.partitioning import key_hash
from polity_contracts.people import PersonErased
from polity_contracts.topics import PEOPLE

from polity_membership.storage.erasures import note_marked, note_published

_NAMESPACE = UUID("6f7a8d53-60a9-5d2c-9d4e-0d8f1f5a2b11")


async def mark_people_partitions(database: Database, now: datetime, lag: timedelta) -> bool:
    """Returns whether markers were added: when a tombstone reached Kafka `lag` ago and no marker came after it."""
    async with database.transaction() as session:
        await note_published(session, now)
        number = await note_marked(session, now - lag, now)
        if number is None:
            return False
        markers = [Outgoing(key, number, PersonErased()) for key in marker_keys().values()]
        await add_outgoing(session, markers, occurred_at=now)
        return True


@cache
def marker_keys() -> Mapping[int, UUID]:
    """Returns the marker's key of each partition; always the same ones, so that they replace each other."""
    keys: dict[int, UUID] = {}
    for number in count():
        key = uuid5(_NAMESPACE, str(number))
        keys.setdefault(key_hash(str(key).encode()) % PEOPLE.partitions, key)
        if len(keys) == PEOPLE.partitions:
            break
    return keys
