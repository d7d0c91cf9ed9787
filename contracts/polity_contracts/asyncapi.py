"""The AsyncAPI 3 document: one channel a topic, its owner sends, everyone named may receive."""

from typing import Any

from polity_contracts.facts import FACTS
from polity_contracts.schemas import schema_of
from polity_contracts.topics import TOPICS, Topic

_HEADERS = {
    "type": "object",
    "description": "CloudEvents 1.0 in Kafka binary mode; extensions: sequence, visibility, networks, actor, "
    "onbehalfof.",
    "required": [
        "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject",
        "ce_dataschema", "ce_sequence", "ce_visibility", "content-type",
    ],
    "properties": {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {"type": "string", "format": "uuid", "description": "Identity only: it says nothing of order."},
        "ce_source": {"type": "string", "description": "The service that owns the fact."},
        "ce_type": {"type": "string", "description": "The wire name."},
        "ce_time": {"type": "string", "format": "date-time", "description": "When it happened, UTC."},
        "ce_subject": {"type": "string", "description": "The record's key: the aggregate's id."},
        "ce_dataschema": {"type": "string", "description": "urn:polity:<wire name>:<version>"},
        "ce_sequence": {"type": "string", "pattern": "^[0-9]+$", "description": "1, 2, 3 … within the key."},
        "ce_visibility": {"type": "string", "enum": ["public", "members", "private"]},
        "ce_networks": {"type": "string", "description": "Network ids, separated by commas."},
        "ce_actor": {"type": "string", "description": "Who acted: person:<id>, link:<id> or service:<name>."},
        "ce_onbehalfof": {"type": "string", "format": "uuid", "description": "The network or local government."},
        "traceparent": {"type": "string", "description": "W3C trace context."},
        "content-type": {"type": "string", "const": "application/json"},
    },
}  # fmt: skip


def document() -> dict[str, Any]:
    """Returns the whole AsyncAPI 3.0.0 document, ready for `json.dumps`."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Polity facts",
            "version": "1.0.0",
            "description": "Everything the services of Polity tell each other. Order exists only within a key; every "
            "fact arrives at least once; unknown fields are to be ignored.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS.values()},
        "operations": _operations(),
        "components": {
            "schemas": {"headers": _HEADERS},
            "messages": {name: _message(name) for name in FACTS},
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    keeps = "the last value of each key" if topic.compacted else "everything, for ever"
    return {
        "address": topic.name,
        "description": f"Owned by {topic.owner}; keyed by the {topic.key}'s id; keeps {keeps}.",
        "messages": {
            fact.type: {"$ref": f"#/components/messages/{fact.type}"}
            for fact in FACTS.values()
            if fact.topic == topic.name
        },
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {"cleanup.policy": [topic.settings()["cleanup.policy"]]},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operations() -> dict[str, Any]:
    operations = {}
    for topic in TOPICS.values():
        channel = {"$ref": f"#/channels/{topic.name}"}
        operations[f"{topic.owner}.send.{topic.name}"] = {"action": "send", "channel": channel}
        for consumer in topic.consumers:
            operations[f"{consumer}.receive.{topic.name}"] = {"action": "receive", "channel": channel}
    return operations


def _message(name: str) -> dict[str, Any]:
    fact = FACTS[name]
    schema = schema_of(fact)
    return {
        "name": name,
        "title": fact.__name__,
        "summary": schema.get("description", fact.__name__).split("\n")[0],
        "contentType": "application/json",
        "x-visibility": fact.visibility.value,
        "x-visibility-reason": fact.visibility_reason,
        "headers": {"$ref": "#/components/schemas/headers"},
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-07",
            "schema": {"type": "null"} if fact.tombstone else inlined(schema),
        },
    }


def inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """Returns the schema without `$defs`: references in a payload would point into the whole document."""
    definitions = schema.get("$defs", {})

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return walk(definitions[node["$ref"].rpartition("/")[2]])
        return {name: walk(value) for name, value in node.items()}

    kept = {name: value for name, value in schema.items() if name not in ("$defs", "$schema", "$id", "x-polity")}
    inlined: dict[str, Any] = walk(kept)
    return inlined
