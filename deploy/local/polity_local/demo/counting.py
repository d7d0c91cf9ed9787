"""Counts what was lost and what doubled: what HTTP acknowledged against every database, the topics and the mails."""

import email
import email.policy
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from polity_contracts import topics

from polity_local.demo.cities import Acknowledged, Mail, Stack


@dataclass(slots=True)
class Seen:
    """Everything one campaign left behind, store by store."""

    commitments: list[tuple[str, str, int]]
    """Membership's rows: commitment, local government, ordinal."""
    milestones: list[tuple[int, int]]
    """Membership's rows: threshold, ordinal."""
    commitment_facts: list[tuple[str, str]]
    """Kafka: commitment, fact id, one entry a record."""
    milestone_facts: list[tuple[int, int, str]]
    """Kafka: threshold, ordinal, fact id, one entry a record."""
    projected: list[str]
    """Reporting's committed local governments."""
    projected_milestones: list[tuple[int, int]]
    deliveries: list[tuple[str, str, str, str]]
    """Notifications' rows: delivery, kind, the city or threshold it is about with its audience, status."""
    mails: list[str]
    """The Message-ID of each mail that the sink took."""


@dataclass(slots=True)
class Verdict:
    """Empty lists when nothing was lost or doubled; each entry is a sentence."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    doubled_mails: int = 0
    """Mails beyond the first of each delivery: after a kill at most one for each that was in flight."""


def judge(acknowledged: Acknowledged, thresholds: Iterable[int], seen: Seen) -> Verdict:
    """Returns what is missing or too much in `seen`, compared with what HTTP acknowledged."""
    verdict = Verdict()
    acks = set(acknowledged.committed)
    rows = {commitment: ordinal for commitment, _, ordinal in seen.commitments}
    _compare(verdict, "membership's commitments", acks, [c for c, _, _ in seen.commitments])
    _compare(verdict, "ordinals", set(range(1, len(rows) + 1)), [o for _, _, o in seen.commitments])
    verdict.lost += [f"acknowledged ordinal {o} of {c}" for c, o in acknowledged.committed.items() if rows.get(c) != o]
    _compare(verdict, "commitment facts", acks, list({fact: c for c, fact in seen.commitment_facts}.values()))
    cities = {city for _, city, _ in seen.commitments}
    _compare(verdict, "projected commitments", cities, seen.projected)
    reached = {(n, n) for n in thresholds if n <= len(rows)}
    _compare(verdict, "milestones", reached, seen.milestones)
    facts = {fact: (threshold, ordinal) for threshold, ordinal, fact in seen.milestone_facts}
    _compare(verdict, "milestone facts", reached, list(facts.values()))
    _compare(verdict, "projected milestones", reached, seen.projected_milestones)
    _judge_mails(verdict, {city for commitment, city, _ in seen.commitments if commitment in acks}, seen)
    return verdict


def _compare(verdict: Verdict, what: str, expected: set[Any], found: Sequence[Any]) -> None:
    counts = Counter(found)
    verdict.lost += [f"{what}: {one}" for one in sorted(expected - set(counts), key=str)]
    verdict.doubled += [f"{what}: {one} {n} times" for one, n in counts.items() if n > 1]
    # Acknowledgements can be lost on their way, so more is fine for what was acknowledged; not for what is counted.
    if what not in ("membership's commitments", "commitment facts"):
        verdict.doubled += [f"{what}: {one} unexpected" for one in sorted(set(counts) - expected, key=str)]


def _judge_mails(verdict: Verdict, cities: set[str], seen: Seen) -> None:
    about = Counter((kind, subject) for _, kind, subject, _ in seen.deliveries)
    verdict.doubled += [f"delivery {kind} {subject} {n} times" for (kind, subject), n in about.items() if n > 1]
    thanked = {subject.split()[0] for _, kind, subject, _ in seen.deliveries if kind == "thank_you"}
    verdict.lost += [f"thank-you for {city}" for city in sorted(cities - thanked)]
    mails = Counter(seen.mails)
    verdict.lost += [f"mail {d} ({status})" for d, _, _, status in seen.deliveries if not mails[d]]
    verdict.doubled_mails = sum(n - 1 for n in mails.values() if n > 1)


async def look(stack: Stack, campaign_id: str, mails: Sequence[Mail]) -> Seen:
    """Returns what every store holds of the campaign; reads each topic from its beginning to its end."""
    membership = await _rows(
        stack.database_url("membership"),
        "SELECT id::text, local_government_id::text, ordinal FROM commitment WHERE campaign_id = $1::text::uuid",
        campaign_id,
    )
    milestones = await _rows(
        stack.database_url("membership"),
        "SELECT threshold, ordinal FROM milestone_reached WHERE campaign_id = $1::text::uuid",
        campaign_id,
    )
    projected = await _rows(
        stack.database_url("reporting"),
        "SELECT local_government_id::text FROM answer WHERE campaign_id = $1::text::uuid AND committed_at IS NOT NULL",
        campaign_id,
    )
    projected_milestones = await _rows(
        stack.database_url("reporting"),
        "SELECT threshold, ordinal FROM milestone WHERE campaign_id = $1::text::uuid",
        campaign_id,
    )
    facts = [f async for f in _facts(stack.kafka_bootstrap, campaign_id)]
    return Seen(
        commitments=membership,
        milestones=milestones,
        commitment_facts=[(d["commitment_id"], i) for t, i, d in facts if t == "membership.commitment_made"],
        milestone_facts=[(d["threshold"], d["ordinal"], i) for t, i, d in facts if t == "membership.milestone_reached"],
        projected=[row[0] for row in projected],
        projected_milestones=projected_milestones,
        deliveries=await _deliveries(stack, campaign_id),
        mails=[delivery_of(raw) for _, _, raw in mails],
    )


async def _deliveries(stack: Stack, campaign_id: str) -> list[tuple[Any, ...]]:
    return await _rows(
        stack.database_url("notifications"),
        "SELECT delivery_id::text, kind, coalesce(local_government_id::text, threshold::text) || ' ' || person_id,"
        "       status FROM delivery WHERE campaign_id = $1::text::uuid",
        campaign_id,
    )


def delivery_of(raw: bytes) -> str:
    """Returns the delivery's id, which is the local part of the mail's stable Message-ID."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    return str(message["Message-ID"]).strip("<>").partition("@")[0]


async def _rows(url: str, statement: str, campaign_id: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return [tuple(row) for row in await connection.fetch(statement, campaign_id)]
    finally:
        await connection.close()


async def _facts(bootstrap: str, campaign_id: str) -> Any:
    """Yields (type, fact id, data) of each record about the campaign."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        names = (topics.COMMITMENTS.name, topics.CAMPAIGNS.name)
        parts = [TopicPartition(name, number) for name in names for number in range(topics.PARTITIONS)]
        consumer.assign(parts)
        ends = await consumer.end_offsets(parts)
        while any([await consumer.position(part) < ends[part] for part in parts]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    headers = dict(record.headers)
                    data = json.loads(record.value)
                    if data["campaign_id"] == campaign_id:
                        yield headers["ce_type"].decode(), headers["ce_id"].decode(), data
    finally:
        await consumer.stop()
