"""The merged OpenAPI document: true to the services, and to what the gateway lets through."""

import json
from typing import Any

import pytest
from polity_local.openapi import __main__ as openapi
from polity_local.openapi import document

DOCUMENT = json.loads(document.DOCUMENT.read_text())
OPERATIONS = [
    (method, path, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method in {"get", "post"}
]


def test_the_document_is_what_the_services_say_today(capsys: pytest.CaptureFixture[str]) -> None:
    assert openapi.main(["--check"]) == 0, capsys.readouterr().err


def test_a_document_that_is_out_of_date_is_noticed(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "DOCUMENT", tmp_path / "openapi.json")
    assert openapi.main(["--check"]) == 1
    document.DOCUMENT.write_text(json.dumps(DOCUMENT | {"paths": {}}))
    assert openapi.main(["--check"]) == 1


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=[f"{m} {p}" for m, p, _ in OPERATIONS])
def test_the_gateway_leads_each_operation_to_its_service_and_asks_for_a_token_where_the_service_does(
    gateway: Any, realm: Any, method: str, path: str, operation: dict[str, Any]
) -> None:
    body = b"{}" if method == "post" else None
    stranger = gateway.ask(path.replace("{", "").replace("}", ""), method=method.upper(), body=body)
    assert (stranger.status == 200) == (operation["x-access"] in {"public", "link"})
    known = gateway.ask(path.replace("{", "").replace("}", ""), method=method.upper(), body=body, token=realm.token())
    assert known.json["service"] == operation["x-service"]


def _document(path: str, schema: dict[str, Any]) -> dict[str, Any]:
    answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}}}
    return {
        "paths": {
            path: {"get": {"operationId": "list", "responses": {"200": answer}, "tags": ["progress"]}},
            "/health/live": {"get": {"operationId": "live", "responses": {}}},
        },
        "components": {
            "schemas": {"Page": schema, "Item": {"type": "string"}, "Unused": {"type": "null"}, "Problem": {}}
        },
    }


def test_one_name_with_two_meanings_becomes_two_names() -> None:
    listing = {"items": {"$ref": "#/components/schemas/Item"}}
    both = document.merged({"membership": _document("/v1/a", {}), "reporting": _document("/v1/b", listing)})
    schemas = both["components"]["schemas"]
    assert (schemas["Page"], schemas["ReportingPage"], schemas["Item"]) == ({}, listing, {"type": "string"})
    assert "Unused" not in schemas
    answer = both["paths"]["/v1/b"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/ReportingPage"}
    assert list(both["paths"]) == ["/v1/a", "/v1/b"]


def test_a_path_of_two_services_is_refused() -> None:
    with pytest.raises(ValueError, match="reporting declares"):
        document.merged({"membership": _document("/v1/a", {}), "reporting": _document("/v1/a", {})})


def test_one_operation_id_of_two_services_becomes_two() -> None:
    both = document.merged({"membership": _document("/v1/a", {}), "reporting": _document("/v1/b", {})})
    assert [both["paths"][path]["get"]["operationId"] for path in ("/v1/a", "/v1/b")] == ["list", "reporting_list"]
