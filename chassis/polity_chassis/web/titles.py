"""The titles of problems and of field errors, in every language of the interface: titles.json."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

_TITLES: dict[str, dict[str, str]] = json.loads(files("polity_chassis.web").joinpath("titles.json").read_text("utf-8"))

_SAME = {
    "string_too_short": "too_short",
    "string_too_long": "too_long",
    "greater_than": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
    "enum": "not_a_choice",
    "literal_error": "not_a_choice",
    "extra_forbidden": "unknown_field",
}
"""Pydantic's kinds of fault that say the same to a person."""


def register_titles(titles: Mapping[str, Mapping[str, str]]) -> None:
    """Adds texts by slug and language; raises ValueError without English, the fallback.

    `{name}` in a text is filled from the problem's `params`.
    """
    for slug, texts in titles.items():
        if "en" not in texts:
            raise ValueError(f"the title of {slug} lacks English")
        _TITLES[slug] = dict(texts)


def title_of(slug: str, otherwise: str, language: str, params: Mapping[str, Any] | None = None) -> str:
    """Returns the text of a slug; of the slug `otherwise` where it has none."""
    texts = _TITLES.get(_SAME.get(slug, slug)) or _TITLES[otherwise]
    text = texts.get(language, texts["en"])
    for name, value in (params or {}).items():
        text = text.replace(f"{{{name}}}", str(value))
    return text
