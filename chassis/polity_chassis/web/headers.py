"""Safe header values, and the language that a caller accepts."""

LANGUAGES = ("en", "es", "fr", "pt", "ko", "ar")
"""Of the interface: pages, mails and problems (BCP 47). Tests hold each service's texts against this list."""


_TERMINATORS = frozenset("\r\n\0")
_DIRECTION_CONTROLS = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
"""Unicode's embeddings, overrides and isolates."""


class UnsafeHeader(ValueError):
    """The value would end the header and begin another (CVE-2026-1299)."""


def clean_header(value: str) -> str:
    """Returns the value without characters that change the direction of the text: they could disguise a name.

    Raises UnsafeHeader if it holds CR, LF or NUL.
    """
    if not _TERMINATORS.isdisjoint(value):
        raise UnsafeHeader("a header value holds CR, LF or NUL")
    return value.translate(_DIRECTION_CONTROLS)


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
