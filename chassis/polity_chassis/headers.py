"""Small rules of HTTP headers: what may stand in one, which language is wanted, which version is held."""

from starlette.requests import Request

LANGUAGES = ("en", "es", "fr")


class UnsafeHeader(ValueError):
    """The value would end the header and begin another (CVE-2026-1299)."""


def clean_header(value: str) -> str:
    """Returns the value; raises UnsafeHeader when it holds CR, LF or NUL."""
    if any(character in value for character in "\r\n\0"):
        raise UnsafeHeader("a header value holds CR, LF or NUL")
    return value


def language_of(accept_language: str | None, supported: tuple[str, ...] = LANGUAGES) -> str:
    """Returns the best supported language of an Accept-Language header (RFC 9110, 12.5.4), else the first one."""
    best, best_weight = supported[0], 0.0
    for part in (accept_language or "")[:500].split(","):
        tag, _, parameter = part.strip().partition(";")
        language = tag.partition("-")[0].lower()
        weight = _weight(parameter)
        if language in supported and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0


def etag_of(version: object) -> str:
    """Returns the strong entity tag of a row's version number or of any text that changes with the content."""
    return clean_header('"' + str(version).replace('"', "") + '"')


def is_current(request: Request, etag: str) -> bool:
    """Returns whether the caller already holds this version (If-None-Match), so that 304 is the answer."""
    held = request.headers.get("if-none-match", "")
    return held == "*" or etag in {tag.strip().removeprefix("W/") for tag in held.split(",")}


def holds_version(request: Request, etag: str) -> bool | None:
    """Returns whether If-Match names this version, None when the caller sent no If-Match."""
    wanted = request.headers.get("if-match")
    if wanted is None:
        return None
    return wanted == "*" or etag in {tag.strip() for tag in wanted.split(",")}
