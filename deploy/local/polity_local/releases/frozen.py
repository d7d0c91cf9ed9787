"""A release's data in one archive: each service's database as SQL, every record of Kafka, the letters' files."""

import asyncio
import io
import json
import os
import subprocess
import tarfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from polity_contracts.create_topics import create_topics
from polity_contracts.topics import TOPICS

from polity_local.parts.postgres import WHEEL
from polity_local.running.instance import Instance
from polity_local.running.platform import Platform

SERVICES = ("membership", "events", "notifications", "reporting", "portal")
ARCHIVE = "data.tar.xz"
RECORDS = "records.jsonl"
AT_REST_WITHIN_SECONDS = 120
ANSWERS = "answers.json"
KEYS = ("answer_link_keys", "mandate_link_keys", "webhook_keys")
"""Secrets of the run without which its links and signatures mean nothing; what they open is invented."""

WAITING = {
    "membership": "SELECT count(*) FROM outbox",
    "notifications": "SELECT (SELECT count(*) FROM delivery WHERE status IN ('queued', 'waiting_address'))"
    " + (SELECT count(*) FROM webhook_delivery JOIN webhook USING (webhook_id)"
    " WHERE webhook_delivery.status = 'pending' AND paused_at IS NULL)",
}
"""What its service has yet to send."""


async def at_rest(platform: Platform) -> None:
    """Returns once nothing is under way; raises TimeoutError."""
    async with asyncio.timeout(AT_REST_WITHIN_SECONDS):
        while True:
            if not await _under_way(platform):
                return
            await asyncio.sleep(0.2)


async def _under_way(platform: Platform) -> int:
    """Returns how many facts, mails and posts have yet to be sent or applied."""
    async with _reading(platform.kafka_bootstrap) as consumer:
        ends = await _ends(consumer)
    left = 0
    for service in SERVICES:
        connection = await asyncpg.connect(_url(platform.instance, service))
        try:
            left += await connection.fetchval(WAITING.get(service, "SELECT 0"))
            for row in await connection.fetch("SELECT topic, partition, next_offset FROM consumer_position"):
                left += ends[row["topic"], row["partition"]] - row["next_offset"]
        finally:
            await connection.close()
    return left


async def freeze(platform: Platform, folder: Path, manifest: Mapping[str, Any], answers: Mapping[str, Any]) -> None:
    """Writes what a platform at rest holds, and what it answers, into `folder`, and beside it a manifest for people."""
    keys = {name: platform.instance.secrets[name] for name in KEYS}
    (folder / "manifest.json").write_text(
        json.dumps({**manifest, "keys": keys}, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    )
    with tarfile.open(folder / ARCHIVE, "w:xz", preset=9) as archive:
        for service in SERVICES:
            _add(archive, f"{service}.sql", _dump(platform.instance, service))
        _add(archive, RECORDS, "".join([f"{line}\n" async for line in _records(platform.kafka_bootstrap)]).encode())
        _add(archive, ANSWERS, json.dumps(answers).encode())
        archive.add(platform.instance.state / "files", "files")


async def restore(instance: Instance, folder: Path) -> None:
    """Puts what was frozen into an instance whose PostgreSQL and Kafka are running and hold nothing.

    Every record has its offset and timestamp of then, for consumers go on where they stood.
    """
    with tarfile.open(folder / ARCHIVE) as archive:
        for service in SERVICES:
            _psql(instance, service, _read(archive, f"{service}.sql"))
        await _produce(instance.kafka_bootstrap, _read(archive, RECORDS).decode())
        letters = [member for member in archive if member.name.startswith("files")]
        archive.extractall(instance.state, letters, filter="data")


def answers(folder: Path) -> dict[str, Any]:
    """Returns what the API answered when this was frozen, as `asked.ask` gives it."""
    with tarfile.open(folder / ARCHIVE) as archive:
        found: dict[str, Any] = json.loads(_read(archive, ANSWERS))
    return found


def _reading(bootstrap: str) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)


async def _ends(consumer: AIOKafkaConsumer) -> dict[tuple[str, int], int]:
    known = await consumer._client.fetch_all_metadata()
    places = [TopicPartition(name, part) for name in TOPICS for part in known.partitions_for_topic(name) or ()]
    return {(one.topic, one.partition): end for one, end in (await consumer.end_offsets(places)).items()}


async def _records(bootstrap: str) -> AsyncIterator[str]:
    """Yields a line for each record, partition by partition."""
    async with _reading(bootstrap) as consumer:
        for (topic, partition), end in sorted((await _ends(consumer)).items()):
            consumer.assign([one := TopicPartition(topic, partition)])
            while await consumer.position(one) < end:
                for record in (await consumer.getmany(one, timeout_ms=1000)).get(one, []):
                    yield _line(record)


def _line(record: ConsumerRecord) -> str:
    told = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "key": _text(record.key),
        "headers": [[name, _text(value)] for name, value in record.headers],
        "value": _text(record.value),
    }
    return json.dumps(told)


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode("utf-8", "surrogateescape")


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")


async def _produce(bootstrap: str, lines: str) -> None:
    # Stamped by the sender, as these records were; the deployment changes that afterwards.
    stamped = {"message.timestamp.type": "CreateTime"}
    await create_topics(bootstrap, [replace(topic, config=stamped) for topic in TOPICS.values()])
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True) as producer:
        for told in map(json.loads, lines.splitlines()):
            sent = await producer.send_and_wait(
                told["topic"],
                _bytes(told["value"]),
                _bytes(told["key"]),
                told["partition"],
                told["timestamp"],
                [(name, _bytes(value)) for name, value in told["headers"]],
            )
            assert sent.offset == told["offset"], told


def _dump(instance: Instance, service: str) -> bytes:
    return _client(instance, service, "pg_dump", "--no-owner", "--no-acl")


def _psql(instance: Instance, service: str, sql: bytes) -> None:
    _client(instance, service, "psql", "--quiet", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", input_=sql)


def _client(instance: Instance, service: str, program: str, *options: str, input_: bytes = b"") -> bytes:
    command = (
        str(WHEEL / "pginstall" / "bin" / program),
        *options,
        "-h",
        "127.0.0.1",
        "-p",
        str(instance.ports.postgres),
    )
    who = {"PGUSER": service, "PGPASSWORD": instance.secrets[f"database_{service}"], "PGDATABASE": service}
    done = subprocess.run(command, input=input_, env={**os.environ, **who}, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{program} of {service}: {done.stderr.decode()[-1000:]}")
    return done.stdout


def _url(instance: Instance, service: str) -> str:
    return instance.database_url(service).replace("postgresql+asyncpg", "postgresql")


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    found = archive.extractfile(name)
    assert found is not None
    return found.read()
