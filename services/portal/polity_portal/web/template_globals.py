"""The functions and values that every template can use."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any
from unicodedata import combining, normalize
from zoneinfo import ZoneInfo

from polity_portal.client.problems import Fault
from polity_portal.i18n import wording
from polity_portal.i18n.languages import Language
from polity_portal.web.charts import running_total, share
from polity_portal.web.milestones import next_milestone


def same_clock(at: str, zone: str, other: str) -> bool:
    """Returns whether both IANA zones have the same offset from UTC at the instant."""
    moment = datetime.fromisoformat(at)
    return moment.astimezone(ZoneInfo(zone)).utcoffset() == moment.astimezone(ZoneInfo(other)).utcoffset()


def sort_key(name: str) -> str:
    """Returns the name without accents and case: É is sorted with E, not after Z."""
    return "".join(c for c in normalize("NFKD", name) if not combining(c)).casefold()


def named(rows: Iterable[Mapping[str, Any]], key: str, name: Callable[[str], str]) -> list[dict[str, Any]]:
    """Returns rows of a table of counts with their names in the page's language, most commitments first."""
    found = [{"name": name(row[key]), "counts": row} for row in rows]
    return sorted(found, key=lambda row: (-row["counts"]["committed"], sort_key(row["name"])))


def sorted_names(codes: Iterable[str], name: Callable[[str], str]) -> list[tuple[str, str]]:
    return sorted(((code, name(code)) for code in codes), key=lambda pair: sort_key(pair[1]))


SHARED: dict[str, Any] = {
    "running_total": running_total,
    "share": share,
    "next_milestone": next_milestone,
    "same_clock": same_clock,
    "named": named,
    "sorted_names": sorted_names,
    "instant": datetime.fromisoformat,
    "calendar_day": date.fromisoformat,
    "wording": SimpleNamespace(**{name: value for name, value in vars(wording).items() if name.isupper()}),
}
"""The same in every language."""


def for_language(language: Language) -> dict[str, Any]:
    """Returns the globals that depend on the language of the page."""

    def field_name(field: str) -> str:
        return language.say(wording.FIELDS.get(field, field)) if field else ""

    def reason(fault: Fault) -> str:
        """Returns the portal's own words for a fault of a form, else those of the API."""
        return language.say(wording.REASONS.get(fault.reason) or fault.message or wording.UNKNOWN_REASON)

    def mail_failure(failure: str) -> str:
        """Returns why a mail could not be delivered."""
        known = (words for begin, words in wording.MAIL_FAILURES.items() if failure.startswith(begin))
        return language.say(next(known, wording.UNKNOWN_REASON))

    def typed_day(typed: str) -> str:
        """Returns a day that was typed as the language writes days; unchanged if it is no day."""
        try:
            return language.day(date.fromisoformat(typed))
        except ValueError:
            return typed

    return {"field_name": field_name, "reason": reason, "mail_failure": mail_failure, "typed_day": typed_day}
