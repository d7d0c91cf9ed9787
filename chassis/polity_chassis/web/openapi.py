"""Completes what FastAPI says of an application in OpenAPI 3.1: who may, and all that can be answered."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from fastapi import FastAPI

from polity_chassis.web.problems import STATUS
from polity_chassis.web.titles import title_of

Operation = dict[str, Any]
PROBLEM = "application/problem+json"
_IN_PATH = re.compile(r"\{(\w+)\}")
_AN_ID = "0197a000-0000-7000-8000-000000000003"

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. Values that were sent are never quoted.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "description": "urn:polity:problem:<slug>, stable"},
        "title": {"type": "string", "description": "in the language of Accept-Language"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "params": {"type": "object"},
        "trace_id": {"type": "string", "description": "what to tell operations staff"},
        "request_id": {"type": "string", "description": "the same, where the gateway refused"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "reason", "message"],
                "properties": {name: {"type": "string"} for name in ("field", "reason", "message")},
            },
        },
    },
    "examples": [
        {
            "type": "urn:polity:problem:invalid_request",
            "title": "Some values are not valid.",
            "status": 422,
            "errors": [{"field": "limit", "reason": "less_than_equal", "message": "This is out of range."}],
            "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        }
    ],
}
SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "link": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Link <token of the mail>"},
}
HEADERS = {
    "ETag": {"description": "The version of the answer: send it as If-None-Match.", "schema": {"type": "string"}},
    "Link": {"description": 'The next page (`rel="next"`), but on the last.', "schema": {"type": "string"}},
}


class Refusal(Protocol):
    """A named error that a route may raise: its class, or one of it."""

    @property
    def slug(self) -> str: ...
    @property
    def category(self) -> str: ...


def response(description: str, *headers: str) -> dict[str, Any]:
    """Returns the response of a problem; `headers` are those that come with it."""
    found: dict[str, Any] = {
        "description": description,
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if headers:
        found["headers"] = {name: {"schema": {"type": "string"}} for name in headers}
    return found


RESPONSES: dict[str, tuple[int, dict[str, Any]]] = {
    "Malformed": (400, response("What was sent can't be read.")),
    "Unauthenticated": (401, response("Without valid credentials.", "WWW-Authenticate")),
    "Forbidden": (403, response("The role is missing.")),
    "NotFound": (404, response("Nothing here that the caller may see.")),
    "UnsupportedMediaType": (415, response("The body is of another type than those named.", "Accept")),
    "Invalid": (422, response("Some values are not valid, missing, or not known here: `errors` names them.")),
    "Internal": (500, response("A fault of ours.")),
    "Unavailable": (503, response("It can't be answered right now: try again.", "Retry-After")),
}
"""What many routes answer, by the name of the component."""


def refusals_of(refusals: Iterable[Refusal]) -> dict[str, list[str]]:
    """Returns the slugs of the refusals by their category."""
    found: dict[str, list[str]] = {}
    for refusal in refusals:
        found.setdefault(str(refusal.category), []).append(refusal.slug)
    return found


def complete(app: FastAPI) -> None:
    """Completes the application's document, which FastAPI keeps."""
    document = app.openapi()
    components = document.setdefault("components", {})
    components["securitySchemes"] = SECURITY_SCHEMES
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM_SCHEMA
    components["responses"] = {name: shape for name, (_, shape) in RESPONSES.items()}
    components["headers"] = HEADERS
    components["parameters"] = {"IfNoneMatch": _IF_NONE_MATCH}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            _complete(path, method, operation)


_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag of an earlier answer: 304 while nothing has changed.",
    "schema": {"type": "string"},
}


def _complete(path: str, method: str, operation: Operation) -> None:
    _name_what_the_path_holds(path, operation)
    public = not operation.get("security")
    if public and method == "get":
        _tell_versions(operation)
    if any(parameter.get("name") == "cursor" for parameter in operation.get("parameters", ())):
        operation["responses"]["200"].setdefault("headers", {})["Link"] = {"$ref": "#/components/headers/Link"}
    responses = operation["responses"]
    if responses.get("422", {}).get("description") == "Validation Error":
        # FastAPI's own form of it is never answered.
        del responses["422"]
    for category, slugs in operation.pop("x-refusals", {}).items():
        said = [f"`{slug}`: {title_of(slug, category, 'en')}" for slug in slugs]
        responses[str(STATUS[category])] = response("\n\n".join(said))
    for name, (status, _) in RESPONSES.items():
        if status in _possible(operation, path, public=public):
            responses.setdefault(str(status), {"$ref": f"#/components/responses/{name}"})
    operation["responses"] = dict(sorted(responses.items()))


def _possible(operation: Operation, path: str, *, public: bool) -> Iterator[int]:
    """Which of the common statuses the route itself may answer."""
    yield from (422, 500, 503)
    if not public:
        yield 401
    if "{" in path or operation.get("x-access") not in ("public", "signed_in", "operator"):
        yield 404
    if "operator" in operation.get("x-access", ""):
        yield 403
    if "requestBody" in operation:
        yield from (400, 415)


def _name_what_the_path_holds(path: str, operation: Operation) -> None:
    """Adds the parameters that only the route's rule reads, and an example for each id."""
    parameters = operation.setdefault("parameters", [])
    known = {parameter["name"] for parameter in parameters if parameter.get("in") == "path"}
    for name in _IN_PATH.findall(path):
        if name not in known:
            schema = {"type": "string", "format": "uuid"}
            parameters.insert(0, {"name": name, "in": "path", "required": True, "schema": schema})
    for parameter in parameters:
        if parameter.get("schema", {}).get("format") == "uuid":
            parameter.setdefault("example", _AN_ID)
    if not parameters:
        del operation["parameters"]


def _tell_versions(operation: Operation) -> None:
    """Says that public data has an ETag."""
    parameters = [each for each in operation.get("parameters", ()) if each.get("name") != "If-None-Match"]
    headers = {"ETag": {"$ref": "#/components/headers/ETag"}}
    operation["parameters"] = [*parameters, {"$ref": "#/components/parameters/IfNoneMatch"}]
    operation["responses"]["304"] = {"description": "The version that the caller holds.", "headers": headers}
    operation["responses"]["200"]["headers"] = dict(headers)
