"""Files that were uploaded and not imported yet: the report about each, and the decisions about its lines."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from starlette.datastructures import FormData

from polity_portal.auth.dependencies import Visit
from polity_portal.client.problems import ApiProblem
from polity_portal.web.forms import text_of

SHOWN_ROWS = 50
"""The number of faulty rows, and of proposals, on one page."""
BYTES_AS_TEXT = "latin-1"
"""The encoding that maps every byte to one character and back, to store the file in JSON."""


@dataclass
class PendingImport:
    """A file with its decisions (`changes`, as the API takes them) and its newest report, cut to one page."""

    content: bytes
    changes: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    language: str = ""


@dataclass(frozen=True)
class ImportTarget:
    """What is imported where: the API's `route`, for the network whose secretariat imports."""

    visit: Visit
    route: str
    network_id: UUID

    async def find(self, upload_id: UUID) -> PendingImport | None:
        """Returns what this session has uploaded under the id for this target; None if there is nothing."""
        kept = await self.visit.uploads.find(self.visit.session, upload_id, self.network_id)
        if kept is None or kept["route"] != self.route:
            return None
        return PendingImport(kept["content"].encode(BYTES_AS_TEXT), kept["changes"], kept["report"], kept["language"])

    async def check(self, upload_id: UUID, pending: PendingImport) -> None:
        """Checks the file with the decisions so far, and stores it with the report."""
        report = await self._post(pending, dry_run=True)
        shown = _cut_to_page(report)
        kept = {
            "route": self.route,
            "content": pending.content.decode(BYTES_AS_TEXT),
            "changes": pending.changes,
            "report": shown,
            "language": self.visit.language,
        }
        now = self.visit.portal.clock()
        await self.visit.uploads.keep(self.visit.session, upload_id, self.network_id, kept, now)
        pending.report, pending.language = shown, self.visit.language

    async def do(self, upload_id: UUID, pending: PendingImport) -> dict[str, Any] | None:
        """Imports the file and returns the counts; None if something has to be decided first."""
        try:
            done = await self._post(pending, dry_run=False, key=str(upload_id))
        except ApiProblem as problem:
            if problem.slug != "import_refused":
                raise
            return None
        await self.visit.uploads.forget(self.visit.session, upload_id, self.network_id)
        return done

    async def _post(self, pending: PendingImport, *, dry_run: bool, key: str = "") -> dict[str, Any]:
        visit = self.visit
        answer: dict[str, Any] = await visit.api.post_import(
            self.route, pending.content, pending.changes, credentials=visit.credentials, key=key, dry_run=dry_run
        )
        return answer


def _cut_to_page(report: dict[str, Any]) -> dict[str, Any]:
    """Returns the report, cut to what one page shows."""
    rows, asked = report["faulty_rows"][:SHOWN_ROWS], report["asked_rows"][:SHOWN_ROWS]
    lines, asked_lines = {row["line"] for row in rows}, {row["line"] for row in asked}
    editable = {row["line"] for row in report["faulty_rows"]}
    at_file = [fault for fault in report["faults"] if fault["line"] not in editable]
    faults = [fault for fault in report["faults"] if fault["line"] in lines]
    return {
        **report,
        "file_faults": at_file[:SHOWN_ROWS],
        "faults": faults,
        "suggestions": sum(len(fault["suggestions"]) == 1 for fault in faults),
        "faulty_rows": rows,
        "questions": [question for question in report["questions"] if question["line"] in asked_lines],
        "asked_rows": asked,
        "proposals": report["proposals"][:SHOWN_ROWS],
        "open_file_faults": len(at_file),
        "open_questions": len(report["asked_rows"]),
        "open_proposals": len(report["proposals"]),
        "differences": report["differences"][:SHOWN_ROWS],
    }


def apply_decisions(pending: PendingImport, form: FormData) -> None:
    """Adds the decisions of the report's form to the changes. The form's fields are named after the stored report."""
    changes, report = pending.changes, pending.report
    if form.get("action") == "sheet":
        _choose_sheet(changes, form)
        return
    _correct(changes, report, form)
    _answer(changes, report, form)
    for line, cells in _accepted_suggestions(report, form):
        corrections = changes["corrections"]
        corrections[str(line)] = corrections.get(str(line), {}) | cells
    _update(changes, report, form)
    if form.get("action") == "aside":
        changes["set_aside_faulty"] = True


def _choose_sheet(changes: dict[str, Any], form: FormData) -> None:
    """Chooses the sheet, or asks for it again. Earlier decisions are dropped: they are about other lines."""
    changes.clear()
    if sheet := text_of(form, "sheet"):
        changes["sheet"] = sheet


def _correct(changes: dict[str, Any], report: dict[str, Any], form: FormData) -> None:
    corrections, aside = changes.setdefault("corrections", {}), changes.setdefault("set_aside", [])
    for row in (*report["faulty_rows"], *report["asked_rows"]):
        line = row["line"]
        if form.get(f"aside:{line}"):
            aside.append(line)
        given = {name: form.get(f"cell:{line}:{name}") for name in report["columns"]}
        changed = {name: cell for name, cell in given.items() if isinstance(cell, str) and cell != row["cells"][name]}
        if changed:
            corrections[str(line)] = corrections.get(str(line), {}) | changed
        elif _counts_cells(report, line) and any(cell is not None for cell in given.values()):
            # The row has too many or too few cells, and is right as the page shows it under the headings.
            corrections.setdefault(str(line), {})


def _answer(changes: dict[str, Any], report: dict[str, Any], form: FormData) -> None:
    answers, confirmed = changes.setdefault("answers", []), changes.setdefault("confirmed", [])
    for asked in report["proposals"]:
        said = text_of(form, f"answer:{asked['line']}:{asked['candidate']}")
        if said in ("same", "another"):
            answers.append({"line": asked["line"], "candidate": asked["candidate"], "same": said == "same"})
    for question in report["questions"]:
        if question["confirmable"] and text_of(form, _question_name(question)) == "right":
            confirmed.append({"line": question["line"], "reason": question["reason"]})


def _update(changes: dict[str, Any], report: dict[str, Any], form: FormData) -> None:
    """Adds the lines whose values the register takes over. Decisions about lines that the page didn't show are kept."""
    shown = {difference["line"] for difference in report["differences"]}
    ticked = {line for line in shown if form.get(f"update:{line}")}
    changes["updates"] = sorted({*changes.get("updates", ()), *shown} - (shown - ticked))
    if form.get("action") in ("update", "leave"):
        changes["update_all"], changes["updates"] = form.get("action") == "update", []


def _accepted_suggestions(report: dict[str, Any], form: FormData) -> Iterator[tuple[int, dict[str, str]]]:
    """Yields each line with its new cells: the suggestions that were chosen, or each that is the only one."""
    for told in (*report["faults"], *report["questions"]):
        suggestions = told["suggestions"]
        if form.get("action") == "suggestions" and len(suggestions) == 1 and "confirmable" not in told:
            yield told["line"], suggestions[0]
        for number, cells in enumerate(suggestions):
            name = _question_name(told)
            if f"{name}:{number}" == form.get("take") or text_of(form, name) == str(number):
                yield told["line"], cells


def _question_name(told: dict[str, Any]) -> str:
    """Returns the name of the form field of a fault or a question."""
    return f"{told['line']}:{told['field']}:{told['reason']}"


def _counts_cells(report: dict[str, Any], line: int) -> bool:
    return any(fault["line"] == line and fault["reason"] == "cell_count" for fault in report["faults"])
