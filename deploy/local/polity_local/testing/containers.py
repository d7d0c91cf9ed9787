"""PostgreSQL, Kafka, S3 and Mailpit for tests in containers, of the images that docker-compose.yml names."""

import asyncio
import contextlib
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from docker.errors import DockerException
from testcontainers.core.container import DockerContainer

from polity_local.errors import CommandError
from polity_local.running.instance import REPOSITORY
from polity_local.running.ports import Ports
from polity_local.running.program import answers as reachable
from polity_local.testing.buckets import NAME, Bucket, answers, bucket_at

ANSWERS_WITHIN_SECONDS = 120
S3 = "versity/versitygw:v1.8.0"
"""Serves the protocol from a folder; compose has no server of its own for it, so its version stands here."""


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """Yields the superuser's URL (postgresql://…) of a new server; raises CommandError where no engine answers."""
    port, password = Ports.free().postgres, secrets.token_urlsafe(24)
    settings = {
        "POSTGRES_PASSWORD": password,
        "POSTGRES_INITDB_ARGS": "--encoding=UTF8 --locale-provider=builtin --locale=C.UTF-8",
    }
    url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
    with _running(image("postgres"), settings, {5432: port}, lambda: _postgres_answers(url)):
        yield url


@contextlib.contextmanager
def kafka() -> Iterator[str]:
    """Yields host:port of a new broker; raises CommandError where no engine answers."""
    port = Ports.free().kafka
    settings = {
        "CLUSTER_ID": "cG9saXR5LXRlc3RzLTEtMQ",
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_LOG_DIRS": "/var/lib/kafka/data",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_HEAP_OPTS": "-Xms128m -Xmx512m",
    }
    with _running(image("apache/kafka"), settings, {9092: port}, lambda: _kafka_answers(f"127.0.0.1:{port}")):
        yield f"127.0.0.1:{port}"


@contextlib.contextmanager
def bucket() -> Iterator[Bucket]:
    """Yields a bucket of a new S3 server; raises CommandError where no engine answers."""
    port = Ports.free().membership
    made = bucket_at(port)
    settings = {
        "ROOT_ACCESS_KEY": made.environment["AWS_ACCESS_KEY_ID"],
        "ROOT_SECRET_KEY": made.environment["AWS_SECRET_ACCESS_KEY"],
    }
    # A folder of the served one is a bucket.
    start = f"mkdir -p /data/{NAME} && exec versitygw --port :7070 posix --nometa /data"
    command = {"entrypoint": ["/bin/sh", "-c", start]}

    async def there() -> bool:
        return answers(made)

    with _running(S3, settings, {7070: port}, there, **command):
        yield made


@contextlib.contextmanager
def mailpit() -> Iterator[tuple[int, str]]:
    """Yields the SMTP port and the page's URL of a new mail catcher; raises CommandError where no engine answers."""
    ports = Ports.free()
    url = f"http://127.0.0.1:{ports.mail}"

    async def there() -> bool:
        return reachable(f"{url}/readyz")

    with _running(image("axllent/mailpit"), {}, {1025: ports.smtp, 8025: ports.mail}, there):
        yield ports.smtp, url


def image(name: str) -> str:
    """Returns the image of this name with its version in docker-compose.yml."""
    found = re.search(rf"^ +image: ({re.escape(name)}:\S+)$", (REPOSITORY / "docker-compose.yml").read_text(), re.M)
    if found is None:
        raise CommandError(f"docker-compose.yml names no image of {name}.")
    return found[1]


@contextlib.contextmanager
def _running(
    name: str, settings: dict[str, str], ports: dict[int, int], answers: Callable[[], Awaitable[bool]], **more: Any
) -> Iterator[None]:
    """Runs the image with its ports published on this machine's own address until the caller has done."""
    try:
        container = DockerContainer(name, **more).with_envs(**settings)
        # The engine takes an address with the port, which the wrapper's own method cannot say.
        bound: Any = {inside: ("127.0.0.1", outside) for inside, outside in ports.items()}
        container.ports = bound
        container.start()
    except DockerException as error:
        raise CommandError(
            f"No container of {name} starts ({error}): unset POLITY_TEST_PARTS to do without."
        ) from error
    try:
        deadline = time.monotonic() + ANSWERS_WITHIN_SECONDS
        while not asyncio.run(_answers(answers)):
            if time.monotonic() > deadline:
                raise CommandError(
                    f"{name} does not answer in its container: {container.get_logs()[1].decode()[-500:]}"
                )
            time.sleep(0.2)
        yield
    finally:
        container.stop()


async def _answers(check: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await check()
    except (OSError, asyncpg.PostgresError, KafkaError):
        return False


async def _postgres_answers(url: str) -> bool:
    await (await asyncpg.connect(url, timeout=2)).close()
    return True


async def _kafka_answers(bootstrap: str) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=3000)
    try:
        await admin.start()
        await admin.list_topics()
    finally:
        await admin.close()
    return True
