"""The contracts keep their promises: readable for ever, generated files true, nobody named, nothing unpublished."""

import ast
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from polity_contracts.asyncapi import document
from polity_contracts.envelope import Fact, FactTooLarge, Unreadable, Visibility, decode, encode_value, headers
from polity_contracts.facts import FACTS
from polity_contracts.generated import CONTRACTS, BreakingChange, generate, problems, read_example
from polity_contracts.schemas import breaking_differences, schema_of
from polity_contracts.topics import TOPICS

ROOT = CONTRACTS.parent
EXAMPLES = sorted((CONTRACTS / "examples").glob("*.json"))


def test_committed_schemas_asyncapi_and_corpus_are_what_the_code_says() -> None:
    assert problems() == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_decodes_validates_and_encodes_to_the_same_record(path: Path) -> None:
    example = json.loads(path.read_text())
    envelope = read_example(path)
    if example["value"] is not None:
        Draft202012Validator(schema_of(type(envelope.fact))).validate(example["value"])
        written = json.loads(encode_value(envelope.fact) or b"")
        # The example of an earlier writer lacks what was added since.
        of_today = path.stem == f"{envelope.fact.type}.{envelope.fact.version}"
        assert (written if of_today else {**written, **example["value"]}) == (example["value"] if of_today else written)
    assert dict(headers(envelope)) == {name: value.encode() for name, value in example["headers"].items()}


@pytest.fixture
def published(tmp_path: Path) -> Path:
    folder = tmp_path / "contracts"
    for part in ("schemas", "examples"):
        shutil.copytree(CONTRACTS / part, folder / part)
    shutil.copy(CONTRACTS / "asyncapi.json", folder)
    return folder


def _edit(folder: Path, name: str, change: Any) -> None:
    path = folder / "schemas" / f"{name}.json"
    schema = json.loads(path.read_text())
    change(schema)
    path.write_text(json.dumps(schema))


BREAKING = {
    "a field was removed": lambda s: s["properties"].update(gone={"type": "string"}),
    "a field became required": lambda s: (s["properties"].pop("ordinal"), s["required"].remove("ordinal")),
    "a field changed its type": lambda s: s["properties"]["ordinal"].update(type="string"),
    "a field became optional": lambda s: s["required"].append("contact_id") or s["required"].remove("ordinal"),
    "the topic changed": lambda s: s["x-polity"].update(topic="elsewhere-v1"),
    "a private fact became public": lambda s: s["x-polity"].update(visibility="private"),
    "a members' fact became public": lambda s: s["x-polity"].update(visibility="members"),
}


@pytest.mark.parametrize("change", BREAKING.values(), ids=BREAKING)
def test_a_breaking_difference_is_refused_and_never_generated_over(published: Path, change: Any) -> None:
    _edit(published, "membership.commitment_made", change)
    assert any(problem.startswith("breaking: membership.commitment_made") for problem in problems(published))
    before = (published / "schemas" / "membership.commitment_made.json").read_text()
    with pytest.raises(BreakingChange):
        generate(published)
    assert (published / "schemas" / "membership.commitment_made.json").read_text() == before


@pytest.mark.parametrize("before", ["public", "members"])
def test_a_visibility_may_be_narrowed_and_its_reason_reworded(published: Path, before: str) -> None:
    _edit(published, "membership.mandate_ended", lambda s: s["x-polity"].update(visibility=before))
    _edit(published, "membership.mandate_granted", lambda s: s["x-polity"].pop("visibility_reason"))
    assert not [problem for problem in problems(published) if problem.startswith("breaking")]
    generate(published)
    assert problems(published) == []


def test_a_published_fact_that_is_gone_is_breaking(published: Path) -> None:
    shutil.copy(
        published / "schemas" / "membership.mandate_ended.json", published / "schemas" / "membership.old_fact.json"
    )
    assert "breaking: membership.old_fact was published and is gone" in problems(published)


def test_an_addition_with_a_default_is_compatible_but_must_be_generated(published: Path) -> None:
    def without_demonstration(schema: dict[str, Any]) -> None:
        schema["properties"].pop("demonstration")

    _edit(published, "membership.network_founded", without_demonstration)
    assert problems(published) == ["schemas/membership.network_founded.json differs from the code: run ./dev contracts"]
    generate(published)
    assert problems(published) == []


def test_a_lost_example_and_an_unreadable_one_are_seen(published: Path) -> None:
    (published / "examples" / "membership.mandate_ended.1.json").unlink()
    path = published / "examples" / "membership.commitment_made.1.json"
    path.write_text(path.read_text().replace('"ordinal": 10', '"ordinal": "ten"'))
    found = "\n".join(problems(published))
    assert "examples/membership.mandate_ended.1.json is missing" in found
    assert "membership.commitment_made.1.json can't be read any more: data: ordinal" in found


def test_asyncapi_names_every_topic_owner_and_consumer() -> None:
    made = document()
    assert set(made["channels"]) == set(TOPICS)
    for topic in TOPICS.values():
        assert f"{topic.owner}.send.{topic.name}" in made["operations"]
        assert made["channels"][topic.name]["messages"], f"{topic.name} carries no fact"
    assert "$defs" not in json.dumps(made), "a reference into $defs would point nowhere"


def test_topic_names_have_hyphens_only_and_start_with_their_owner() -> None:
    # Kafka's metrics fold '.' and '_' into one another.
    for topic in TOPICS.values():
        assert topic.name.startswith(f"{topic.owner}-")
        assert topic.name.endswith("-v1")
        assert not set(topic.name) & set("._")


PERSONAL = ("name", "email", "mail", "phone", "address", "signatory", "office", "person", "contact", "ip")
ALLOWED = {
    # What a public body or a text is called, an office of a city in its network, and ids of people.
    ("membership.network_founded", "name"),
    ("membership.local_government_registered", "name"),
    ("membership.commitment_made", "name"),
    ("membership.network_member_joined", "office"),
    ("membership.invitation_issued", "contact_id"),
    ("membership.invitation_extended", "contact_id"),
    ("membership.commitment_made", "contact_id"),
    ("membership.commitment_submitted", "contact_id"),
    ("membership.commitment_returned", "contact_id"),
    ("membership.mandate_granted", "person_id"),
}


def _personal_fields(facts: dict[str, type[Fact]]) -> Iterator[str]:
    for name, fact in facts.items():
        if TOPICS[fact.topic].compacted:
            continue
        for field in fact.model_fields:
            if set(field.split("_")) & set(PERSONAL) and (name, field) not in ALLOWED:
                yield f"{name}.{field}"


def test_no_fact_outside_the_people_topics_names_a_person() -> None:
    assert list(_personal_fields(FACTS)) == []


def test_the_guard_sees_a_planted_personal_field() -> None:
    class Planted(Fact):
        type = "membership.planted"
        topic = "membership-commitments-v1"
        signatory_name: str

    assert list(_personal_fields({"membership.planted": Planted})) == ["membership.planted.signatory_name"]


def _constructed(service: str) -> set[str]:
    """Returns the class names called anywhere in the service's code."""
    calls = set()
    for path in (ROOT / "services" / service).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                calls.add(node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", ""))
    return calls


def _unpublished(facts: dict[str, type[Fact]]) -> list[str]:
    return [fact.type for fact in facts.values() if fact.__name__ not in _constructed(TOPICS[fact.topic].owner)]


def test_every_fact_is_published_by_its_owner() -> None:
    assert _unpublished(FACTS) == []


def test_the_guard_sees_a_fact_that_nobody_publishes() -> None:
    class NobodyPublishesThis(Fact):
        type = "membership.nobody"
        topic = "membership-commitments-v1"

    assert _unpublished({"membership.nobody": NobodyPublishesThis}) == ["membership.nobody"]


def _without_visibility(facts: dict[str, type[Fact]]) -> list[str]:
    """Returns the facts that don't say themselves who may have them, or not why in a sentence."""
    return [
        name
        for name, fact in facts.items()
        if "visibility" not in vars(fact) or not vars(fact).get("visibility_reason", "").endswith(".")
    ]


def test_every_fact_states_who_may_have_it_and_why() -> None:
    assert _without_visibility(FACTS) == []
    for name, fact in FACTS.items():
        said = json.loads((CONTRACTS / "schemas" / f"{name}.json").read_text())["x-polity"]
        assert (said["visibility"], said["visibility_reason"]) == (fact.visibility.value, fact.visibility_reason)
        shown = document()["components"]["messages"][name]
        assert (shown["x-visibility"], shown["x-visibility-reason"]) == (fact.visibility.value, fact.visibility_reason)


def test_the_guard_sees_a_fact_that_leaves_its_visibility_to_its_parent_or_gives_no_reason() -> None:
    class Stated(Fact):
        visibility = Visibility.PUBLIC
        visibility_reason = "Everybody may know."

    class Inherits(Stated):
        pass

    class Silent(Fact):
        visibility = Visibility.PUBLIC

    assert _without_visibility({"stated": Stated, "inherits": Inherits, "silent": Silent}) == ["inherits", "silent"]


def test_no_public_fact_tells_of_a_local_government_that_it_was_asked_or_might_be() -> None:
    """Of those who have not pledged the public learns one thing: who belongs to a network openly."""
    public = {name for name, fact in FACTS.items() if fact.visibility is Visibility.PUBLIC}
    telling = {name for name in public if "local_government_id" in FACTS[name].model_fields}
    assert telling == {
        "membership.network_member_joined", "membership.commitment_made", "membership.commitment_withdrawn",
    }  # fmt: skip


def test_only_people_topics_are_compacted() -> None:
    assert [name for name, topic in TOPICS.items() if topic.compacted] == ["membership-people-v1"]


def _record(**changes: Any) -> tuple[bytes, bytes, list[tuple[str, bytes | None]]]:
    example = json.loads((CONTRACTS / "examples" / "membership.commitment_made.1.json").read_text())
    raw: dict[str, bytes | None] = {name: value.encode() for name, value in example["headers"].items()}
    raw.update(changes.pop("headers", {}))
    return (
        changes.get("key", example["key"].encode()),
        changes.get("value", json.dumps(example["value"]).encode()),
        list(raw.items()),
    )


UNREADABLE = {
    "a header that is not UTF-8": ({"headers": {"ce_source": b"\xff"}}, "headers"),
    "a null header that was needed": ({"headers": {"ce_id": None}}, "headers"),
    "an id that is none": ({"headers": {"ce_id": b"x"}}, "headers"),
    "an unknown type": ({"headers": {"ce_type": b"membership.unheard_of"}}, "unknown_type"),
    "an unknown version": ({"headers": {"ce_dataschema": b"urn:polity:any:9"}}, "unknown_version"),
    "bad JSON": ({"value": b"{"}, "data"),
    "a value of null": ({"value": None}, "data"),
    "no key": ({"key": None}, "key"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_says_its_reason(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unreadable) as refused:
        decode(*_record(**changes), FACTS)
    assert refused.value.reason == reason


def test_unknown_fields_and_null_headers_nobody_needs_are_ignored() -> None:
    key, value, raw = _record(headers={"x-else": None})
    value = json.dumps({**json.loads(value), "of_a_newer_writer": 1}).encode()
    assert decode(key, value, raw, FACTS).fact.type == "membership.commitment_made"


def test_the_reason_of_unreadable_data_never_repeats_the_data() -> None:
    key, value, raw = _record(value=b'{"ordinal": "someone@city.example"}')
    with pytest.raises(Unreadable) as refused:
        decode(key, value, raw, FACTS)
    assert "someone" not in str(refused.value)


def test_an_oversize_fact_is_refused() -> None:
    class Large(Fact):
        type = "membership.large"
        topic = "membership-commitments-v1"
        text: str

    with pytest.raises(FactTooLarge):
        encode_value(Large(text="x" * 1_000_000))


def test_breaking_differences_looks_into_nested_objects() -> None:
    schema = schema_of(FACTS["membership.campaign_opened"])
    changed = json.loads(json.dumps(schema))
    changed["$defs"]["Deadline"]["properties"].pop("time_zone")
    assert breaking_differences(schema, changed) == ["reply_by.time_zone was removed"]
