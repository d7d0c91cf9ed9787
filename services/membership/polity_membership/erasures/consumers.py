"""Membership's consumer of its own people topic, in which the last record of each person must be the newest.

A relay that was stopped for long and goes on may send once more what its successor has sent since: an erased value
would come after its tombstone and be what compaction keeps. Whoever is behind in Kafka is published again. Whoever has
a tombstone there that this database knows nothing of was erased after the backup it was restored from.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from polity_chassis.clock import Clock
from polity_chassis.database.engine import Database
from polity_chassis.messaging.header_names import read_any_header_name
from polity_contracts.topics import PEOPLE

from polity_membership.erasures.usecases.erase_person import erase_person
from polity_membership.erasures.usecases.republish_person import republish_person
from polity_membership.people.queries import newest_sequences, waiting_in_outbox

IDLE_MILLISECONDS = 1000
BATCH = 500

log = logging.getLogger(__name__)


class OwnPeople:
    """Reads the topic from its beginning and remembers the people whose last record is not their newest."""

    def __init__(self, database: Database, bootstrap: str, clock: Clock, topic: str = PEOPLE.name) -> None:
        self._database, self._bootstrap, self._clock, self._topic = database, bootstrap, clock, topic
        self._behind: dict[UUID, int] = {}

    async def follow(self) -> None:
        """Reads until cancelled; raises KafkaError, SQLAlchemyError or OSError when it can't."""
        read_any_header_name()
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            partitions = [TopicPartition(self._topic, number) for number in range(PEOPLE.partitions)]
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            self._behind.clear()
            while True:
                batches = await consumer.getmany(timeout_ms=IDLE_MILLISECONDS, max_records=BATCH)
                await self._compare([record for batch in batches.values() for record in batch])
                if not batches and self._behind:
                    await self._publish_again(consumer, partitions)
        finally:
            await consumer.stop()

    async def _compare(self, records: Iterable[ConsumerRecord]) -> None:
        read = {found.person_id: found for record in records if (found := _key_of(record))}
        if not read:
            return
        async with self._database.transaction() as session:
            newest = await newest_sequences(session, list(read))
        for person_id, found in read.items():
            self._behind.pop(person_id, None)
            known = newest.get(person_id, found.sequence)
            if found.sequence < known:
                self._behind[person_id] = found.sequence
            elif found.sequence > known and found.erased:
                await erase_person(self._database, person_id, self._clock())
                log.warning("a person had been erased before this database was restored: erased again")

    async def _publish_again(self, consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> None:
        # First who has nothing on the way, then where the topic ends: what was on the way before has arrived by then.
        async with self._database.transaction() as session:
            waiting = await waiting_in_outbox(session, list(self._behind))
        ends: Mapping[TopicPartition, int] = await consumer.end_offsets(partitions)
        if any([await consumer.position(partition) < ends[partition] for partition in partitions]):
            return
        for person_id in set(self._behind) - waiting:
            await republish_person(self._database, person_id, self._clock())
            del self._behind[person_id]
            log.warning("a person's newest record was not the last in Kafka: published again")


class _RecordKey(NamedTuple):
    """The person that a record is about, and its sequence."""

    person_id: UUID
    sequence: int
    erased: bool


def _key_of(record: ConsumerRecord) -> _RecordKey | None:
    """Returns None if the record has no valid key and sequence."""
    try:
        sequence = int(dict(record.headers)["ce_sequence"])
        return _RecordKey(UUID((record.key or b"").decode()), sequence, record.value is None)
    except (KeyError, ValueError, TypeError):
        return None
