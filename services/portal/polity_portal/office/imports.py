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
from polity_portal.client.api import Fault
from polity_portal.office.campaign import own_campaign
from polity_portal.office.pending_imports import Errand, Waiting, decide
from polity_portal.web.assets import STATIC
from polity_portal.web.page_routes import OPEN, NotFound, pages
from polity_portal.web.rendering import go_to

router = pages()
REGISTER = "/{lang:lang}/office/networks/{network_id}/import"
SAMPLE = STATIC / "office" / "samples" / "earlier-pledges.csv"
COMMITMENTS = "/{lang:lang}/office/campaigns/{campaign_id}/earlier"


COUNTED = ("imported", "updated", "set_aside", "already_there")
"""What is told of an import."""


@dataclass(frozen=True)
class Desk:
    """One import's pages: where they are, what they show, what is done."""

    errand: Errand
    address: str
    template: str
    content: dict[str, Any]

    def page(self, template: str, *, status: int = 200, **more: Any) -> Response:
        return self.errand.visit.page(template, status=status, address=self.address, **self.content, **more)


async def register_desk(network_id: UUID, visit: VisitDep) -> Desk:
    await visit.must_be_secretariat(str(network_id))
    network = await visit.api.get(f"/v1/networks/{network_id}")
    return Desk(
        Errand(visit, f"/v1/networks/{network_id}/local-government-imports", network_id),
        f"{visit.office}/networks/{network_id}/import",
        "office/import.html",
        {"network": network, "campaign": None, "demonstration": network["demonstration"]},
    )


async def commitments_desk(campaign_id: UUID, visit: VisitDep) -> Desk:
    campaign = await own_campaign(visit, campaign_id)
    return Desk(
        Errand(visit, f"/v1/campaigns/{campaign_id}/commitment-imports", UUID(campaign["network_id"])),
        f"{visit.office}/campaigns/{campaign_id}/earlier",
        "office/import_earlier.html",
        {"network": campaign["network"], "campaign": campaign, "demonstration": campaign["demonstration"]},
    )


def _offer(path: str, desk_of: Callable[..., Any]) -> None:
    """Serves the four steps of one import: choose, check, decide, import."""
    DeskDep = Annotated[Desk, Depends(desk_of)]  # noqa: N806 - a type

    @router.get(path, **OPEN)
    async def choose(desk: DeskDep) -> Response:
        return desk.page(desk.template, fault=None)

    @router.post(path, **OPEN)
    async def check(desk: DeskDep, form: SignedFormDep) -> Response:
        return await _checked(desk, form)

    @router.get(path + "/{upload_id}", **OPEN)
    async def report(upload_id: UUID, desk: DeskDep) -> Response:
        waiting = await desk.errand.find(upload_id)
        if waiting is None:
            return go_to(desk.address)
        if waiting.language != desk.errand.visit.language:
            # What is wrong was told in the language in which the file was checked.
            await desk.errand.check(upload_id, waiting)
        decided = {name: said for name, said in waiting.changes.items() if name != "sheet"}
        sheet = waiting.changes.get("sheet")
        return desk.page("office/import_report.html", report=waiting.report, changes=decided, sheet=sheet)

    @router.post(path + "/{upload_id}", **OPEN)
    async def go_on(upload_id: UUID, desk: DeskDep, form: SignedSheetDep) -> Response:
        return await _gone_on(desk, upload_id, form)


@router.get(COMMITMENTS + "/sample.csv", **OPEN)
async def sample(campaign_id: UUID, visit: VisitDep) -> Response:
    """Two rows to write over, with themes of this very campaign."""
    campaign = await own_campaign(visit, campaign_id)
    text = SAMPLE.read_text("utf-8")
    for number, code in enumerate(list(campaign["themes"])[:3], 1):
        text = text.replace(f"THEME{number}", code)
    name = {"Content-Disposition": 'attachment; filename="earlier-pledges.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=name)


_offer(REGISTER, register_desk)
_offer(COMMITMENTS, commitments_desk)


async def _checked(desk: Desk, form: FormData) -> Response:
    file = form.get("file")
    content = await file.read() if isinstance(file, UploadFile) else b""
    chosen = isinstance(file, UploadFile) and bool(file.filename)
    fault = (
        Fault("file", "empty")
        if chosen and not content
        else _fault(content, desk.errand.visit.portal.settings.upload_limit_bytes)
    )
    if fault:
        return desk.page(desk.template, status=422, fault=fault)
    upload_id = new_id()
    await desk.errand.check(upload_id, Waiting(content))
    return go_to(f"{desk.address}/{upload_id}")


async def _gone_on(desk: Desk, upload_id: UUID, form: FormData) -> Response:
    """Imports, or takes the form's decisions and checks again. What no longer passes is shown in a new report."""
    waiting = await desk.errand.find(upload_id)
    if waiting is None:
        raise NotFound
    if form.get("action") == "import":
        # What was ticked on the same page counts too.
        decide(waiting, form)
        done = await desk.errand.do(upload_id, waiting)
        if done is not None:
            return desk.errand.visit.go_to(desk.address, **{name: done[name] for name in COUNTED})
    elif form.get("action") == "undo":
        waiting.changes = {name: said for name, said in waiting.changes.items() if name == "sheet"}
    else:
        decide(waiting, form)
    await desk.errand.check(upload_id, waiting)
    return go_to(f"{desk.address}/{upload_id}")


def _fault(content: bytes, limit: int) -> Fault | None:
    if not content:
        return Fault("file", "required")
    return Fault("file", "too_large") if len(content) > limit else None
