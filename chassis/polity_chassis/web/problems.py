"""Problem answers (RFC 9457), in the caller's language, never quoting what was entered."""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request

from polity_chassis.observability.tracing import current_trace_id
from polity_chassis.web.headers import clean_header, language_of
from polity_chassis.web.titles import title_of

Category = Literal[
    "malformed", "unauthenticated", "forbidden", "not_found", "conflict", "gone", "precondition",
    "precondition_required", "content_too_large", "unsupported_media_type", "invalid", "unavailable",
]  # fmt: skip

STATUS: dict[str, int] = {
    "malformed": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "gone": 410,
    "precondition": 412,
    "content_too_large": 413,
    "unsupported_media_type": 415,
    "precondition_required": 428,
    "invalid": 422,
    "unavailable": 503,
}

_DEFAULT_HEADERS = {"unavailable": {"Retry-After": "2"}}
"""A transient problem says after how many seconds to try again."""
_HTTP_SLUGS = {400: "malformed", 401: "unauthenticated", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field; `reason` is stable, the message is derived from it unless given."""

    field: str
    reason: str
    message: str | None = None


class Problem(Exception):
    """An answer other than the one asked for. `params` are shown to the caller: nothing personal in them."""

    def __init__(
        self,
        slug: str,
        category: Category,
        *,
        detail: str | None = None,
        errors: Iterable[FieldError] = (),
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(slug)
        self.slug = slug
        self.category = category
        self.detail = detail
        self.errors = tuple(errors)
        self.params = dict(params or {})
        self.headers = {name: clean_header(value) for name, value in (headers or {}).items()}


def not_found() -> Problem:
    """Returns the answer for a row that does not exist or that the caller may not see: the two look alike."""
    return Problem("not_found", "not_found")


def response_of(request: Request, error: Exception) -> JSONResponse:
    """Returns the answer to any exception; one without `slug` and `category` becomes a 500 without details."""
    slug, category = getattr(error, "slug", None), getattr(error, "category", None)
    if not isinstance(slug, str) or category not in STATUS:
        return _response(request, "internal", 500)
    return _response(
        request,
        slug,
        STATUS[str(category)],
        otherwise=str(category),
        detail=getattr(error, "detail", None),
        errors=getattr(error, "errors", ()),
        params=getattr(error, "params", None) or {},
        headers={**_DEFAULT_HEADERS.get(str(category), {}), **(getattr(error, "headers", None) or {})},
    )


def refusal(request: Request, slug: str, category: Category, members: Mapping[str, Any]) -> JSONResponse:
    """Returns a problem with further members (RFC 9457, 3.2)."""
    return _response(request, slug, STATUS[category], otherwise=category, members=members)


def is_known(error: Exception) -> bool:
    """Returns whether the exception is a named refusal rather than a defect."""
    return isinstance(getattr(error, "slug", None), str) and getattr(error, "category", None) in STATUS


async def on_invalid_request(request: Request, error: Exception) -> JSONResponse:
    """Returns 422 with the path and kind of every invalid field, never its values."""
    assert isinstance(error, RequestValidationError)
    faults = error.errors()
    errors = [FieldError(_path(e["loc"]), str(e["type"])) for e in faults[:100]]
    if errors and errors[0].reason == "json_invalid":
        return _response(request, "malformed", 400)
    if any(e["loc"] == ("body",) for e in faults) and _is_no_json(request):
        return _response(request, "unsupported_media_type", 415, headers={"Accept": "application/json"})
    return _response(request, "invalid_request", 422, errors=errors)


async def on_http_exception(request: Request, error: Exception) -> JSONResponse:
    """Returns the framework's own refusals (no such path, a method not allowed) in the same form."""
    assert isinstance(error, HTTPException)
    slug = _HTTP_SLUGS.get(error.status_code, f"http_{error.status_code}")
    headers = dict(error.headers or {})
    if error.status_code == 405:
        # The framework knows the methods of the first route alone that has the path.
        headers["Allow"] = ", ".join(request.app.state.paths.methods_at(request.url.path))
    return _response(request, slug, error.status_code, headers=headers)


def _is_no_json(request: Request) -> bool:
    """Whether the request has a body of another type than JSON; without any body it only lacks one."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    return has_body and not is_json


def _response(
    request: Request,
    slug: str,
    status: int,
    *,
    otherwise: str = "refused",
    detail: str | None = None,
    errors: Sequence[FieldError] = (),
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, Any] | None = None,
) -> JSONResponse:
    language = language_of(request.headers.get("accept-language"))
    body: dict[str, Any] = {
        "type": f"urn:polity:problem:{slug}",
        "title": title_of(slug, otherwise, language, params),
        "status": status,
        "detail": detail,
        "errors": [
            {"field": e.field, "reason": e.reason, "message": e.message or title_of(e.reason, "invalid", language)}
            for e in errors
        ],
        "params": dict(params or {}),
        "trace_id": current_trace_id() or secrets.token_hex(16),
    }
    kept = {name: value for name, value in body.items() if value not in (None, [], {})} | dict(members or {})
    return JSONResponse(
        kept,
        status,
        headers={
            **(headers or {}),
            "Content-Language": language,
            "Cache-Control": "no-store",
            "Vary": "Accept-Language",
        },
        media_type="application/problem+json",
    )


def _path(location: Sequence[Any]) -> str:
    """Returns the field's path."""
    parts = location[1:] if len(location) > 1 else location
    return ".".join(str(p) if isinstance(p, int) else shown_name(str(p)) for p in parts)


def shown_name(name: str) -> str:
    """Returns the name of a field; `*` for one that may be something a person entered."""
    return name if _PLAIN.fullmatch(name) else "*"
