"""Importing a file into the register of local governments."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from polity_chassis.web.dependencies import DatabaseDep, NowDep
from polity_chassis.web.idempotency import IdempotencyDep

from polity_membership.api.access_rules import OF_NETWORK
from polity_membership.register_imports.usecases import check_register, import_local_governments
from polity_membership.tabular_import.domain.findings import ImportRefused
from polity_membership.tabular_import.http.reports import Report, refusal, report_of, report_of_done
from polity_membership.tabular_import.http.uploads import UploadDep, upload_access

router = APIRouter(prefix="/v1/networks/{network_id}", tags=["register"])


@router.post(
    "/local-government-imports",
    **upload_access(OF_NETWORK),
    response_model=Report,
)
async def post_import(
    *,
    network_id: UUID,
    request: Request,
    upload: UploadDep,
    database: DatabaseDep,
    now: NowDep,
    key: IdempotencyDep,
    dry_run: bool = False,
) -> Report | JSONResponse:
    """Imports a CSV or XLSX file: all that isn't set aside, or nothing and a report on what must be decided.

    Of a workbook one sheet is read; where several have content, `sheet` of the changes says which. With
    multipart/form-data the part `changes` (JSON) corrects cells, sets lines aside and answers proposals.
    A dry run only looks.
    """
    if dry_run:
        return report_of(await check_register(database, network_id, upload), request)
    try:
        done = await import_local_governments(database, network_id, upload, now, key)
    except ImportRefused as refused:
        return refusal(refused, request)
    return report_of_done(done)
