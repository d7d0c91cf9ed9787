"""The paths of an application: the methods and parameters of each, and which are public data."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import FastAPI
from starlette.types import Scope

READS = frozenset({"GET", "HEAD", "OPTIONS"})


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


def query_parameters(app: FastAPI) -> dict[tuple[str, str], frozenset[str]]:
    """Returns by method and template of each route that is described the names of its query parameters."""
    return {
        (method.upper(), template): frozenset(
            parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"
        )
        for template, item in app.openapi()["paths"].items()
        for method, operation in item.items()
    }


def template_of(scope: Scope) -> str:
    """Returns the path template of the route that a request matched, `{unknown}` without one: never its values."""
    route = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    return str(getattr(route, "path", None) or "{unknown}")
