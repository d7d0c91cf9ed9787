"""Parts for tests in containers: tried where POLITY_TEST_PARTS=containers asks for them."""

import os
import smtplib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import asyncpg
import httpx
import pytest
import yaml
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from polity_local.demo.letterboxes import Mailpit
from polity_local.errors import CommandError
from polity_local.running.instance import REPOSITORY
from polity_local.testing import containers
from polity_local.testing.parts import KafkaForTests, PostgresForTests

in_containers = pytest.mark.skipif(
    os.environ.get("POLITY_TEST_PARTS") != "containers", reason="POLITY_TEST_PARTS=containers is not set"
)


def test_images_are_those_of_compose() -> None:
    services = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())["services"]
    for name, part in {"postgres": "postgres", "apache/kafka": "kafka", "axllent/mailpit": "mailpit"}.items():
        assert containers.image(name) == services[part]["image"]


@pytest.mark.parametrize("part", [containers.postgres, containers.kafka, containers.bucket])
def test_without_an_engine_one_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch, part: object) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(CommandError, match="unset POLITY_TEST_PARTS"), part():  # type: ignore[operator]
        pass


@in_containers
async def test_the_database_of_a_test_is_in_a_container(postgres: PostgresForTests) -> None:
    connection = await asyncpg.connect(postgres.admin_url)
    try:
        assert await connection.fetchval("SHOW data_directory") == "/var/lib/postgresql/18/docker"
    finally:
        await connection.close()


@in_containers
async def test_the_broker_of_a_test_is_in_a_container(kafka: KafkaForTests) -> None:
    async with kafka._admin() as admin:
        configured = await admin.describe_configs([ConfigResource(ConfigResourceType.BROKER, "1")])
    entries = {entry[0]: entry[1] for answer in configured for resource in answer.resources for entry in resource[4]}
    assert entries["log.dirs"] == "/var/lib/kafka/data"


@in_containers
async def test_the_demonstration_reads_every_link_in_mailpit() -> None:
    with ThreadPoolExecutor(1) as pool, ExitStack() as run:
        smtp_port, url = pool.submit(run.enter_context, containers.mailpit()).result()
        with smtplib.SMTP("127.0.0.1", smtp_port) as smtp:
            for number in range(203):
                address = f"contact-{number}@city.example"
                text = f"Open http://localhost:8080/en/answer/token-{number} to answer." if number else "No link."
                smtp.sendmail("a@polity.example", address, f"To: {address}\r\nSubject: Invitation\r\n\r\n{text}\r\n")
        async with httpx.AsyncClient(base_url=url) as catcher:
            links = await Mailpit(catcher).links([f"contact-{number}@city.example" for number in range(1, 203)])
    assert links == {f"contact-{number}@city.example": f"token-{number}" for number in range(1, 203)}
