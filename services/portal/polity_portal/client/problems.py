"""What the API refuses: RFC 9457 problems as exceptions."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from pydantic import BaseModel


@dataclass(frozen=True)
class Fault:
    """A field that was refused and why: a slug, and a message if the API has given one."""

    field: str
    reason: str
    message: str = ""


@dataclass
class ApiProblem(Exception):
    """The API refused the request, by an RFC 9457 problem. `title` is in the language that was asked for."""

    status: int
    slug: str
    title: str = ""
    faults: list[Fault] = field(default_factory=list)


class ApiUnavailable(Exception):
    """The API did not answer, or answered 429 or 5xx."""


async def none_if_unavailable(answer: Awaitable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Returns the answer; None if the API refuses it or does not answer, for a page that can be shown without."""
    try:
        return dict(await answer)
    except (ApiProblem, ApiUnavailable):
        return None


def raise_for_problem(response: httpx.Response) -> None:
    """Raises ApiUnavailable for 429 and 5xx, ApiProblem for any other answer that is no success and no 304."""
    if response.is_success or response.status_code == httpx.codes.NOT_MODIFIED:
        return
    if response.status_code >= 500 or response.status_code == 429:
        raise ApiUnavailable
    try:
        problem = _Problem.model_validate_json(response.content)
    except ValueError:
        problem = _Problem()
    slug = problem.type.rsplit(":", 1)[-1]
    faults = [Fault(_own_name(error.field), error.reason, error.message) for error in problem.errors]
    raise ApiProblem(response.status_code, slug, problem.title, faults)


class _FieldError(BaseModel):
    field: str | None = None
    reason: str = ""
    message: str = ""


class _Problem(BaseModel):
    """The members of RFC 9457 that are read here. All are optional: a proxy's refusal has none."""

    type: str = ""
    title: str = ""
    errors: list[_FieldError] = []


def _own_name(field_path: str | None) -> str:
    """Returns the field's own name without positions in lists: `themes` for `body.themes.0`."""
    names = [part for part in (field_path or "").split(".") if part not in ("body", "query") and not part.isdigit()]
    return names[-1] if names else ""
