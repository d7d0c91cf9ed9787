"""One OpenAPI document of all services, for the page /docs."""

import logging
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from polity_chassis.application import create_app
from polity_chassis.clock import utc_now
from polity_chassis.database.engine import Database
from polity_chassis.runtime import Runtime
from polity_chassis.web.openapi import response

from polity_local.openapi import webhooks
from polity_local.parts.services import environment
from polity_local.running.instance import REPOSITORY, Instance
from polity_local.running.ports import Ports

DOCUMENT = REPOSITORY / "services" / "portal" / "polity_portal" / "client" / "openapi.json"
SERVICES = ("membership", "events", "notifications", "reporting")
INFO = {
    "title": "Polity",
    "version": "1",
    "description": "Networks of local governments: who belongs, what they committed to, and what came of it. "
    "Errors are RFC 9457 problems; lists come in pages; a POST that creates takes an Idempotency-Key. What anyone may "
    "read answers HEAD and OPTIONS too, to pages of any origin, with an ETag. A body may have 256 KiB, files apart.",
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "contact": {"name": "Whoever runs the installation"},
}
TAGS = {
    "answers": "What an invitation's link opens.",
    "campaigns": "What a network asks for.",
    "commitments": "Pledges, as the secretariat decides on them.",
    "deliveries": "What became of a campaign's mails.",
    "invitations": "Who is asked, as the secretariat sees it.",
    "mandates": "Who may act for whom.",
    "networks": "Networks and their members.",
    "operations": "Messages that could not be applied, for operators.",
    "people": "Erasing people.",
    "progress": "How far a campaign has come, and who has pledged: open data.",
    "proofs": "Photos of signed letters, sent by tus 1.0.",
    "register": "The local governments that a network may invite.",
    "webhooks": "Public facts, posted to partner systems.",
}
BY_THE_GATEWAY = {
    400: ("Malformed", "The address or a header is not one that may be sent."),
    401: ("Unauthenticated", "The token that came along is not valid."),
    403: ("Forbidden", "The token is for another audience."),
    408: ("TooSlow", "The request did not arrive in time."),
    413: ("TooLarge", "The body is larger than the route takes."),
    429: ("TooManyRequests", "One client asked too often."),
    431: ("HeadersTooLarge", "The headers are too many or too large."),
    502: ("BadGateway", "The service gave no usable answer."),
    504: ("GatewayTimeout", "The service took too long."),
}
"""What deploy/gateway may answer to any request by itself."""
REFERENCE = "#/components/schemas/"


def service_documents() -> dict[str, dict[str, Any]]:
    """Returns each service's own OpenAPI document, by name; connects to nothing."""
    logging.disable(logging.WARNING)
    try:
        with tempfile.TemporaryDirectory() as folder:
            return {name: _document(name, Instance(Path(folder), Ports())) for name in SERVICES}
    finally:
        logging.disable(logging.NOTSET)


def merged(documents: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Returns one document with the /v1 paths of all and what partners are posted.

    A schema or operation name that means two things gets its service's name.
    Raises ValueError when two services declare the same path and method.
    """
    paths: dict[str, dict[str, Any]] = {}
    components: dict[str, dict[str, Any]] = {}
    ids: set[str] = set()
    for service, original in documents.items():
        document = _with_own_names(service, original, components.get("schemas", {}))
        for path, item in _public(document["paths"]):
            if twice := paths.get(path, {}).keys() & item.keys():
                raise ValueError(f"{service} declares {sorted(twice)} {path} again")
            paths.setdefault(path, {}).update(_named(service, item, ids))
        for kind, entries in document.get("components", {}).items():
            components.setdefault(kind, {}).update(entries)
    for name, text in BY_THE_GATEWAY.values():
        components.setdefault("responses", {}).setdefault(name, response(text))
    components.setdefault("schemas", {}).update(webhooks.schemas())
    posted = webhooks.webhooks()
    tags = sorted({tag for item in paths.values() for operation in item.values() for tag in operation["tags"]})
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "servers": [{"url": "/"}],
        "tags": [{"name": tag, "description": TAGS[tag]} for tag in tags],
        "paths": dict(sorted(paths.items())),
        "webhooks": posted,
        "components": components | {"schemas": _used([paths, posted, components["responses"]], components["schemas"])},
    }


def _document(name: str, instance: Instance) -> dict[str, Any]:
    with _only(environment(instance, name) | {"OTEL_TRACES_EXPORTER": "none"}):
        service = import_module(f"polity_{name}.app").service()
    database = Database(service.settings.database_url, application_name="openapi")
    app = create_app(service, Runtime(service.settings, database, utc_now))
    return dict(app.openapi())


@contextmanager
def _only(variables: Mapping[str, str]) -> Iterator[None]:
    """Settings of the caller's own environment must not show in the document."""
    before = dict(os.environ)
    for name in before:
        if name.startswith(("POLITY_", "OTEL_")):
            del os.environ[name]
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _public(paths: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((path, item) for path, item in paths.items() if path.startswith("/v1/"))


def _named(service: str, item: Mapping[str, Any], taken: set[str]) -> dict[str, Any]:
    """Returns the path's operations with ids of their own, their service, and what the gateway may answer."""
    found = {}
    for method, operation in item.items():
        name = operation["operationId"]
        name = f"{service}_{name}" if name in taken else name
        taken.add(name)
        found[method] = operation | {"operationId": name, "x-service": service, "responses": _all(operation)}
    return found


def _all(operation: Mapping[str, Any]) -> dict[str, Any]:
    by_gateway = {str(code): {"$ref": f"#/components/responses/{name}"} for code, (name, _) in BY_THE_GATEWAY.items()}
    return dict(sorted((by_gateway | operation["responses"]).items()))


def _with_own_names(service: str, document: dict[str, Any], taken: Mapping[str, Any]) -> dict[str, Any]:
    components = document.get("components", {})
    schemas = components.get("schemas", {})
    names = {
        name: name if taken.get(name, schema) == schema else _own(service, name) for name, schema in schemas.items()
    }
    renamed = {names[name]: schema for name, schema in schemas.items()}
    return dict(_pointing(document | {"components": components | {"schemas": renamed}}, names))


def _own(service: str, name: str) -> str:
    return service.capitalize() + name


def _pointing(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_pointing(item, names) for item in value]
    if isinstance(value, Mapping):
        return {key: _pointing(item, names) for key, item in value.items()}
    if isinstance(value, str) and value.startswith(REFERENCE):
        return REFERENCE + names[value.removeprefix(REFERENCE)]
    return value


def _used(paths: Any, schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the schemas that some path refers to, directly or through another schema."""
    used: set[str] = set()
    ahead = _references(paths)
    while ahead:
        used |= ahead
        ahead = {found for name in ahead for found in _references(schemas[name])} - used
    return {name: schemas[name] for name in sorted(used)}


def _references(value: Any) -> set[str]:
    if isinstance(value, list):
        return {found for item in value for found in _references(item)}
    if isinstance(value, Mapping):
        return {found for item in value.values() for found in _references(item)}
    is_reference = isinstance(value, str) and value.startswith(REFERENCE)
    return {value.removeprefix(REFERENCE)} if is_reference else set()
