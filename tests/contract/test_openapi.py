"""The OpenAPI document says what the API does: who may, by which names, within which limits, and what partners get."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for
from polity_local.openapi import document, rules
from polity_membership.invitations.domain import LARGEST_SELECTION
from polity_notifications.domain.webhooks import PUBLIC_FACTS, TEST_TYPE, WITHHELD

DOCUMENT: dict[str, Any] = json.loads(document.DOCUMENT.read_text())
OPERATIONS = {f"{m.upper()} {p}": o for p, item in DOCUMENT["paths"].items() for m, o in item.items()}
GATEWAY_BODY_BYTES = 256 * 1024
ID_BYTES = len('"0197a000-0000-7000-8000-000000000003", ')


def resolved(node: Any) -> Any:
    """The schema with its references put in their places; one that refers to itself ends there."""

    def walk(part: Any, inside: tuple[str, ...]) -> Any:
        if isinstance(part, list):
            return [walk(each, inside) for each in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            name = part["$ref"].rpartition("/")[2]
            kind = part["$ref"].split("/")[2]
            return {} if name in inside else walk(DOCUMENT["components"][kind][name], (*inside, name))
        return {key: walk(value, inside) for key, value in part.items()}

    return walk(node, ())


def bodies() -> Iterator[tuple[str, str, Any]]:
    """Operation, media type and content of every request's body."""
    for name, operation in OPERATIONS.items():
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            yield name, media_type, content


def schemas_in(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for part in node.values():
            yield from schemas_in(part)
    elif isinstance(node, list):
        for part in node:
            yield from schemas_in(part)


def test_operations_have_short_names_of_their_own_and_a_subject() -> None:
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(ids) == len(set(ids)) > 70
    assert [each for each in ids if len(each) > 40 or "v1" in each] == []
    tags = {tag for operation in OPERATIONS.values() for tag in operation["tags"]}
    assert tags == {tag["name"] for tag in DOCUMENT["tags"]} <= document.TAGS.keys()
    assert all(len(operation["tags"]) == 1 for operation in OPERATIONS.values())


def test_public_operations_ask_for_no_credentials_and_all_others_do() -> None:
    open_ones = {name for name, operation in OPERATIONS.items() if operation["security"] == []}
    assert open_ones == {name for name, operation in OPERATIONS.items() if operation["x-access"] == "public"}
    assert len(open_ones) > 8


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_a_path_holds_is_described_and_every_refusal_is_a_problem(name: str) -> None:
    operation = OPERATIONS[name]
    described = {p["name"] for p in resolved(operation.get("parameters", [])) if p["in"] == "path"}
    assert described == set(re.findall(r"\{(\w+)\}", name))
    for status, answer in resolved(operation["responses"]).items():
        assert answer["description"], status
        if status >= "400":
            assert list(answer["content"]) == ["application/problem+json"], status
    by_anybody = {"401", "403", "408", "413", "422", "429", "431", "500", "502", "503", "504"}
    assert by_anybody <= operation["responses"].keys()


def test_one_number_says_how_many_are_invited_at_once_and_so_many_fit_into_a_body() -> None:
    ids = DOCUMENT["components"]["schemas"]["InvitationsIn"]["properties"]["local_government_ids"]
    (limit,) = {schema["maxItems"] for schema in schemas_in(ids) if "maxItems" in schema}
    assert limit == LARGEST_SELECTION
    assert limit * ID_BYTES < GATEWAY_BODY_BYTES


def test_every_instant_and_day_that_is_asked_for_says_how_it_is_written() -> None:
    asked = [content["schema"] for _, _, content in bodies()]
    asked += [parameter for operation in OPERATIONS.values() for parameter in operation.get("parameters", ())]
    moments = [s for s in schemas_in(resolved(asked)) if s.get("format") in ("date-time", "date")]
    assert len(moments) > 5
    assert [schema for schema in moments if "pattern" not in schema] == []


def test_files_are_described_as_such() -> None:
    pieces = OPERATIONS["PATCH /v1/answer/proofs/{proof_id}"]["requestBody"]["content"]
    assert pieces == {"application/offset+octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    assert {"image/jpeg", "application/pdf"} <= OPERATIONS["GET /v1/proofs/{proof_id}"]["responses"]["200"][
        "content"
    ].keys()
    progress = "GET /v1/progress/{campaign_id}"
    assert list(OPERATIONS[f"{progress}.csv"]["responses"]["200"]["content"]) == ["text/csv"]
    geojson = OPERATIONS[f"{progress}/commitments.geojson"]["responses"]["200"]["content"]["application/geo+json"]
    assert geojson["schema"]["properties"]["features"]["items"]["properties"]["geometry"]["type"] == ["object", "null"]


def test_the_webhooks_are_the_public_facts_as_they_are_posted() -> None:
    assert DOCUMENT["webhooks"].keys() == PUBLIC_FACTS.keys() | {TEST_TYPE}
    for name, item in DOCUMENT["webhooks"].items():
        (content,) = item["post"]["requestBody"]["content"].values()
        schema, example = resolved(content["schema"]), content["example"]
        Draft202012Validator(schema).validate(example)
        assert example["type"] == name
        assert not WITHHELD & example["data"].keys()
        assert not Draft202012Validator(schema).is_valid({**example, "type": "x"})


def test_every_example_is_one_of_its_schema() -> None:
    seen = 0
    for schema in schemas_in(resolved(DOCUMENT["components"]["schemas"])):
        for example in schema.get("examples", ()) if isinstance(schema.get("examples"), list) else ():
            validator_for(schema, Draft202012Validator)(schema).validate(example)
            seen += 1
    assert seen > 10


def test_where_there_is_no_node_the_rules_are_left_out_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(rules.shutil, "which", lambda _: None)
    assert rules.main() == 0
    assert capsys.readouterr().out == "skipped, there is no Node here\n"
