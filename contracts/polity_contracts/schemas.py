"""Each fact's JSON Schema (2020-12), and whether a changed one still reads what was ever published.

The log is kept for ever, so a reader of today meets facts of every age and a fact of today meets readers that are
not yet upgraded: only additions that both sides can ignore are allowed (BACKWARD and FORWARD at once).

A fact's visibility may be narrowed: whoever may have it no longer gets no more of it. It may not be widened, for the
facts of that type that are in the log were told on the promise that only these would have them: what is to be known
to more is a new fact type.
"""

from collections.abc import Iterator
from typing import Any

from polity_contracts.envelope import Fact, Visibility

Schema = dict[str, Any]
_WIDER = (Visibility.PRIVATE, Visibility.MEMBERS, Visibility.PUBLIC)
_MAY_CHANGE = frozenset({"visibility", "visibility_reason"})
"""Marks of a schema with a rule of their own, or with none."""


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
            "visibility_reason": fact.visibility_reason,
            "tombstone": fact.tombstone,
        },
    }


def breaking_differences(old: Schema, new: Schema) -> list[str]:
    """Returns one sentence for each difference that some reader could not ignore; empty when compatible."""
    marks = [
        f"{name} changed from {old['x-polity'][name]!r} to {new['x-polity'].get(name)!r}"
        for name in old["x-polity"]
        if name not in _MAY_CHANGE and old["x-polity"][name] != new["x-polity"].get(name)
    ]
    before, after = (_WIDER.index(schema["x-polity"]["visibility"]) for schema in (old, new))
    if after > before:
        marks.append(f"visibility was widened from {_WIDER[before].value} to {_WIDER[after].value}")
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
