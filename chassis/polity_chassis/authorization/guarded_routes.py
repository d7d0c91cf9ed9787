"""The routes of an application, each with exactly one access rule."""

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import BaseRoute, Mount, compile_path
from starlette.staticfiles import StaticFiles

from polity_chassis.authorization.access import PUBLIC, Rule
from polity_chassis.web.routes import Path, Paths

API = "/v1/"
ALIKE = frozenset({"HEAD", "OPTIONS"})
"""Methods that public data answers without a route of their own."""


class Unguarded(Exception):
    """A route declares no access rule, or more than one."""


def routes_with_rules(app: FastAPI) -> list[tuple[str, str, Rule]]:
    """Returns method, path and rule of every route; raises Unguarded for a route without exactly one rule."""
    found = []
    for route in iter_route_contexts(app.routes):
        if route.path == app.openapi_url or _is_static(route.original_route):
            continue
        rules = [d.dependency for d in getattr(route, "dependencies", ()) if isinstance(d.dependency, Rule)]
        if len(rules) != 1 or not isinstance(route.original_route, APIRoute):
            raise Unguarded(f"{route.path} declares {len(rules)} access rules; it needs one")
        found += [(method, str(route.path), rules[0]) for method in sorted(route.methods or ())]
    return found


def _is_static(route: BaseRoute) -> bool:
    return isinstance(route, Mount) and isinstance(route.app, StaticFiles)


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
