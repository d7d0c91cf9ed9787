"""Apache Kafka 4.3 in KRaft mode: one broker that is its own controller, topics from the contracts only."""

import asyncio
import base64
import os
import secrets
import sys
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from polity_local.parts import jvm
from polity_local.running.instance import Instance
from polity_local.running.ports import busy
from polity_local.running.program import Program, run_step

HEAP = ("-Xms96m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:MaxDirectMemorySize=64m", "-XX:+ExitOnOutOfMemoryError")


def program(instance: Instance, *, with_topics: bool = True) -> Program:
    """Returns the broker; `with_topics` makes it count as started only once the contracts' topics exist."""
    return Program(
        name="kafka",
        command=(*_java(instance), *HEAP, "-cp", _classpath(), "kafka.Kafka", str(_configuration(instance))),
        ports=("kafka", "kafka_controller"),
        prepare=lambda: _prepare(instance),
        healthy=lambda: asyncio.run(_answers(instance)),
        after=(lambda: _apply_topics(instance)) if with_topics else (lambda: None),
    )


def _java(instance: Instance) -> tuple[str, ...]:
    return jvm.java(instance.temporary_folder(None))


def _configuration(instance: Instance) -> Path:
    return instance.state / "kafka" / "server.properties"


def _classpath() -> str:
    return os.pathsep.join(str(path) for path in jvm.places("kafka"))


def _prepare(instance: Instance) -> None:
    jvm.locked_files("kafka")
    configuration = _configuration(instance)
    folder = configuration.parent
    folder.mkdir(mode=0o700, exist_ok=True)
    configuration.write_text("".join(f"{name}={value}\n" for name, value in _settings(instance).items()))
    if not (folder / "data" / "meta.properties").exists():
        cluster = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=").replace("-", "A")
        command = (*_java(instance), "-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", _classpath())
        arguments = ("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(configuration))
        run_step("Preparing Kafka's storage", (*command, *arguments), instance.log("kafka"))


def _settings(instance: Instance) -> dict[str, str]:
    broker, controller = instance.ports.kafka, instance.ports.kafka_controller
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{broker}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(instance.state / "kafka" / "data"),
        "auto.create.topics.enable": "false",
        "default.replication.factor": "1",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "6",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        # A broker that was killed may come back only once the session of its former self has ended.
        "broker.session.timeout.ms": "5000",
        "broker.heartbeat.interval.ms": "1000",
        "group.initial.rebalance.delay.ms": "0",
        "log.retention.ms": "-1",
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
        # What a topic lets go of within seconds is gone within seconds; tests wait for it.
        "log.cleaner.backoff.ms": "1000",
    }


async def _answers(instance: Instance) -> bool:
    if not busy(instance.ports.kafka):
        return False
    admin = AIOKafkaAdminClient(bootstrap_servers=instance.kafka_bootstrap, request_timeout_ms=3000)
    try:
        await admin.start()
        await admin.list_topics()
    except (OSError, KafkaError):
        return False
    finally:
        await admin.close()
    return True


def _apply_topics(instance: Instance) -> None:
    command = (sys.executable, "-m", "polity_contracts", "apply", "--bootstrap", instance.kafka_bootstrap)
    run_step("Making the topics", command, instance.log("kafka"))
