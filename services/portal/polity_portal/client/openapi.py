"""The merged OpenAPI document of the platform's HTTP API."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")


@cache
def platform_document() -> dict[str, Any]:
    """Returns the document of all services, which `python -m polity_local.openapi` writes."""
    merged: dict[str, Any] = json.loads((Path(__file__).with_name("openapi.json")).read_bytes())
    return merged


def operations(merged: Mapping[str, Any]) -> list[dict[str, str]]:
    """Returns every operation with its description and its access rule, by path."""
    return [
        {
            "method": method.upper(),
            "path": path,
            "does": operation.get("description") or operation.get("summary", ""),
            "access": operation.get("x-access", ""),
        }
        for path, item in merged["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]
