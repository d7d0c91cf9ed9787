"""Which facts a partner gets, in which words, signed how, and tried again when."""

import base64
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from polity_contracts.envelope import Visibility
from polity_contracts.facts import FACTS
from polity_contracts.membership.commitments import CommitmentMade
from polity_notifications.domain.signing import derive, shown, signature
from polity_notifications.domain.webhooks import (
    JITTER,
    PUBLIC_FACTS,
    PUBLIC_TOPICS,
    RETRIES,
    event,
    retry_after,
)
from standardwebhooks import Webhook

VECTOR = json.loads((Path(__file__).parents[2] / "vectors" / "standard-webhooks.json").read_text())
AT = datetime(2030, 3, 1, 12, tzinfo=UTC)
NETWORK = uuid4()


def committed(**changed: Any) -> CommitmentMade:
    values: dict[str, Any] = {
        "commitment_id": uuid4(), "campaign_id": uuid4(), "network_id": NETWORK, "local_government_id": uuid4(),
        "contact_id": uuid4(), "invitation_id": uuid4(), "language": "en", "ordinal": 1, "themes": ("a",),
        "signed_on": date(2030, 3, 1), "made_at": AT,
    }  # fmt: skip
    return CommitmentMade(**{**values, **changed})


def test_the_vector_of_standard_webhooks_is_reproduced() -> None:
    secret = base64.b64decode(VECTOR["v1"]["secret"].removeprefix("whsec_"))
    made = signature([secret], VECTOR["id"], int(VECTOR["timestamp"]), VECTOR["body"].encode())
    assert made == VECTOR["v1"]["signature"]


def test_another_body_id_time_or_secret_is_signed_otherwise() -> None:
    secret, body = b"s" * 32, b"{}"
    made = {
        signature([key], message_id, at, text)
        for key in (secret, b"t" * 32)
        for message_id in ("a", "b")
        for at in (1, 2)
        for text in (body, b"[]")
    }
    assert len(made) == 16


def test_a_published_library_accepts_either_secret_while_both_sign() -> None:
    master, webhook_id, now = b"m" * 32, uuid4(), datetime.now(UTC)  # noqa: TID251 - the library has it too
    old, new = derive(master, webhook_id, 1), derive(master, webhook_id, 2)
    assert old != new != derive(master, uuid4(), 2)
    signed = signature([new, old], "msg", int(now.timestamp()), b"{}")
    headers = {
        "webhook-id": "msg",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signed,
    }
    for secret in (old, new):
        assert Webhook(shown(secret)).verify("{}", headers) == {}


def test_only_public_facts_are_offered_and_none_of_people() -> None:
    assert {fact.visibility for fact in PUBLIC_FACTS.values()} == {Visibility.PUBLIC}
    assert set(FACTS) - set(PUBLIC_FACTS) >= {"membership.person_recorded", "membership.invitation_issued"}
    assert "membership-people-v1" not in PUBLIC_TOPICS
    assert "membership-mandates-v1" not in PUBLIC_TOPICS


def test_the_payload_is_a_cloud_event_without_what_leads_to_a_person() -> None:
    fact, fact_id, key = committed(), uuid4(), uuid4()
    body = event(fact, fact_id=fact_id, key=str(key), sequence=3, occurred_at=AT)
    assert {name: body[name] for name in ("type", "timestamp", "id", "subject", "sequence", "source", "time")} == {
        "type": "membership.commitment_made", "timestamp": "2030-03-01T12:00:00Z", "id": str(fact_id),
        "subject": str(key), "sequence": "0000000000000000003", "source": "/membership", "time": "2030-03-01T12:00:00Z",
    }  # fmt: skip
    assert body["networks"] == str(NETWORK)
    assert body["data"]["ordinal"] == 1
    assert str(fact.contact_id) not in json.dumps(body)
    assert str(fact.invitation_id) not in json.dumps(body)


def test_a_delivery_is_tried_eight_times_over_a_day_and_then_no_more() -> None:
    assert [retry_after(tries, 0) for tries in range(1, 8)] == list(RETRIES)
    assert [wait.total_seconds() for wait in RETRIES] == [5, 300, 1800, 7200, 18000, 36000, 36000]
    assert retry_after(8, 0) is None
    assert retry_after(1, 0.999) == pytest.approx(RETRIES[0] * (1 + JITTER), abs=timedelta(seconds=0.1))
