"""Makes the topics in Kafka: the only place that does, since automatic creation is off."""

import asyncio
from collections.abc import Iterable

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from polity_contracts.topics import TOPICS, Topic


class PartitionsDiffer(RuntimeError):
    """A topic exists with another partition count, which would break the order within its keys."""


async def create_topics(bootstrap: str, topics: Iterable[Topic] = TOPICS.values(), replication: int = 1) -> list[str]:
    """Returns the names of the topics made now; sets the configuration of all of them.

    Safe to run at every deployment. Raises PartitionsDiffer, and Kafka's own errors.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        wanted = list(topics)
        existing = set(await admin.list_topics())
        missing = [topic for topic in wanted if topic.name not in existing]
        await _create(admin, missing, replication)
        await _check_partitions(admin, [topic for topic in wanted if topic.name in existing])
        await admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=topic.settings()) for topic in wanted]
        )
        return [topic.name for topic in missing]
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, missing: list[Topic], replication: int) -> None:
    if not missing:
        return
    new = [NewTopic(topic.name, num_partitions=topic.partitions, replication_factor=replication) for topic in missing]
    answer = await admin.create_topics(new)
    for name, code, *_ in answer.topic_errors:
        # Another deployment may have made it in between.
        if code and not issubclass(for_code(code), TopicAlreadyExistsError):
            raise for_code(code)(name)
    await _wait_for_leaders(admin, {topic.name for topic in missing})


async def _wait_for_leaders(admin: AIOKafkaAdminClient, names: set[str]) -> None:
    """A topic just made has no leader for a moment, in which a producer's first send would wait for its metadata."""
    for _ in range(100):
        described = await admin.describe_topics(list(names))
        if all(part["leader"] >= 0 for topic in described for part in topic["partitions"]):
            return
        await asyncio.sleep(0.1)


async def _check_partitions(admin: AIOKafkaAdminClient, topics: list[Topic]) -> None:
    if not topics:
        return
    counts = {d["topic"]: len(d["partitions"]) for d in await admin.describe_topics([t.name for t in topics])}
    for topic in topics:
        if counts[topic.name] != topic.partitions:
            raise PartitionsDiffer(f"{topic.name} has {counts[topic.name]} partitions, not {topic.partitions}")
