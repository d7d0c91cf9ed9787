"""The form of a commitment, which a city fills in by its link and the secretariat from a letter."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from polity_chassis.ids import new_id
from starlette.datastructures import FormData

from polity_portal.client.problems import ApiProblem, Fault
from polity_portal.web.forms import text_of

RANKS = 3
TEXT_LIMIT = 200
REFUSED_FIELDS = {"themes_invalid": "themes", "signed_in_future": "signed_on"}
"""The field at which a refusal of the API is shown, by its slug."""
TEXTS = ("signatory_name", "signatory_office", "signed_on")


@dataclass(frozen=True)
class CommitmentForm:
    """The fields as they were entered."""

    signatory_name: str = ""
    signatory_office: str = ""
    signed_on: str = ""
    themes: list[str] = field(default_factory=lambda: [""] * RANKS)
    confirmed: bool = False
    idempotency_key: str = ""
    revision: int = 0
    """The revision of the saved form that the page showed; 0 before the first."""
    saved_at: str | None = None

    def as_draft(self) -> dict[str, object]:
        """Returns what the API saves: None for empty fields, and no confirmation."""
        return {
            "signatory_name": self.signatory_name or None,
            "signatory_office": self.signatory_office or None,
            "signed_on": self.signed_on or None,
            "themes": self.themes,
        }

    def beside(self, other: "CommitmentForm") -> list[tuple[str, str, str]]:
        """Returns field by field the name, this form's value and the other form's; themes by code."""
        texts = [(name, getattr(self, name), getattr(other, name)) for name in TEXTS]
        ranked = enumerate(zip(self.themes, other.themes, strict=True), 1)
        return [*texts, *((f"theme_{rank}", mine, others) for rank, (mine, others) in ranked)]

    def typed(self) -> list[tuple[str, str]]:
        """Returns name and value of the fields that were filled in; themes by code."""
        texts = [(name, getattr(self, name)) for name in TEXTS]
        ranked = [(f"theme_{rank}", theme) for rank, theme in enumerate(self.themes, 1)]
        return [(name, value) for name, value in (*texts, *ranked) if value]

    def as_command(self) -> dict[str, object]:
        return {
            "signatory_name": self.signatory_name,
            "signatory_office": self.signatory_office,
            "signed_on": self.signed_on,
            "themes": self.themes,
        }


def submitted_form(form: FormData) -> CommitmentForm:
    return CommitmentForm(
        signatory_name=text_of(form, "signatory_name"),
        signatory_office=text_of(form, "signatory_office"),
        signed_on=text_of(form, "signed_on"),
        themes=[text_of(form, f"theme_{rank}") for rank in range(1, RANKS + 1)],
        confirmed=text_of(form, "confirmed") == "yes",
        idempotency_key=idempotency_key_of(text_of(form, "idempotency_key")),
        revision=revision_of(text_of(form, "revision")),
    )


def saved_form(draft: Mapping[str, Any], today: date) -> CommitmentForm:
    """Returns the form as it was saved, with today's date if it was never saved."""
    signed_on = draft["signed_on"] or ("" if draft["revision"] else today.isoformat())
    return CommitmentForm(
        signatory_name=draft["signatory_name"] or "",
        signatory_office=draft["signatory_office"] or "",
        signed_on=signed_on,
        themes=[*draft["themes"], *[""] * RANKS][:RANKS],
        idempotency_key=str(new_id()),
        revision=draft["revision"],
        saved_at=draft["saved_at"],
    )


def faults_in(entered: CommitmentForm, themes: Collection[str], latest: date) -> list[Fault]:
    """Returns what is missing or wrong, in the order of the form, by the form's field names."""
    faults = [
        Fault(name, reason)
        for name, value in (("signatory_name", entered.signatory_name), ("signatory_office", entered.signatory_office))
        if (reason := _text_fault(value))
    ]
    if reason := _date_fault(entered.signed_on, latest):
        faults.append(Fault("signed_on", reason))
    for rank, theme in enumerate(entered.themes):
        if theme not in themes:
            faults.append(Fault(f"theme_{rank + 1}", "required"))
        elif theme in entered.themes[:rank]:
            faults.append(Fault(f"theme_{rank + 1}", "chosen_twice"))
    if not entered.confirmed:
        faults.append(Fault("confirmed", "not_confirmed"))
    return faults


def _text_fault(value: str) -> str | None:
    if not value:
        return "required"
    return "too_long" if len(value) > TEXT_LIMIT else None


def _date_fault(value: str, latest: date) -> str | None:
    if not value:
        return "required"
    try:
        return "in_the_future" if date.fromisoformat(value) > latest else None
    except ValueError:
        return "not_a_date"


def faults_of(problem: ApiProblem) -> list[Fault]:
    """Returns what the API found wrong with the form. Raises the problem if it is about something else."""
    if problem.slug in REFUSED_FIELDS:
        return [Fault(REFUSED_FIELDS[problem.slug], problem.slug, problem.title)]
    if not problem.faults:
        raise problem
    return problem.faults


def latest_day(today: date) -> date:
    """Returns tomorrow: east of here it may be that date already."""
    return date.fromordinal(today.toordinal() + 1)


def idempotency_key_of(value: str) -> str:
    """Returns the form's key if it is a UUID, else a new one: any other value may not be valid in a header."""
    try:
        return str(UUID(value))
    except ValueError:
        return str(new_id())


def revision_of(value: str) -> int:
    """Returns the revision that the form carries, 0 if it is no number."""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0
