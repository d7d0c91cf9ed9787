"""Bringing a CSV or XLSX file in: local governments into a network, commitments of earlier waves into a campaign.

A check that changes nothing shows what is faulty and what is perhaps there already; it is corrected, set aside or
answered on the same page, as often as it takes. Then all that is left is imported, or nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Response
from polity_chassis.ids import new_id
from starlette.datastructures import FormData, UploadFile

from polity_portal.auth.dependencies import SignedFormDep, SignedSheetDep, VisitDep
from polity_portal.client.problems import Fault
from polity_portal.office.campaign import own_campaign
from polity_portal.office.pending_imports import ImportTarget, PendingImport, apply_decisions
from polity_portal.web.assets import STATIC
from polity_portal.web.errors import NotFound
from polity_portal.web.page_routes import OPEN, page_router
from polity_portal.web.rendering import go_to

router = page_router()
REGISTER = "/{lang:lang}/office/networks/{network_id}/import"
SAMPLE = STATIC / "office" / "samples" / "earlier-pledges.csv"
COMMITMENTS = "/{lang:lang}/office/campaigns/{campaign_id}/earlier"


COUNTED = ("imported", "updated", "set_aside", "already_there")
"""The counts that are shown after an import."""


@dataclass(frozen=True)
class ImportFlow:
    """The pages of one kind of import: their address, template and content, and what is imported where."""

    target: ImportTarget
    address: str
    template: str
    content: dict[str, Any]

    def page(self, template: str, *, status: int = 200, **more: Any) -> Response:
        return self.target.visit.page(template, status=status, address=self.address, **self.content, **more)


async def register_import(network_id: UUID, visit: VisitDep) -> ImportFlow:
    await visit.must_be_secretariat(str(network_id))
    network = await visit.api.get(f"/v1/networks/{network_id}")
    return ImportFlow(
        ImportTarget(visit, f"/v1/networks/{network_id}/local-government-imports", network_id),
        f"{visit.office}/networks/{network_id}/import",
        "office/import.html",
        {"network": network, "campaign": None, "demonstration": network["demonstration"]},
    )


async def commitment_import(campaign_id: UUID, visit: VisitDep) -> ImportFlow:
    campaign = await own_campaign(visit, campaign_id)
    return ImportFlow(
        ImportTarget(visit, f"/v1/campaigns/{campaign_id}/commitment-imports", UUID(campaign["network_id"])),
        f"{visit.office}/campaigns/{campaign_id}/earlier",
        "office/import_earlier.html",
        {"network": campaign["network"], "campaign": campaign, "demonstration": campaign["demonstration"]},
    )


def _add_routes(path: str, flow_of: Callable[..., Any]) -> None:
    """Adds the routes of one kind of import: choose a file, check it, decide about its lines, import it."""
    ImportFlowDep = Annotated[ImportFlow, Depends(flow_of)]  # noqa: N806 - a type

    @router.get(path, **OPEN)
    async def choose(flow: ImportFlowDep) -> Response:
        return flow.page(flow.template, fault=None)

    @router.post(path, **OPEN)
    async def check(flow: ImportFlowDep, form: SignedFormDep) -> Response:
        return await _upload(flow, form)

    @router.get(path + "/{upload_id}", **OPEN)
    async def report(upload_id: UUID, flow: ImportFlowDep) -> Response:
        pending = await flow.target.find(upload_id)
        if pending is None:
            return go_to(flow.address)
        if pending.language != flow.target.visit.language:
            # The report is in the language in which the file was checked.
            await flow.target.check(upload_id, pending)
        decided = {name: said for name, said in pending.changes.items() if name != "sheet"}
        sheet = pending.changes.get("sheet")
        return flow.page("office/import_report.html", report=pending.report, changes=decided, sheet=sheet)

    @router.post(path + "/{upload_id}", **OPEN)
    async def go_on(upload_id: UUID, flow: ImportFlowDep, form: SignedSheetDep) -> Response:
        return await _decide_or_import(flow, upload_id, form)


@router.get(COMMITMENTS + "/sample.csv", **OPEN)
async def sample(campaign_id: UUID, visit: VisitDep) -> Response:
    """Returns a sample file of two rows, with the themes of this campaign."""
    campaign = await own_campaign(visit, campaign_id)
    text = SAMPLE.read_text("utf-8")
    for number, code in enumerate(list(campaign["themes"])[:3], 1):
        text = text.replace(f"THEME{number}", code)
    name = {"Content-Disposition": 'attachment; filename="earlier-pledges.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=name)


_add_routes(REGISTER, register_import)
_add_routes(COMMITMENTS, commitment_import)


async def _upload(flow: ImportFlow, form: FormData) -> Response:
    file = form.get("file")
    content = await file.read() if isinstance(file, UploadFile) else b""
    chosen = isinstance(file, UploadFile) and bool(file.filename)
    fault = (
        Fault("file", "empty")
        if chosen and not content
        else _fault(content, flow.target.visit.portal.settings.upload_limit_bytes)
    )
    if fault:
        return flow.page(flow.template, status=422, fault=fault)
    upload_id = new_id()
    await flow.target.check(upload_id, PendingImport(content))
    return go_to(f"{flow.address}/{upload_id}")


async def _decide_or_import(flow: ImportFlow, upload_id: UUID, form: FormData) -> Response:
    """Imports the file, or applies the form's decisions and checks it again. A new report shows what is refused."""
    pending = await flow.target.find(upload_id)
    if pending is None:
        raise NotFound
    if form.get("action") == "import":
        # The same form has check boxes.
        apply_decisions(pending, form)
        done = await flow.target.do(upload_id, pending)
        if done is not None:
            return flow.target.visit.go_to(flow.address, **{name: done[name] for name in COUNTED})
    elif form.get("action") == "undo":
        pending.changes = {name: said for name, said in pending.changes.items() if name == "sheet"}
    else:
        apply_decisions(pending, form)
    await flow.target.check(upload_id, pending)
    return go_to(f"{flow.address}/{upload_id}")


def _fault(content: bytes, limit: int) -> Fault | None:
    if not content:
        return Fault("file", "required")
    return Fault("file", "too_large") if len(content) > limit else None
