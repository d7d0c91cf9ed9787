"""What a deployment does to the topics of a real Kafka: what the contract says is so afterwards, and nothing else."""

import asyncio
import dataclasses
import sys
import time
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from polity_contracts.create_topics import TopicRefused, create_topics
from polity_contracts.topics import CAMPAIGNS, PEOPLE, TOPICS, Topic
from polity_local.testing.parts import KafkaForTests

OF_THE_TOPIC = 1
"""Where a setting comes from, as Kafka numbers it: the topic itself, not its broker or the default."""


async def settings(kafka: KafkaForTests, topic: str) -> dict[str, str]:
    async with kafka._admin() as admin:
        answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    ((*_, entries),) = answers[0].resources
    return {name: value for name, value, _, source, *_ in entries if source == OF_THE_TOPIC}


async def shown(kafka: KafkaForTests, topic: str, wanted: dict[str, str]) -> None:
    """Waits until the broker shows these settings of the topic: it learns them from the controller a moment later."""
    for _ in range(100):
        if (found := await settings(kafka, topic)) == wanted:
            break
        await asyncio.sleep(0.1)
    assert found == wanted


async def made_before(kafka: KafkaForTests, topic: Topic, **changed: str) -> None:
    async with kafka._admin() as admin:
        await admin.create_topics([NewTopic(topic.name, topic.partitions, 1, topic_configs=changed)])
    kafka._created.add(topic.name)


async def applied(kafka: KafkaForTests, *arguments: str, bootstrap: str | None = None) -> tuple[int, str]:
    """Returns the command's exit status and what it said."""
    command = (sys.executable, "-m", "polity_contracts", "apply", "--bootstrap", bootstrap or kafka.bootstrap)
    process = await asyncio.create_subprocess_exec(
        *command, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


@pytest.mark.parametrize("like", [CAMPAIGNS, PEOPLE], ids=["a log", "a compacted one"])
async def test_what_operators_set_stays_and_ours_is_restored(kafka: KafkaForTests, like: Topic) -> None:
    topic = kafka.random_topic(like)
    mine = {"segment.bytes": "52428800", "min.insync.replicas": "1"}
    await made_before(kafka, topic, **mine, **{"cleanup.policy": "compact,delete", "max.message.bytes": "2000000"})
    assert await create_topics(kafka.bootstrap, [topic]) == []
    await shown(kafka, topic.name, {**topic.settings(), **mine})


async def test_a_new_topic_has_its_settings_and_the_copies_asked_for(kafka: KafkaForTests) -> None:
    topic = kafka.random_topic(PEOPLE)
    assert await create_topics(kafka.bootstrap, [topic], replication=1, min_insync_replicas=1) == [topic.name]
    kafka._created.add(topic.name)
    await shown(kafka, topic.name, {**topic.settings(), "min.insync.replicas": "1"})
    with pytest.raises(TopicRefused, match="replication"):
        await create_topics(kafka.bootstrap, [kafka.random_topic(PEOPLE)], replication=2)


async def test_what_is_refused_is_named_with_kafkas_reason(kafka: KafkaForTests) -> None:
    good, bad = kafka.random_topic(CAMPAIGNS), kafka.random_topic(CAMPAIGNS)
    await kafka.create_topics(good, bad)
    wrong = dataclasses.replace(bad, config={"segment.bytes": "planted"})
    with pytest.raises(TopicRefused, match=rf"^Kafka refused to set {bad.name}: .*planted") as refused:
        await create_topics(kafka.bootstrap, [good, wrong])
    assert "\n" not in str(refused.value)
    new = dataclasses.replace(kafka.random_topic(CAMPAIGNS), config={"segment.bytes": "planted"})
    with pytest.raises(TopicRefused, match=f"^Kafka refused to make {new.name}: "):
        await create_topics(kafka.bootstrap, [new])


async def test_another_number_of_partitions_is_refused(kafka: KafkaForTests) -> None:
    topic = kafka.random_topic(CAMPAIGNS)
    await kafka.create_topics(topic)
    with pytest.raises(TopicRefused, match=f"{topic.name} has 6 partitions, not 7"):
        await create_topics(kafka.bootstrap, [dataclasses.replace(topic, partitions=7)])


async def test_a_fact_is_recorded_when_the_log_has_it_also_in_a_topic_of_before(kafka: KafkaForTests) -> None:
    topic = kafka.random_topic(CAMPAIGNS)
    await made_before(kafka, topic)
    await create_topics(kafka.bootstrap, [topic])
    await shown(kafka, topic.name, topic.settings())
    before = int(time.time() * 1000)
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        sent = await producer.send_and_wait(topic.name, b"x", partition=0, timestamp_ms=1000)
    async with AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest") as consumer:
        consumer.assign([TopicPartition(topic.name, 0)])
        record: Any = await consumer.getone()
    assert (record.offset, record.timestamp_type) == (sent.offset, 1)
    assert before <= record.timestamp <= int(time.time() * 1000)


async def test_the_command_ends_a_deployment_with_a_sentence(kafka: KafkaForTests) -> None:
    status, said = await applied(kafka)
    assert (status, said) in [(0, f"{len(TOPICS)} topics made\n"), (0, "every topic was there\n")]
    status, said = await applied(kafka, "--min-insync-replicas", "0")
    lines = said.splitlines()
    assert (status, len(lines)) == (1, len(TOPICS))
    assert all(line.startswith("Kafka refused to set membership-") for line in lines)
    status, said = await applied(kafka, bootstrap="127.0.0.1:1")
    assert status == 1
    assert said.splitlines()[-1].startswith("Kafka did not make the topics: ")
    assert "Traceback" not in said
