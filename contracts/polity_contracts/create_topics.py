"""Makes the topics in Kafka: the only place that does, since automatic creation is off."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from polity_contracts.alter_configs import SET, IncrementalAlterConfigsRequest
from polity_contracts.topics import TOPICS, Topic

LEADERS_WITHIN_SECONDS = 30


class TopicRefused(RuntimeError):
    """A topic can't be made or set as asked; the text says which and why."""


async def create_topics(
    bootstrap: str,
    topics: Iterable[Topic] = TOPICS.values(),
    *,
    replication: int = 1,
    min_insync_replicas: int | None = None,
) -> list[str]:
    """Returns the names of the topics made now; sets on all of them what their contract says, and nothing else.

    Safe to run at every deployment: what operators set beside it stays. `replication` holds for topics made now;
    `min_insync_replicas` for all of them, None leaves it as it is. Raises TopicRefused, and KafkaError where no broker
    answers.
    """
    wanted = {topic.name: topic for topic in topics}
    copies = {} if min_insync_replicas is None else {"min.insync.replicas": str(min_insync_replicas)}
    settings = {topic.name: {**topic.settings(), **copies} for topic in wanted.values()}
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        missing = sorted(wanted.keys() - set(await admin.list_topics()))
        made = await _create(
            admin,
            [NewTopic(name, wanted[name].partitions, replication, topic_configs=settings[name]) for name in missing],
        )
        _check_partitions(wanted, await _led(admin, wanted))
        await _set(admin, settings)
        return made
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, new: list[NewTopic]) -> list[str]:
    """Returns the names of the topics made; another deployment may make one in between."""
    if not new:
        return []
    answer = await admin.create_topics(new)
    answered = {name: (code, reason) for name, code, reason, *_ in answer.topic_errors}
    if refused := {name: why for name, why in answered.items() if for_code(why[0]) is not TopicAlreadyExistsError}:
        _refuse("make", refused)
    return [name for name, (code, _) in answered.items() if not code]


async def _led(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, int]:
    """Returns the topics' partition counts once all have leaders, without which a producer's first send would wait."""
    async with asyncio.timeout(LEADERS_WITHIN_SECONDS):
        while True:
            parts = {topic["topic"]: topic["partitions"] for topic in await admin.describe_topics(list(names))}
            if all(found and all(part["leader"] >= 0 for part in found) for found in parts.values()):
                return {name: len(found) for name, found in parts.items()}
            await asyncio.sleep(0.05)


def _check_partitions(wanted: Mapping[str, Topic], counts: Mapping[str, int]) -> None:
    """Another partition count would break the order within a topic's keys."""
    for name, topic in wanted.items():
        if counts[name] != topic.partitions:
            raise TopicRefused(f"{name} has {counts[name]} partitions, not {topic.partitions}.")


async def _set(admin: AIOKafkaAdminClient, settings: Mapping[str, Mapping[str, str]]) -> None:
    resources = [
        (ConfigResourceType.TOPIC, name, [(key, SET, value) for key, value in configs.items()])
        for name, configs in settings.items()
    ]
    answer = await admin._send_request(IncrementalAlterConfigsRequest(resources))
    _refuse("set", {name: (code, reason) for code, reason, _, name in answer.resources})


def _refuse(what: str, answered: Mapping[str, tuple[int, Any]]) -> None:
    """Raises TopicRefused with a sentence for each error among the answers: code and reason by topic."""
    faults = {name: reason or for_code(code).__name__ for name, (code, reason) in answered.items() if code}
    if faults:
        raise TopicRefused("\n".join(f"Kafka refused to {what} {name}: {why}" for name, why in faults.items()))
