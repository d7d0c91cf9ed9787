"""A partner's webhook subscriptions to public facts, and the log of their deliveries."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response
from polity_chassis.ids import new_id
from pydantic import BaseModel
from starlette.datastructures import FormData

from polity_portal.auth.dependencies import SignedFormDep, Visit, VisitDep
from polity_portal.client.problems import ApiProblem, Fault
from polity_portal.web.errors import NotFound
from polity_portal.web.forms import text_of, texts_of
from polity_portal.web.page_routes import OPEN, page_router
from polity_portal.web.pagination import Cursor

router = page_router()
PATH = "/{lang:lang}/office/webhooks"
ONE = PATH + "/{webhook_id}"
ROWS = 25
DAYS = (1, 3, 7, 30, 90)
"""The periods, in days, of which failed deliveries can be sent again."""
KEY = "idempotency_key"
Did = Literal["test", "pause", "resumption", "enabling", "resend"]
"""What the form before this page did: an operation of the API without a body, but for `resend`."""


class Log(BaseModel):
    """The query parameters of a delivery log."""

    status: Literal["", "pending", "delivered", "exhausted", "cancelled"] = ""
    cursor: Cursor = ""


@router.get(PATH, **OPEN)
async def subscriptions(visit: VisitDep, cursor: Cursor = "") -> Response:
    found = await visit.api.get("/v1/webhooks", credentials=visit.credentials, cursor=cursor, limit=ROWS)
    return visit.page("partners/webhooks.html", items=found["items"], next_cursor=found["next"])


@router.get(PATH + "/new", **OPEN)
async def new(visit: VisitDep) -> Response:
    return await _form(visit, {"url": "", "description": "", "fact_types": [], KEY: str(new_id())}, [])


@router.post(PATH + "/new", **OPEN)
async def subscribe(visit: VisitDep, form: SignedFormDep) -> Response:
    """Shows the secret in this answer alone. The same form sent again gets the same secret (by its idempotency key)."""
    entered = {name: text_of(form, name) for name in ("url", "description", KEY)}
    chosen = texts_of(form, "fact_types")
    body = {name: entered[name] for name in ("url", "description")} | ({"fact_types": chosen} if chosen else {})
    if not entered["url"]:
        return await _form(visit, {**entered, "fact_types": chosen}, [Fault("url", "required")])
    try:
        told = await visit.api.post(
            "/v1/webhooks", body, credentials=visit.credentials, idempotency_key=entered[KEY] or None
        )
    except ApiProblem as problem:
        if problem.status != 422:
            raise
        return await _form(visit, {**entered, "fact_types": chosen}, problem.faults)
    return visit.page("partners/webhook_secret.html", told=told, rotated=False)


@router.get(ONE, **OPEN)
async def log(webhook_id: UUID, visit: VisitDep, wanted: Annotated[Log, Query()]) -> Response:
    path = f"/v1/webhooks/{webhook_id}"
    filters = {"status": wanted.status}
    listed = visit.api.get(
        f"{path}/deliveries", credentials=visit.credentials, cursor=wanted.cursor, limit=ROWS, newest_first="true",
        **filters,
    )  # fmt: skip
    webhook, found = await asyncio.gather(visit.api.get(path, credentials=visit.credentials), listed)
    return visit.page(
        "partners/webhook.html",
        webhook=webhook,
        items=found["items"],
        next_cursor=found["next"],
        filters=filters,
        rotation_key=str(new_id()),
        days=DAYS,
    )


@router.post(ONE + "/rotation", **OPEN)
async def rotate(webhook_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    key = text_of(form, KEY) or None
    path = f"/v1/webhooks/{webhook_id}/secret-rotation"
    told = await visit.api.post(path, credentials=visit.credentials, idempotency_key=key)
    return visit.page("partners/webhook_secret.html", told=told, rotated=True)


@router.post(ONE + "/removal", **OPEN)
async def remove(webhook_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    await visit.api.delete(f"/v1/webhooks/{webhook_id}", credentials=visit.credentials)
    return visit.go_to(f"{visit.office}/webhooks", done="removal")


@router.post(ONE + "/resend", **OPEN)
async def resend_given_up(webhook_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    """Sends again what was given up or missed in the last days."""
    days = text_of(form, "days")
    if days not in map(str, DAYS):
        raise NotFound
    body = {"since": (visit.portal.clock() - timedelta(days=int(days))).isoformat()}
    answer = await visit.api.post(f"/v1/webhooks/{webhook_id}/resend", body, credentials=visit.credentials)
    return visit.go_to(f"{visit.office}/webhooks/{webhook_id}", resent=answer["resent"], more=answer["more"])


@router.post(ONE + "/deliveries/{webhook_delivery_id}/resend", **OPEN)
async def resend(webhook_id: UUID, webhook_delivery_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    await visit.api.post(f"/v1/webhook-deliveries/{webhook_delivery_id}/resend", credentials=visit.credentials)
    return _back(visit, webhook_id, form, "resend")


@router.post(ONE + "/test", **OPEN)
async def test(webhook_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    return await _do(visit, webhook_id, form, "test")


@router.post(ONE + "/pause", **OPEN)
async def pause(webhook_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    return await _do(visit, webhook_id, form, "pause")


@router.post(ONE + "/resumption", **OPEN)
async def resume(webhook_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    return await _do(visit, webhook_id, form, "resumption")


@router.post(ONE + "/enabling", **OPEN)
async def enable(webhook_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    return await _do(visit, webhook_id, form, "enabling")


async def _do(visit: Visit, webhook_id: UUID, form: FormData, verb: Did) -> Response:
    await visit.api.post(f"/v1/webhooks/{webhook_id}/{verb}", credentials=visit.credentials)
    return _back(visit, webhook_id, form, verb)


def _back(visit: Visit, webhook_id: UUID, form: FormData, done: Did) -> Response:
    """Redirects to the log with its filter."""
    status = text_of(form, "status")
    kept = f"?status={status}" if status.isalpha() else ""
    return visit.go_to(f"{visit.office}/webhooks/{webhook_id}{kept}", done=done)


async def _form(visit: Visit, entered: dict[str, Any], faults: list[Fault]) -> Response:
    types = await visit.api.get("/v1/webhook-types")
    names = [item["type"] for item in types["items"]]
    status = 422 if faults else 200
    return visit.page(
        "partners/webhook_new.html",
        status=status,
        entered=entered,
        faults=faults,
        types=names,
        loopback=types["loopback"],
    )
