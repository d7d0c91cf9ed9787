"""What membership's refusals and faults are called in every language of the interface: titles.json."""

import json
from importlib.resources import files

from polity_chassis.web.titles import register_titles

from polity_membership.tabular_import.domain.reading import MAX_ROWS
from polity_membership.tabular_import.domain.workbook_parts import LAST_ROW, MAX_COLUMNS


def titles() -> dict[str, dict[str, str]]:
    """Returns the texts by slug and language, the limits of the domain filled in."""
    texts = files("polity_membership.api").joinpath("titles.json").read_text("utf-8")
    limits = {"max_rows": MAX_ROWS, "last_row": LAST_ROW, "max_columns": MAX_COLUMNS}
    for name, limit in limits.items():
        texts = texts.replace(f"{{{name}}}", str(limit))
    return dict(json.loads(texts))


def register_membership_titles() -> None:
    """Makes the titles known to the mapper of problems."""
    register_titles(titles())
