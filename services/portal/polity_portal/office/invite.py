"""Inviting: find local governments, choose some or all that match, check, send."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query, Response
from pydantic import BaseModel, Field
from starlette.datastructures import FormData

from polity_portal.auth.dependencies import SignedFormDep, Visit, VisitDep
from polity_portal.client.problems import ApiProblem, Fault
from polity_portal.i18n.territories import COUNTRIES, REGIONS
from polity_portal.office.campaign import PATH, end_of_day, own_campaign
from polity_portal.office.mail_previews import LISTED, preview_of
from polity_portal.web.commitment_form import idempotency_key_of
from polity_portal.web.forms import text_of, texts_of
from polity_portal.web.page_routes import OPEN, page_router
from polity_portal.web.pagination import ROWS, Cursor
from polity_portal.web.rendering import go_to

router = page_router()
AT_MOST = 5000
"""The API's limit for one call."""
FILTERS = ("region", "country", "status", "q")
Text = Annotated[str, Field(max_length=100)]


class Search(BaseModel):
    """The query parameters of the page on which local governments are chosen."""

    region: Text = ""
    country: Text = ""
    status: Text = ""
    q: Text = ""
    cursor: Cursor = ""


@dataclass(frozen=True)
class Wave:
    """Who is invited: the chosen ones, or everyone who matches the filters. The deadline is the end of `last_day`."""

    everyone: bool
    filters: dict[str, str]
    name: str
    last_day: str
    key: str
    names: dict[str, str] = field(default_factory=dict)
    """Names by id. Names are not unique."""
    preview: str = ""
    """The id of the local government whose message is shown."""


@router.get(PATH + "/invite", **OPEN)
async def choose(campaign_id: UUID, visit: VisitDep, search: Annotated[Search, Query()]) -> Response:
    filters = search.model_dump(include=set(FILTERS))
    campaign = await own_campaign(visit, campaign_id)
    listed = await visit.api.get(
        f"/v1/networks/{campaign['network_id']}/local-governments",
        credentials=visit.credentials,
        campaign_id=str(campaign_id),
        cursor=search.cursor,
        limit=ROWS,
        **filters,
    )
    return visit.page(
        "office/invite.html",
        campaign=campaign,
        items=listed["items"],
        next_cursor=listed["next"],
        filters=filters,
        regions=REGIONS,
        countries=COUNTRIES,
        faults=[Fault("chosen", reason) for reason in visit.flash],
        demonstration=campaign["demonstration"],
    )


@router.get(PATH + "/invite/check", **OPEN)
async def back(campaign_id: UUID, visit: VisitDep) -> Response:
    return go_to(f"{visit.office}/campaigns/{campaign_id}/invite")


@router.post(PATH + "/invite/check", **OPEN)
async def check(campaign_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    """Shows who would be invited, the deadline and the message, and asks for the wave's name. Sends nothing."""
    campaign = await own_campaign(visit, campaign_id)
    wave = await _wave(visit, campaign, form)
    if not wave.names:
        return visit.go_to(f"{visit.office}/campaigns/{campaign_id}/invite?{urlencode(wave.filters)}", none_chosen=True)
    return await _confirmation(visit, campaign, wave, [])


@router.post(PATH + "/invite", **OPEN)
async def send(campaign_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    campaign = await own_campaign(visit, campaign_id)
    wave = await _wave(visit, campaign, form)
    if not wave.name:
        return await _confirmation(visit, campaign, wave, [Fault("wave", "required")])
    asked: dict[str, Any] = {"wave": wave.name, "local_government_ids": list(wave.names)}
    try:
        if wave.last_day != _last_day(campaign):
            asked["reply_by"] = end_of_day(wave.last_day, campaign["reply_by"]["time_zone"])
        done = await visit.api.post(
            f"/v1/campaigns/{campaign_id}/invitations", asked, credentials=visit.credentials, idempotency_key=wave.key
        )
    except ValueError:
        return await _confirmation(visit, campaign, wave, [Fault("last_day", "not_a_date")])
    except ApiProblem as problem:
        late = [Fault("last_day", problem.slug, problem.title)] if problem.slug == "deadline_passed" else []
        if not (faults := problem.faults or late):
            raise
        return await _confirmation(visit, campaign, wave, faults)
    told = {"invited": done["invited"], "already": done["already_invited"], "without": done["without_contact"]}
    # A wave without invitations would filter the list to nothing.
    shown = urlencode({"wave": wave.name} if done["invited"] else {})
    return visit.go_to(f"{visit.office}/campaigns/{campaign_id}/invitations?{shown}", **told)


def _last_day(campaign: dict[str, Any]) -> str:
    """Returns the day of the campaign's own deadline, in its zone."""
    reply_by = campaign["reply_by"]
    return datetime.fromisoformat(reply_by["at"]).astimezone(ZoneInfo(reply_by["time_zone"])).date().isoformat()


async def _wave(visit: Visit, campaign: dict[str, Any], form: FormData) -> Wave:
    everyone = text_of(form, "which") == "all"
    filters = {name: text_of(form, name) for name in FILTERS}
    if everyone:
        names = await _matching(visit, campaign, filters)
    else:
        chosen = texts_of(form, "chosen")
        register = visit.portal.local_government_names
        known = await register.of(chosen, visit.api, campaign["network_id"], visit.credentials)
        names = {each: known.get(each, "") for each in chosen}
    last_day = text_of(form, "last_day") or _last_day(campaign)
    key = idempotency_key_of(text_of(form, "idempotency_key"))
    return Wave(everyone, filters, text_of(form, "wave"), last_day, key, names, text_of(form, "preview"))


async def _matching(visit: Visit, campaign: dict[str, Any], filters: dict[str, str]) -> dict[str, str]:
    """Returns the names by id of all that match and are not invited yet, up to AT_MOST."""
    found = await visit.api.every(
        f"/v1/networks/{campaign['network_id']}/local-governments",
        credentials=visit.credentials,
        limit=AT_MOST,
        campaign_id=campaign["campaign_id"],
        **filters,
    )
    return {row["local_government_id"]: row["name"] for row in found if not row["status"]}


async def _confirmation(visit: Visit, campaign: dict[str, Any], wave: Wave, faults: list[Fault]) -> Response:
    try:
        reply_by = end_of_day(wave.last_day, campaign["reply_by"]["time_zone"])
    except ValueError:
        reply_by = campaign["reply_by"]
    return visit.page(
        "office/invite_check.html",
        status=422 if faults else 200,
        campaign=campaign,
        wave=wave,
        at_most=AT_MOST,
        listed=LISTED,
        preview=await preview_of(visit, campaign, wave.names, wave.preview, reply_by) if wave.names else None,
        faults=faults,
        demonstration=campaign["demonstration"],
    )
