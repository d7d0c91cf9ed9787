"""The fixtures that every other test stands on."""

import smtplib

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient
from polity_contracts.topics import PARTITIONS, PEOPLE
from polity_local.testing.parts import KafkaForTests, PostgresForTests, SmtpSink


async def test_a_new_database_belongs_to_a_role_of_its_own(postgres: PostgresForTests) -> None:
    url = await postgres.create_database("fixture")
    connection = await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))
    try:
        row = await connection.fetchrow(
            "SELECT current_user = current_database(), usesuper FROM pg_user WHERE usename = current_user"
        )
        assert row is not None
        assert tuple(row) == (True, False)
    finally:
        await connection.close()


async def test_a_topic_is_made_as_the_contract_declares_it(kafka: KafkaForTests) -> None:
    topic = kafka.random_topic(PEOPLE)
    await kafka.create_topics(topic)
    await kafka.create_topics(topic)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        (described,) = await admin.describe_topics([topic.name])
        assert len(described["partitions"]) == PARTITIONS
    finally:
        await admin.close()


def test_the_sink_keeps_each_mail_and_forgets_on_demand(smtp_sink: SmtpSink) -> None:
    with smtplib.SMTP("127.0.0.1", smtp_sink.port) as client:
        client.sendmail("a@example.org", ["b@example.org"], b"Subject: x\r\n\r\nhello")
    ((sender, recipients, content),) = smtp_sink.messages
    assert (sender, recipients) == ("a@example.org", ["b@example.org"])
    assert b"hello" in content
    smtp_sink.clear()
    assert smtp_sink.messages == []
