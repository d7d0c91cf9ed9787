"""What the imports share: a file with what was decided about its lines, and the report on it."""

from typing import Annotated, Any

from fastapi import Depends, Request
from polity_chassis.authorization.access import Rule, access
from polity_chassis.web.problems import FieldError, Problem
from pydantic import Field, ValidationError
from starlette.datastructures import FormData, UploadFile

from polity_membership.api.fields import Body
from polity_membership.tabular_import.domain.reading import MAX_BYTES, MAX_ROWS, Changes, Upload

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_CHANGES_BYTES = 3_000_000
Line = Annotated[int, Field(ge=1)]
Cell = Annotated[str, Field(max_length=2000)]


class AnswerIn(Body):
    """Whether the row at `line` is the same place as `candidate` of a proposal, or another place."""

    line: Line
    candidate: Annotated[str, Field(max_length=60)]
    same: bool


class ConfirmedIn(Body):
    """That the row at `line`, asked about for `reason`, is right as it stands."""

    line: Line
    reason: Annotated[str, Field(max_length=60)]


class ChangesIn(Body):
    """Corrections (line to heading to cell), lines to set aside, answers to proposals and to questions.

    `updates` are lines whose values the register takes over of a place that it has; with `update_all` all of them are.
    A question is answered by a correction, or by `confirmed` where it is `confirmable`. With `set_aside_faulty`
    whatever is faulty after the corrections is set aside. `sheet` names the sheet of a workbook that is read.
    """

    corrections: Annotated[dict[Line, dict[str, Cell]], Field(max_length=MAX_ROWS, default_factory=dict)]
    set_aside: Annotated[list[Line], Field(max_length=MAX_ROWS, default_factory=list)]
    answers: Annotated[list[AnswerIn], Field(max_length=2 * MAX_ROWS, default_factory=list)]
    confirmed: Annotated[list[ConfirmedIn], Field(max_length=2 * MAX_ROWS, default_factory=list)]
    updates: Annotated[list[Line], Field(max_length=MAX_ROWS, default_factory=list)]
    update_all: bool = False
    set_aside_faulty: bool = False
    sheet: Annotated[str | None, Field(max_length=255)] = None


async def upload_of(request: Request) -> Upload:
    """Returns the body, or the parts `file` and `changes` of a multipart one; raises Problem.

    A body of a type that is named and not taken is refused. Which of the types taken the file is, its content tells.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type and media_type not in TAKEN:
        raise Problem("unsupported_media_type", "unsupported_media_type", headers={"Accept": ", ".join(TAKEN)})
    parts = media_type == "multipart/form-data"
    # Idempotency-Key covers the body too, and a stream can be read only once.
    request._body = await _limited(request, MAX_BYTES + (MAX_CHANGES_BYTES if parts else 0))
    if not parts:
        return Upload(request._body)
    async with request.form(max_files=2, max_fields=2, max_part_size=MAX_CHANGES_BYTES) as form:
        file, changes = await _part(request, form, "file"), await _part(request, form, "changes")
    if file is None:
        raise Problem("invalid_request", "invalid", errors=[FieldError("file", "missing")])
    # Sent again the parts are the same, the boundary between them isn't.
    request._body = file + b"\0" + (changes or b"")
    return Upload(file, _changes(changes)) if changes else Upload(file)


UploadDep = Annotated[Upload, Depends(upload_of)]
_OPENAPI: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "text/tab-separated-values": {"schema": {"type": "string"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            XLSX: {"schema": {"type": "string", "format": "binary"}},
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
TAKEN = tuple(_OPENAPI["requestBody"]["content"])


def upload_access(rule: Rule) -> dict[str, Any]:
    """Returns the arguments of an import's route: who may import, and what a body may be."""
    guard = access(rule)
    return {**guard, "openapi_extra": {**guard["openapi_extra"], **_OPENAPI}}


async def _limited(request: Request, most: int) -> bytes:
    """Returns the body, of which no more than one byte above the limit is ever held."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > most:
            del data[most + 1 :]
            break
    return bytes(data)


async def _part(request: Request, form: FormData, name: str) -> bytes | None:
    """Returns the part as it was sent, None if there is none; raises Problem.

    Without a file name a part is text. What is no UTF-8 was read as Latin-1 then, and can't be told from what is.
    """
    part = form.get(name)
    if part is None or isinstance(part, UploadFile):
        return await part.read() if part else None
    if (sent := part.encode()) not in await request.body():
        raise Problem("invalid_request", "invalid", errors=[FieldError(name, "not_utf8")])
    return sent


def _changes(text: bytes) -> Changes:
    try:
        given = ChangesIn.model_validate_json(text)
    except ValidationError as invalid:
        places = (".".join(map(str, ("changes", *error["loc"]))) for error in invalid.errors()[:100])
        reasons = (str(error["type"]) for error in invalid.errors()[:100])
        errors = [FieldError(place, reason) for place, reason in zip(places, reasons, strict=True)]
        raise Problem("invalid_request", "invalid", errors=errors) from None
    answers = {(answer.line, answer.candidate): answer.same for answer in given.answers}
    confirmed: dict[int, frozenset[str]] = {}
    for one in given.confirmed:
        confirmed[one.line] = confirmed.get(one.line, frozenset()) | {one.reason}
    return Changes(
        given.corrections,
        frozenset(given.set_aside),
        answers,
        confirmed,
        frozenset(given.updates),
        given.update_all,
        given.set_aside_faulty,
        given.sheet,
    )
