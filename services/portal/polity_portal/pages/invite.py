"""Inviting: find local governments, choose some or all that match, look once more, send."""

from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, Field
from starlette.datastructures import FormData

from polity_portal.api import ApiProblem, Fault
from polity_portal.pages.office_campaign import PATH, ROWS, Cursor, own_campaign
from polity_portal.places import COUNTRIES, REGIONS
from polity_portal.pledges import key_of
from polity_portal.rendering import go_to
from polity_portal.routing import OPEN, pages
from polity_portal.signed_in import SignedFormDep, Visit, VisitDep, text_of, texts_of

router = pages()
AT_MOST = 5000
"""The API invites no more in one call."""
FILTERS = ("region", "country", "status", "q")
Text = Annotated[str, Field(max_length=100)]


class Search(BaseModel):
    """What the address of the choice says."""

    region: Text = ""
    country: Text = ""
    status: Text = ""
    q: Text = ""
    cursor: Cursor = ""
    none_chosen: bool = False


@dataclass(frozen=True)
class Wave:
    """Whom the form names: the chosen ones, or everyone who matches the filters."""

    everyone: bool
    filters: dict[str, str]
    name: str
    key: str
    ids: list[str] = field(default_factory=list)


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
        "invite.html",
        campaign=campaign,
        items=listed["items"],
        next_cursor=listed["next"],
        filters=filters,
        regions=REGIONS,
        countries=COUNTRIES,
        faults=[Fault("chosen", "none_chosen")] if search.none_chosen else [],
        demonstration=campaign["demonstration"],
    )


@router.get(PATH + "/invite/check", **OPEN)
async def back(campaign_id: UUID, visit: VisitDep) -> Response:
    return go_to(f"{visit.office}/campaigns/{campaign_id}/invite")


@router.post(PATH + "/invite/check", **OPEN)
async def check(campaign_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    """Shows how many would be invited, by which day, and asks for the wave's name. Sends nothing."""
    campaign = await own_campaign(visit, campaign_id)
    wave = await _wave(visit, campaign, form)
    if not wave.ids:
        query = urlencode({**wave.filters, "none_chosen": 1})
        return go_to(f"{visit.office}/campaigns/{campaign_id}/invite?{query}")
    return _confirmation(visit, campaign, wave, [])


@router.post(PATH + "/invite", **OPEN)
async def send(campaign_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    campaign = await own_campaign(visit, campaign_id)
    wave = await _wave(visit, campaign, form)
    if not wave.name:
        return _confirmation(visit, campaign, wave, [Fault("wave", "required")])
    try:
        done = await visit.api.post(
            f"/v1/campaigns/{campaign_id}/invitations",
            {"wave": wave.name, "local_government_ids": wave.ids},
            credentials=visit.credentials,
            idempotency_key=wave.key,
        )
    except ApiProblem as problem:
        late = [Fault("wave", problem.slug, problem.title)] if problem.slug == "deadline_passed" else []
        if not (faults := problem.faults or late):
            raise
        return _confirmation(visit, campaign, wave, faults)
    counts = {"invited": done["invited"], "already": done["already_invited"], "without": done["without_contact"]}
    return go_to(f"{visit.office}/campaigns/{campaign_id}/invitations?{urlencode(counts)}")


async def _wave(visit: Visit, campaign: dict[str, Any], form: FormData) -> Wave:
    everyone = text_of(form, "which") == "all"
    filters = {name: text_of(form, name) for name in FILTERS}
    ids = await _matching(visit, campaign, filters) if everyone else texts_of(form, "chosen")
    return Wave(everyone, filters, text_of(form, "wave"), key_of(text_of(form, "idempotency_key")), ids)


async def _matching(visit: Visit, campaign: dict[str, Any], filters: dict[str, str]) -> list[str]:
    """The ids of all that match and are not invited yet, up to AT_MOST."""
    found = await visit.api.every(
        f"/v1/networks/{campaign['network_id']}/local-governments",
        credentials=visit.credentials,
        limit=AT_MOST,
        campaign_id=campaign["campaign_id"],
        **filters,
    )
    return [row["local_government_id"] for row in found if not row["status"]]


def _confirmation(visit: Visit, campaign: dict[str, Any], wave: Wave, faults: list[Fault]) -> Response:
    return visit.page(
        "invite_check.html",
        status=422 if faults else 200,
        campaign=campaign,
        wave=wave,
        at_most=AT_MOST,
        faults=faults,
        demonstration=campaign["demonstration"],
    )
