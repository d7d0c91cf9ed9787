"""Entity tags: 304 for a caller that has the current version, a refusal of changes made to another one."""

from starlette.requests import Request

from polity_chassis.web.headers import clean_header
from polity_chassis.web.problems import Problem

VERSION_REFUSALS = (
    Problem("precondition_required", "precondition_required"),
    Problem("stale_version", "precondition"),
)
"""What `require_version` raises."""


def etag_of(version: object) -> str:
    """Returns the strong entity tag of a row's version number, or of any text that changes with the content."""
    return clean_header('"' + str(version).replace('"', "") + '"')


def matches(tags: str, etag: str) -> bool:
    """Returns whether the value of an If-None-Match names the tag, strong or weak (RFC 9110, 13.1.2)."""
    return tags.strip() == "*" or etag.removeprefix("W/") in {tag.strip().removeprefix("W/") for tag in tags.split(",")}


def require_version(request: Request, etag: str) -> None:
    """Raises Problem: 428 without If-Match, 412 when it names another version (RFC 6585, RFC 9110)."""
    wanted = request.headers.get("if-match")
    if wanted is None:
        raise Problem("precondition_required", "precondition_required")
    if wanted.strip() != "*" and etag not in {tag.strip() for tag in wanted.split(",")}:
        raise Problem("stale_version", "precondition")
