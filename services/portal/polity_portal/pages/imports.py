"""Bringing local governments into a network from a CSV file: a check that changes nothing, then all or nothing."""

from typing import Any
from uuid import UUID

from fastapi import Response
from polity_chassis.ids import new_id
from starlette.datastructures import UploadFile

from polity_portal.api import ApiProblem, Fault
from polity_portal.rendering import go_to
from polity_portal.routing import OPEN, NotFound, pages
from polity_portal.signed_in import SignedFormDep, Visit, VisitDep

router = pages()
PATH = "/{lang:lang}/office/networks/{network_id}/import"
SHOWN_FAULTS = 200
BYTES = "latin-1"
"""Maps every byte to one character and back, so that the file is kept as it came."""


@router.get(PATH, **OPEN)
async def choose(network_id: UUID, visit: VisitDep, imported: int | None = None) -> Response:
    return await _page(visit, network_id, "import.html", imported=imported, fault=None)


@router.post(PATH, **OPEN)
async def check(network_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    file = form.get("file")
    content = await file.read() if isinstance(file, UploadFile) else b""
    fault = _fault(content, visit.portal.settings.upload_limit_bytes)
    if fault:
        return await _page(visit, network_id, "import.html", status=422, imported=None, fault=fault)
    return await _checked(visit, network_id, content)


@router.get(PATH + "/{upload_id}", **OPEN)
async def report(network_id: UUID, upload_id: UUID, visit: VisitDep) -> Response:
    kept = await visit.portal.uploads.find(visit.session, upload_id, network_id)
    if kept is None:
        return go_to(_address(visit, network_id))
    return await _page(visit, network_id, "import_report.html", report=kept["report"], faulty=kept["faulty"])


@router.post(PATH + "/{upload_id}", **OPEN)
async def import_all(network_id: UUID, upload_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    """Imports the checked file. When it no longer passes, its new report is shown in place of the old one."""
    kept = await visit.portal.uploads.find(visit.session, upload_id, network_id)
    if kept is None or "content" not in kept:
        raise NotFound
    content = kept["content"].encode(BYTES)
    try:
        done = await _send(visit, network_id, content, dry_run="false")
    except ApiProblem as problem:
        if problem.status != 422:
            raise
        return await _checked(visit, network_id, content)
    await visit.portal.uploads.forget(visit.session, upload_id, network_id)
    return go_to(f"{_address(visit, network_id)}?imported={done['imported']}")


async def _checked(visit: Visit, network_id: UUID, content: bytes) -> Response:
    """Has the file checked, keeps it when it has no faults, and leads to the report."""
    report = await _send(visit, network_id, content, dry_run="true")
    faults = report["faults"]
    kept = {"report": {**report, "faults": faults[:SHOWN_FAULTS]}, "faulty": len(faults)}
    if not faults:
        kept["content"] = content.decode(BYTES)
    upload_id = new_id()
    await visit.portal.uploads.keep(visit.session, upload_id, network_id, kept, visit.portal.clock())
    return go_to(f"{_address(visit, network_id)}/{upload_id}")


def _address(visit: Visit, network_id: UUID) -> str:
    return f"{visit.office}/networks/{network_id}/import"


def _fault(content: bytes, limit: int) -> Fault | None:
    if not content:
        return Fault("file", "required")
    return Fault("file", "too_large") if len(content) > limit else None


async def _send(visit: Visit, network_id: UUID, content: bytes, *, dry_run: str) -> dict[str, Any]:
    path = f"/v1/networks/{network_id}/local-government-imports"
    answer: dict[str, Any] = await visit.api.post_csv(path, content, credentials=visit.credentials, dry_run=dry_run)
    return answer


async def _page(visit: Visit, network_id: UUID, template: str, *, status: int = 200, **content: Any) -> Response:
    await visit.must_be_secretariat(str(network_id))
    network = await visit.api.get(f"/v1/networks/{network_id}")
    return visit.page(template, status=status, network=network, demonstration=network["demonstration"], **content)
