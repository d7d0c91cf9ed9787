"""What the letter of 15 July 2022 says, as data: the network, the campaign, its themes, milestones and deadline.

Its words stand in letter.toml.
"""

import tomllib
from datetime import UTC, date, datetime
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

ZONE = "Europe/Madrid"
"""The committee's secretariat sits in Barcelona; the letter gives its deadline no zone, so this is our reading."""

LETTER_REPLY_BY = datetime(2022, 9, 15, 23, 59, tzinfo=ZoneInfo(ZONE))
LETTER_CONGRESS_ENDS = date(2022, 10, 14)
END_OF_2030 = date(2030, 12, 31)

TEXTS: dict[str, Any] = tomllib.loads(files("polity_local.demo").joinpath("letter.toml").read_text("utf-8"))
"""By language (BCP 47)."""

NETWORK: dict[str, Any] = {
    "name": TEXTS["network"],
    "fallback_language": "en",
    "time_zone": ZONE,
    "demonstration": True,
    "contact_email": "secretariat@network.example",
}

OFFICES = {"Grigny": "co_president", "Utrecht": "co_president"}
MEMBERS = (3014646, 2745912, 3128760, 1841811, 3530597, 2761369)
"""GeoNames ids: co-presidents Grigny and Utrecht; Barcelona, Gwangju (Metropolitan City), Mexico City, Vienna."""

THEMES: dict[str, dict[str, str]] = TEXTS["themes"]


def campaign(today: date) -> dict[str, Any]:
    """Returns the body of `POST /v1/networks/{id}/campaigns`.

    Its dates are as far from today as the letter's own (15 September and 14 October 2022) were from its day, for no
    campaign opens whose time to answer is over. The end of 2030 stays.
    """
    shift = today - date(2022, 7, 15)
    local = LETTER_REPLY_BY.replace(tzinfo=None) + shift
    reply_by = local.replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
    return {
        "title": TEXTS["title"],
        "objectives": TEXTS["objectives"],
        "commitment_text": TEXTS["commitment_text"],
        "fallback_language": "en",
        "themes": THEMES,
        "milestones": [
            {"threshold": 10, "due": None, "occasion": {}},
            {"threshold": 100, "due": (LETTER_CONGRESS_ENDS + shift).isoformat(), "occasion": TEXTS["congress"]},
            {"threshold": 1000, "due": END_OF_2030.isoformat(), "occasion": TEXTS["end"]},
        ],
        "reply_by": {"at": reply_by.isoformat().replace("+00:00", "Z"), "time_zone": ZONE},
    }
