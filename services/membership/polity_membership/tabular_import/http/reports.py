"""The report on a file that is imported: what is wrong with it, what is asked about it, what became of its rows."""

from collections.abc import Mapping
from dataclasses import asdict
from itertools import islice
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import JSONResponse
from polity_chassis.web import problems
from polity_chassis.web.headers import language_of
from polity_chassis.web.idempotency import Ids
from polity_chassis.web.titles import title_of
from pydantic import BaseModel

from polity_membership.tabular_import.domain.duplicate_detection import ComparedLocalGovernment, Proposal
from polity_membership.tabular_import.domain.findings import CONFIRMABLE, Fault, ImportRefused, Reading, RowStatus

MAX_TOLD = 1000
"""How many faulty rows one report shows with their cells; `faulty` counts all."""
MEASURES = frozenset({"latitude", "longitude", "population"})
"""The fields with a range of numbers; those with another range are days."""


class FaultOut(BaseModel):
    """`line` counts the file's lines from 1; `message` is in the language of Accept-Language.

    `hint` is the earlier line of a duplicate, or the column that was probably meant. Each of `suggestions` may be sent
    as the line's correction: heading to cell; where a sheet must be chosen, as the changes' `sheet`.
    """

    line: int
    field: str | None
    reason: str
    message: str
    value: str | None
    hint: str | None
    suggestions: list[dict[str, str]]


class QuestionOut(FaultOut):
    """A row that can be read and may not be meant; `confirmable` where it may be right as it stands."""

    confirmable: bool


class RowOut(BaseModel):
    """A row that is faulty or asked about as it stands, corrections made: heading to cell."""

    line: int
    cells: dict[str, str]


class PlaceOut(BaseModel):
    name: str
    country: str
    latitude: float
    longitude: float
    population: int | None


class ProposalOut(BaseModel):
    """The row at `line` is perhaps a place known already: `candidate` is a local government's id or an earlier line."""

    line: int
    candidate: str
    in_register: bool
    kilometres: float
    place: PlaceOut
    known_place: PlaceOut


class ChangeOut(BaseModel):
    """What the register has of a place, and what the file has."""

    field: str
    old: str | int | float | None
    new: str | int | float | None


class DifferenceOut(BaseModel):
    """The row at `line` says something else of a place than the register; `taken` where that is taken over."""

    line: int
    local_government_id: UUID
    name: str
    changes: list[ChangeOut]
    taken: bool


class Report(BaseModel):
    """Each of the `rows` is one of `accepted`, `to_update`, `already_there`, `set_aside`, `faulty` and `to_be_decided`.

    The accepted ones would be imported. Of those that are there already, `differing` ones say something else than the
    register (`differences`), which keeps what it has unless `updates` or `update_all` of the changes say otherwise. The
    faulty ones, and those to be decided by `questions` and `proposals`, hold all back.
    """

    dry_run: bool
    rows: int
    accepted: int
    imported: int
    to_update: int
    updated: int
    set_aside: int
    already_there: int
    differing: int
    faulty: int
    to_be_decided: int
    columns: list[str]
    faults: list[FaultOut]
    faulty_rows: list[RowOut]
    questions: list[QuestionOut]
    asked_rows: list[RowOut]
    proposals: list[ProposalOut]
    differences: list[DifferenceOut]


def report_of(reading: Reading[Any], request: Request, *, dry_run: bool = True) -> Report:
    """Returns what was found in the file."""
    language = language_of(request.headers.get("accept-language"))
    faulty = _told(reading, RowStatus.FAULTY)
    asked = {
        line: cells for line, cells in _told(reading, RowStatus.TO_BE_DECIDED).items() if line in reading.questions
    }
    at_file = (fault for fault in reading.faults if fault.line not in reading.cells)
    questions = (question for line in asked for question in reading.questions[line])
    return Report(
        dry_run=dry_run,
        imported=0,
        updated=0,
        differing=sum(not difference.taken for difference in reading.differences),
        columns=list(reading.columns),
        faults=[_fault(fault, language) for fault in (*at_file, *(f for f in reading.faults if f.line in faulty))],
        faulty_rows=[RowOut(line=line, cells=dict(cells)) for line, cells in faulty.items()],
        questions=[_question(question, language) for question in questions],
        asked_rows=[RowOut(line=line, cells=dict(cells)) for line, cells in asked.items()],
        proposals=list(map(_proposal, reading.proposals)),
        differences=[DifferenceOut(**asdict(difference)) for difference in reading.differences[:MAX_TOLD]],
        **reading.counts(),
    )


def _told(reading: Reading[Any], standing: RowStatus) -> dict[int, Mapping[str, str]]:
    """Returns the rows of that standing, up to MAX_TOLD, by line."""
    rows = ((line, cells) for line, cells in sorted(reading.cells.items()) if reading.statuses[line] is standing)
    return dict(islice(rows, MAX_TOLD))


def report_of_done(ids: Ids) -> Report:
    """Returns the report on an import that was done."""
    lists = ("columns", "faults", "faulty_rows", "questions", "asked_rows", "proposals", "differences")
    nothing = {"differing": 0, "faulty": 0, "to_be_decided": 0, **{name: [] for name in lists}}
    # Imports that were done before places could be updated say nothing of it.
    told = {"updated": 0, **ids}
    return Report(dry_run=False, accepted=told["imported"], to_update=told["updated"], **nothing, **told)


def refusal(refused: ImportRefused, request: Request) -> JSONResponse:
    """Returns the problem that is also the report on what must be decided first."""
    report = report_of(refused.reading, request, dry_run=False)
    return problems.refusal(request, refused.slug, "invalid", report.model_dump(mode="json"))


def _slug(fault: Fault) -> str:
    """Returns the reason under which its sentence stands: a range is told with its bounds, which are the field's."""
    if fault.reason == "column_unknown" and fault.hint:
        return "column_unknown_near"
    if fault.reason == "out_of_range":
        return f"{fault.field if fault.field in MEASURES else 'day'}_out_of_range"
    return fault.reason


def _fault(fault: Fault, language: str) -> FaultOut:
    return FaultOut(**_described(fault, language))


def _question(question: Fault, language: str) -> QuestionOut:
    return QuestionOut(**_described(question, language), confirmable=question.reason in CONFIRMABLE)


def _described(fault: Fault, language: str) -> dict[str, Any]:
    message = title_of(_slug(fault), "invalid", language, {"hint": fault.hint or ""})
    return {**asdict(fault), "message": message}


def _proposal(proposal: Proposal) -> ProposalOut:
    candidate = proposal.candidate
    return ProposalOut(
        line=proposal.line,
        candidate=candidate.key,
        in_register=not candidate.key.isdigit(),
        kilometres=round(proposal.kilometres, 1),
        place=_shown(proposal.local_government),
        known_place=_shown(candidate),
    )


def _shown(compared: ComparedLocalGovernment) -> PlaceOut:
    return PlaceOut(
        name=compared.name,
        country=compared.country,
        latitude=compared.latitude,
        longitude=compared.longitude,
        population=compared.population,
    )
