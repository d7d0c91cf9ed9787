"""Who may act for a network and for the local governments of its register: mandates given, listed and ended.

A mandate's link is shown once, to whoever gives it.
"""

import asyncio
from dataclasses import replace
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response
from polity_chassis.ids import new_id
from pydantic import BaseModel
from starlette.datastructures import FormData

from polity_portal.auth.dependencies import SignedFormDep, Visit, VisitDep
from polity_portal.client.problems import ApiProblem, Fault
from polity_portal.i18n.languages import LANGUAGES
from polity_portal.web.commitment_form import idempotency_key_of
from polity_portal.web.errors import NotFound
from polity_portal.web.forms import text_of
from polity_portal.web.page_routes import OPEN, page_router
from polity_portal.web.pagination import ROWS, Cursor

router = page_router()
PATH = "/{lang:lang}/office/networks/{network_id}/mandates"
MATCHES = 20
"""How many local governments of a name are offered."""
PERSON = {"name": "person_name", "email": "person_email", "language": "person_language"}
"""The API's fields of a person to ours."""
FIELDS = ("role", "place", "found_by", "local_government_id", *PERSON.values())
"""`place` is what was typed, `found_by` what had been typed when the local governments on the page were found."""


class MandateList(BaseModel):
    """The query parameters of the list of mandates."""

    status: Literal["", "waiting", "active", "ended"] = ""
    cursor: Cursor = ""


@router.get(PATH, **OPEN)
async def mandates(network_id: UUID, visit: VisitDep, wanted: Annotated[MandateList, Query()]) -> Response:
    """Lists the mandates, the newest first, each with a form that ends it."""
    network, listed, held = await asyncio.gather(
        visit.api.get(f"/v1/networks/{network_id}"),
        visit.api.get(
            f"/v1/networks/{network_id}/mandates",
            credentials=visit.credentials,
            status=wanted.status,
            cursor=wanted.cursor,
            limit=ROWS,
        ),
        visit.mandates(),
    )
    return visit.page(
        "office/mandates.html",
        network=network,
        items=listed["items"],
        next_cursor=listed["next"],
        filters={"status": wanted.status},
        own={mandate["mandate_id"] for mandate in held},
    )


@router.post(PATH + "/{mandate_id}/end", **OPEN)
async def end(network_id: UUID, mandate_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    """Ends the mandate. Whoever ends their own is redirected to the office: they may not see the list any more."""
    own = any(mandate["mandate_id"] == str(mandate_id) for mandate in await visit.mandates())
    await visit.api.post(f"/v1/mandates/{mandate_id}/end", credentials=visit.credentials)
    if own:
        return visit.go_to(visit.office, done="own_ended")
    return visit.go_to(f"{visit.office}/networks/{network_id}/mandates", done="ended")


@router.get(PATH + "/new", **OPEN)
async def new(network_id: UUID, visit: VisitDep) -> Response:
    roles = await _roles(visit, network_id)
    entered = dict.fromkeys(FIELDS, "") | {"person_language": visit.language, "idempotency_key": str(new_id())}
    return await _form(visit, network_id, {"roles": roles, "entered": entered, "places": []}, [])


@router.post(PATH + "/new", **OPEN)
async def grant(network_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    """Shows the link in this one answer; sent again, the same form is answered with the same link."""
    roles = await _roles(visit, network_id)
    entered = _entered(form)
    places, more = await _matching(visit, network_id, entered)
    shown = {"roles": roles, "entered": entered, "places": places, "more": more}
    if faults := _faults(entered, roles, places):
        return await _form(visit, network_id, shown, faults)
    try:
        granted = await visit.api.post(
            f"/v1/networks/{network_id}/mandates",
            _body(entered),
            credentials=visit.credentials,
            idempotency_key=entered["idempotency_key"],
        )
    except ApiProblem as problem:
        if not problem.faults:
            raise
        return await _form(visit, network_id, shown, [_ours(fault) for fault in problem.faults])
    network = await visit.api.get(f"/v1/networks/{network_id}")
    # In the language of whoever gets it.
    link = f"{visit.portal.settings.public_url}/{entered['person_language']}/mandate/{granted['link']}"
    return visit.page("office/mandate_link.html", network=network, name=entered["person_name"], link=link)


async def _roles(visit: Visit, network_id: UUID) -> tuple[str, ...]:
    """Returns the roles that the person can give here; raises NotFound for whoever may give none.

    An operator doesn't see the register, and so names nobody to act for a local government of it.
    """
    held = await visit.mandates()
    if any(mandate["role"] == "secretariat" and mandate["scope_id"] == str(network_id) for mandate in held):
        return ("secretariat", "representative")
    if any(mandate["role"] == "operator" for mandate in held):
        return ("secretariat",)
    raise NotFound


def _entered(form: FormData) -> dict[str, str]:
    entered = {name: text_of(form, name) for name in FIELDS}
    return entered | {"idempotency_key": idempotency_key_of(text_of(form, "idempotency_key"))}


async def _matching(visit: Visit, network_id: UUID, entered: dict[str, str]) -> tuple[list[dict[str, Any]], bool]:
    """Returns the local governments that may be meant, and whether there are more than can be offered."""
    if entered["role"] != "representative" or not entered["place"]:
        return [], False
    found = await visit.api.get(
        f"/v1/networks/{network_id}/local-governments",
        credentials=visit.credentials,
        q=entered["place"][:100],
        limit=MATCHES,
    )
    return found["items"], bool(found["next"])


def _faults(entered: dict[str, str], roles: tuple[str, ...], known: list[dict[str, Any]]) -> list[Fault]:
    """Returns what is missing. Which local government is meant is always chosen from those that were shown."""
    faults = [] if entered["role"] in roles else [Fault("role", "required")]
    if entered["role"] == "representative":
        offered = {place["local_government_id"] for place in known}
        if not entered["place"]:
            faults.append(Fault("place", "required"))
        elif not known:
            faults.append(Fault("place", "not_in_register"))
        elif entered["found_by"] != entered["place"] or entered["local_government_id"] not in offered:
            faults.append(Fault("local_government", "choose_one"))
    faults += [Fault(name, "required") for name in ("person_name", "person_email") if not entered[name]]
    return faults if entered["person_language"] in LANGUAGES else [*faults, Fault("person_language", "required")]


def _body(entered: dict[str, str]) -> dict[str, Any]:
    person = {name: entered[field] for name, field in PERSON.items()}
    whom = {"local_government_id": entered["local_government_id"]} if entered["role"] == "representative" else {}
    return {"person": person, "role": entered["role"], **whom}


def _ours(fault: Fault) -> Fault:
    return replace(fault, field=PERSON.get(fault.field, fault.field))


async def _form(visit: Visit, network_id: UUID, shown: dict[str, Any], faults: list[Fault]) -> Response:
    network = await visit.api.get(f"/v1/networks/{network_id}")
    return visit.page("office/mandate_new.html", status=422 if faults else 200, network=network, faults=faults, **shown)
