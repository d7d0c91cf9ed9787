"""Commitments of earlier waves, brought into a campaign."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from polity_chassis.web.dependencies import DatabaseDep, NowDep
from polity_chassis.web.idempotency import IdempotencyDep

from polity_membership.api.access_rules import OF_CAMPAIGN
from polity_membership.commitment_imports.usecases import check_commitments, import_commitments
from polity_membership.tabular_import.domain.findings import ImportRefused
from polity_membership.tabular_import.http.reports import Report, refusal, report_of, report_of_done
from polity_membership.tabular_import.http.uploads import UploadDep, upload_access

router = APIRouter(prefix="/v1/campaigns/{campaign_id}", tags=["commitments"])


@router.post(
    "/commitment-imports",
    **upload_access(OF_CAMPAIGN),
    response_model=Report,
)
async def post_commitment_import(
    *,
    campaign_id: UUID,
    request: Request,
    upload: UploadDep,
    database: DatabaseDep,
    now: NowDep,
    key: IdempotencyDep,
    dry_run: bool = False,
) -> Report | JSONResponse:
    """Imports pledges of earlier waves with their own dates, in their order: all that isn't set aside, or nothing.

    Days and times are those of the campaign's zone. Nobody is written to, and milestones that are passed are reached on
    the day of the pledge that passed them, unannounced. The file is CSV or XLSX; of a workbook one sheet is read, that
    of `sheet` in the changes where several have content. With multipart/form-data the part `changes` (JSON) corrects
    cells, sets lines aside and answers proposals. A dry run only looks.
    """
    if dry_run:
        return report_of(await check_commitments(database, campaign_id, upload, now), request)
    try:
        done = await import_commitments(database, campaign_id, upload, now, key)
    except ImportRefused as refused:
        return refusal(refused, request)
    return report_of_done(done)
