"""What the imports share: a CSV file with what was decided about its lines, and the report on it."""

from itertools import islice
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import JSONResponse
from polity_chassis.headers import language_of
from polity_chassis.problems import FieldError, Problem
from polity_chassis.titles import title_of
from pydantic import BaseModel, Field, ValidationError
from starlette.datastructures import FormData, UploadFile

from polity_membership.domain.likeness import Place, Proposal
from polity_membership.domain.sheets import MAX_BYTES, MAX_ROWS, Changes, Fault, ImportRefused, Reading, Upload
from polity_membership.http.values import Body
from polity_membership.usecases.repeatable import Ids

MAX_CHANGES_BYTES = 3_000_000
MAX_TOLD = 1000
"""How many faulty rows one report shows with their cells; `faulty` counts all."""
Line = Annotated[int, Field(ge=1)]
Cell = Annotated[str, Field(max_length=2000)]

MEASURES = frozenset({"latitude", "longitude", "population"})
"""The fields with a range of numbers; those with another range are days."""


class AnswerIn(Body):
    """Whether the row at `line` is the same place as `candidate` of a proposal, or another place."""

    line: Line
    candidate: Annotated[str, Field(max_length=60)]
    same: bool


class ChangesIn(Body):
    """Corrections (line to heading to cell), lines to set aside, and answers to proposals.

    With `set_aside_faulty` whatever is faulty after the corrections is set aside.
    """

    corrections: Annotated[dict[Line, dict[str, Cell]], Field(max_length=MAX_ROWS, default_factory=dict)]
    set_aside: Annotated[list[Line], Field(max_length=MAX_ROWS, default_factory=list)]
    answers: Annotated[list[AnswerIn], Field(max_length=2 * MAX_ROWS, default_factory=list)]
    set_aside_faulty: bool = False


class FaultOut(BaseModel):
    """`line` counts the file's lines from 1; `message` is in the language of Accept-Language.

    `hint` is the earlier line of a duplicate, or the column that was probably meant.
    """

    line: int
    field: str | None
    reason: str
    message: str
    value: str | None
    hint: str | None


class RowOut(BaseModel):
    """A faulty row as it stands, corrections made: heading to cell."""

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


class Report(BaseModel):
    """`accepted` rows would be imported, `faulty` ones and those of `proposals` hold all back."""

    dry_run: bool
    rows: int
    accepted: int
    imported: int
    set_aside: int
    already_there: int
    faulty: int
    columns: list[str]
    faults: list[FaultOut]
    faulty_rows: list[RowOut]
    proposals: list[ProposalOut]


async def upload_of(request: Request) -> Upload:
    """Returns the file of a text/csv body, or the parts `file` and `changes` of a multipart one; raises Problem."""
    parts = request.headers.get("content-type", "").lower().startswith("multipart/form-data")
    # Idempotency-Key covers the body too, and a stream can be read only once.
    request._body = await _limited(request, MAX_BYTES + (MAX_CHANGES_BYTES if parts else 0))
    if not parts:
        return Upload(request._body)
    async with request.form(max_files=2, max_fields=2, max_part_size=MAX_CHANGES_BYTES) as form:
        file, changes = await _part(form, "file"), await _part(form, "changes")
    if file is None:
        raise Problem("invalid_request", "invalid", errors=[FieldError("file", "missing")])
    # Sent again the parts are the same, the boundary between them isn't.
    request._body = file + b"\0" + (changes or b"")
    return Upload(file, _changes(changes)) if changes else Upload(file)


UploadDep = Annotated[Upload, Depends(upload_of)]
OPENAPI = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "changes": {
                            "type": "string",
                            "contentMediaType": "application/json",
                            "description": ChangesIn.__doc__,
                            "contentSchema": {
                                "example": {
                                    "corrections": {"3": {"country": "AT"}},
                                    "set_aside": [7],
                                    "answers": [{"line": 9, "candidate": "8", "same": True}],
                                }
                            },
                        },
                    },
                }
            },
        },
    }
}


async def _limited(request: Request, most: int) -> bytes:
    """Returns the body, of which no more than one byte above the limit is ever held."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > most:
            del data[most + 1 :]
            break
    return bytes(data)


async def _part(form: FormData, name: str) -> bytes | None:
    part = form.get(name)
    return await part.read() if isinstance(part, UploadFile) else part.encode() if part is not None else None


def _changes(text: bytes) -> Changes:
    try:
        given = ChangesIn.model_validate_json(text)
    except ValidationError as invalid:
        places = (".".join(map(str, ("changes", *error["loc"]))) for error in invalid.errors()[:100])
        reasons = (str(error["type"]) for error in invalid.errors()[:100])
        errors = [FieldError(place, reason) for place, reason in zip(places, reasons, strict=True)]
        raise Problem("invalid_request", "invalid", errors=errors) from None
    answers = {(answer.line, answer.candidate): answer.same for answer in given.answers}
    return Changes(given.corrections, frozenset(given.set_aside), answers, given.set_aside_faulty)


def report_of(reading: Reading[Any], request: Request, *, dry_run: bool = True) -> Report:
    """Returns what was found in the file."""
    language = language_of(request.headers.get("accept-language"))
    told = dict(islice(reading.cells.items(), MAX_TOLD))
    faults = [fault for fault in reading.faults if fault.line in told or fault.line not in reading.cells]
    asked = {proposal.line for proposal in reading.proposals}
    return Report(
        dry_run=dry_run,
        rows=reading.rows,
        accepted=len(reading.entries) - len(asked),
        imported=0,
        set_aside=reading.set_aside,
        already_there=reading.already_there,
        faulty=len(reading.cells),
        columns=list(reading.columns),
        faults=[_fault(fault, language) for fault in faults],
        faulty_rows=[RowOut(line=line, cells=dict(cells)) for line, cells in told.items()],
        proposals=list(map(_proposal, reading.proposals)),
    )


def report_of_done(ids: Ids) -> Report:
    """Returns the report on an import that was done."""
    nothing: dict[str, Any] = {"columns": [], "faults": [], "faulty_rows": [], "proposals": [], "faulty": 0}
    return Report(dry_run=False, accepted=ids["imported"], **nothing, **ids)


def refusal(refused: ImportRefused, request: Request) -> JSONResponse:
    """Returns the problem that is also the report on what must be decided first."""
    language = language_of(request.headers.get("accept-language"))
    body = {
        "type": f"urn:polity:problem:{refused.slug}",
        "title": title_of(refused.slug, "invalid", language),
        "status": 422,
        **report_of(refused.reading, request, dry_run=False).model_dump(mode="json"),
    }
    return JSONResponse(body, 422, {"Content-Language": language}, "application/problem+json")


def _slug(fault: Fault) -> str:
    """Returns the reason under which its sentence stands: a range is told with its bounds, which are the field's."""
    if fault.reason == "column_unknown" and fault.hint:
        return "column_unknown_near"
    if fault.reason == "out_of_range":
        return f"{fault.field if fault.field in MEASURES else 'day'}_out_of_range"
    return fault.reason


def _fault(fault: Fault, language: str) -> FaultOut:
    return FaultOut(
        line=fault.line,
        field=fault.field,
        reason=fault.reason,
        message=title_of(_slug(fault), "invalid", language, {"hint": fault.hint or ""}),
        value=fault.value,
        hint=fault.hint,
    )


def _proposal(proposal: Proposal) -> ProposalOut:
    candidate = proposal.candidate
    return ProposalOut(
        line=proposal.line,
        candidate=candidate.key,
        in_register=not candidate.key.isdigit(),
        kilometres=round(proposal.kilometres, 1),
        place=_shown(proposal.place),
        known_place=_shown(candidate),
    )


def _shown(place: Place) -> PlaceOut:
    return PlaceOut(
        name=place.name,
        country=place.country,
        latitude=place.latitude,
        longitude=place.longitude,
        population=place.population,
    )
