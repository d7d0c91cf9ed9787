"""Who may act for a network and for the local governments of its register: found by the secretariat, and ended."""

import asyncio
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel

from polity_portal.pages.office_campaign import ROWS, Cursor
from polity_portal.routing import OPEN, pages
from polity_portal.signed_in import SignedFormDep, VisitDep

router = pages()
PATH = "/{lang:lang}/office/networks/{network_id}/mandates"


class MandateList(BaseModel):
    """What the address of the list of mandates says."""

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
        "mandates.html",
        network=network,
        items=listed["items"],
        next_cursor=listed["next"],
        filters={"status": wanted.status},
        own={mandate["mandate_id"] for mandate in held},
    )


@router.post(PATH + "/{mandate_id}/end", **OPEN)
async def end(network_id: UUID, mandate_id: UUID, visit: VisitDep, form: SignedFormDep) -> Response:
    """Ends the mandate; whoever ends their own is led to the office, for the list is theirs no longer."""
    own = any(mandate["mandate_id"] == str(mandate_id) for mandate in await visit.mandates())
    await visit.api.post(f"/v1/mandates/{mandate_id}/end", credentials=visit.credentials)
    if own:
        return visit.go_to(visit.office, done="own_ended")
    return visit.go_to(f"{visit.office}/networks/{network_id}/mandates", done="ended")
