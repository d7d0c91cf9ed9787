"""Each fact's JSON Schema (2020-12), and whether a changed one still reads what was ever published.

The log is kept for ever, so a reader of today meets facts of every age and a fact of today meets readers that are
not yet upgraded: only additions that both sides can ignore are allowed (BACKWARD and FORWARD at once).
"""

from collections.abc import Iterator
from typing import Any

from polity_contracts.envelope import Fact

Schema = dict[str, Any]


def schema_of(fact: type[Fact]) -> Schema:
    """Returns the schema of the fact's data with `x-polity`: what else about it may not change silently."""
    schema = fact.model_json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:polity:{fact.type}:{fact.version}",
        **schema,
        "x-polity": {
            "type": fact.type,
            "version": fact.version,
            "topic": fact.topic,
            "visibility": fact.visibility.value,
            "tombstone": fact.tombstone,
        },
    }


def breaking_differences(old: Schema, new: Schema) -> list[str]:
    """Returns one sentence for each difference that some reader could not ignore; empty when compatible."""
    marks = [
        f"{name} changed from {old['x-polity'][name]!r} to {new['x-polity'].get(name)!r}"
        for name in old["x-polity"]
        if old["x-polity"][name] != new["x-polity"].get(name)
    ]
    return marks + list(_object_differences(_resolved(old, old), _resolved(new, new), old, new, ""))


def _resolved(schema: Schema, root: Schema) -> Schema:
    reference = schema.get("$ref")
    return root["$defs"][reference.rpartition("/")[2]] if reference else schema


def _object_differences(old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in before:
        place = f"{path}{name}"
        if name not in after:
            yield f"{place} was removed"
        else:
            yield from _value_differences(before[name], after[name], old_root, new_root, place)
    for name in set(new.get("required", ())) - set(old.get("required", ())):
        yield f"{path}{name} became required: facts already published lack it"
    for name in set(old.get("required", ())) - set(new.get("required", ())):
        if name in after:
            yield f"{path}{name} became optional: readers not yet upgraded need it"


def _value_differences(old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str) -> Iterator[str]:
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    for name in ("type", "format", "pattern", "const"):
        if old.get(name) != new.get(name):
            yield f"{path}: {name} changed from {old.get(name)!r} to {new.get(name)!r}"
    before: list[Any] = old.get("enum", [])
    if missing := set(before) - set(new.get("enum", before)):
        yield f"{path}: values removed: {sorted(missing)}"
    yield from _object_differences(old, new, old_root, new_root, f"{path}.")
    for name in ("items", "additionalProperties"):
        if isinstance(old.get(name), dict) and isinstance(new.get(name), dict):
            yield from _value_differences(old[name], new[name], old_root, new_root, f"{path}[]")
        elif old.get(name) != new.get(name):
            yield f"{path}: {name} changed"
    yield from _alternative_differences(old, new, old_root, new_root, path)


def _alternative_differences(old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str) -> Iterator[str]:
    before, after = old.get("anyOf", []), new.get("anyOf", [])
    if len(before) != len(after):
        yield f"{path}: alternatives changed"
        return
    for one, other in zip(before, after, strict=True):
        yield from _value_differences(one, other, old_root, new_root, path)
