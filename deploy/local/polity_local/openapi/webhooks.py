"""What partners are posted, for the OpenAPI document: one webhook for each public fact, as notifications posts it."""

import json
from typing import Any
from uuid import UUID

from polity_contracts.asyncapi import inlined
from polity_contracts.envelope import Fact
from polity_contracts.generated import CONTRACTS, read_example
from polity_notifications.domain.webhooks import CONTENT_TYPE, PUBLIC_FACTS, TEST_TYPE, WITHHELD, event, test_event

_HEADERS = {
    "webhook-id": "The fact's id, the same at each try: keep those that you have seen.",
    "webhook-timestamp": "When this try was signed, in seconds since 1970.",
    "webhook-signature": "Standard Webhooks v1; during a rotation one signature for each secret.",
}
_TAKEN = {
    "2XX": {"description": "Taken."},
    "410": {"description": "Ends the subscription."},
    "default": {"description": "Tried again, by the schedule that docs/partners tells."},
}
WEBHOOK_ID = UUID("0197a000-0000-7000-8000-000000000009")
"""The subscription of the examples."""
SAID_OF_A_TEST = "A try that its owner asked for; it says nothing."


def webhooks() -> dict[str, Any]:
    """Returns the document's webhooks by the facts' wire names."""
    found = {name: _webhook(name, fact) for name, fact in sorted(PUBLIC_FACTS.items())}
    return {**found, TEST_TYPE: _test()}


def schemas() -> dict[str, Any]:
    """Returns the schema of what all posts have in common."""
    return {"WebhookEvent": _EVENT}


_EVENT: dict[str, Any] = {
    "type": "object",
    "description": "A CloudEvent 1.0 (JSON) that is a payload of Standard Webhooks too. Pass over what you don't know.",
    "required": ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "timestamp", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "format": "uuid", "description": "The same as the header webhook-id."},
        "source": {"type": "string", "description": "The service that owns the fact, as in Kafka: /membership."},
        "type": {"type": "string", "description": "The fact's wire name."},
        "subject": {"type": "string", "description": "What it is about: the posts of one subject come in their order."},
        "time": {"type": "string", "format": "date-time", "description": "When it happened."},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {"type": "string", "description": "urn:polity:<type>:<version>"},
        "sequence": {"type": "string", "description": "The fact's number within its subject, 19 digits."},
        "networks": {"type": "string", "description": "Ids, separated by commas."},
        "timestamp": {"type": "string", "format": "date-time"},
        "data": {"type": "object"},
    },
}


def example(name: str, fact: type[Fact]) -> dict[str, Any]:
    """Returns the contracts' example of the fact as a partner is posted it."""
    envelope = read_example(CONTRACTS / "examples" / f"{name}.{fact.version}.json")
    return event(
        envelope.fact,
        fact_id=envelope.id,
        key=envelope.key,
        sequence=envelope.sequence,
        occurred_at=envelope.occurred_at,
    )


def example_of_a_test() -> dict[str, Any]:
    """Returns what a partner is posted who asks for a try."""
    envelope = read_example(CONTRACTS / "examples" / "membership.campaign_opened.1.json")
    return test_event(envelope.id, WEBHOOK_ID, envelope.occurred_at)


def said_of(fact: type[Fact]) -> str:
    """Returns what the fact's contract says of it in one sentence."""
    return (fact.__doc__ or fact.__name__).strip().split("\n")[0]


def _webhook(name: str, fact: type[Fact]) -> dict[str, Any]:
    data = _for_partners(fact.model_json_schema(mode="serialization"))
    shape = {"properties": {"type": {"const": name}, "data": data}}
    return _posted(name, said_of(fact), shape, example(name, fact))


def _test() -> dict[str, Any]:
    data = {"type": "object", "properties": {"webhook_id": {"type": "string", "format": "uuid"}}}
    shape = {"properties": {"type": {"const": TEST_TYPE}, "data": data}}
    return _posted(TEST_TYPE, SAID_OF_A_TEST, shape, example_of_a_test())


def _posted(name: str, said: str, shape: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    content = {
        "schema": {"allOf": [{"$ref": "#/components/schemas/WebhookEvent"}, {"type": "object", **shape}]},
        "example": json.loads(json.dumps(body)),
    }
    headers = [
        {"name": header, "in": "header", "required": True, "description": text, "schema": {"type": "string"}}
        for header, text in _HEADERS.items()
    ]
    operation = {
        "operationId": f"posted_{name.replace('.', '_')}",
        "summary": said,
        "description": said,
        "tags": ["webhooks"],
        # Signed, not authenticated: the receiver checks webhook-signature.
        "security": [],
        "parameters": headers,
        "requestBody": {"required": True, "content": {CONTENT_TYPE: content}},
        "responses": _TAKEN,
    }
    return {"post": operation}


def _for_partners(schema: dict[str, Any]) -> dict[str, Any]:
    """Returns the schema of a fact's data without what partners don't get, and without references into itself."""
    found = inlined(schema)
    found["properties"] = {name: part for name, part in found["properties"].items() if name not in WITHHELD}
    found["required"] = [name for name in found.get("required", ()) if name not in WITHHELD]
    return found
