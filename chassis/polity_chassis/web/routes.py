"""Which paths an application has: by which methods and parameters each is called, and which are public data."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import FastAPI
from starlette.routing import compile_path

from polity_chassis.authorization.access import PUBLIC, routes_with_rules

API = "/v1/"
ALIKE = frozenset({"HEAD", "OPTIONS"})
"""Methods that public data answers without a route of their own."""


@dataclass(frozen=True, slots=True)
class Path:
    """One path of the application; `public` says that anyone may read it as data."""

    pattern: re.Pattern[str]
    methods: frozenset[str]
    public: bool


class Paths:
    """Every path of an application with a rule."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._public = [each.pattern for each in paths if each.public]

    def methods_at(self, path: str) -> list[str]:
        """Returns the methods that some route of that path takes."""
        return sorted({method for each in self._paths if each.pattern.match(path) for method in each.methods})

    def is_public_data(self, path: str) -> bool:
        """Returns whether anyone may read the path as data."""
        return any(pattern.match(path) for pattern in self._public)


def paths_of(app: FastAPI) -> Paths:
    """Returns the paths of all routes."""
    methods: dict[str, set[str]] = {}
    public = set()
    for method, template, rule in routes_with_rules(app):
        methods.setdefault(template, set()).add(method)
        if method == "GET" and rule == PUBLIC and template.startswith(API):
            public.add(template)
    return Paths(
        [
            Path(
                compile_path(template)[0], frozenset(found | ALIKE if template in public else found), template in public
            )
            for template, found in methods.items()
        ]
    )


def query_parameters(app: FastAPI) -> dict[tuple[str, str], frozenset[str]]:
    """Returns by method and template of each route that is described the names of its query parameters."""
    return {
        (method.upper(), template): frozenset(
            parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"
        )
        for template, item in app.openapi()["paths"].items()
        for method, operation in item.items()
    }
