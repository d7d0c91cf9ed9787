"""What happened to one mail: from the fact that asked for it to the server that took it, and on to its trace."""

import asyncio
from uuid import UUID

from fastapi import Response

from polity_portal.pages.office_campaign import PATH, own_campaign
from polity_portal.routing import OPEN, NotFound, pages
from polity_portal.signed_in import VisitDep

router = pages()


@router.get(PATH + "/mails/{delivery_id}", **OPEN)
async def one_mail(campaign_id: UUID, delivery_id: UUID, visit: VisitDep) -> Response:
    campaign, mail = await asyncio.gather(
        own_campaign(visit, campaign_id),
        visit.api.get(f"/v1/deliveries/{delivery_id}", credentials=visit.credentials),
    )
    if mail["campaign_id"] != str(campaign_id):
        raise NotFound
    about = [mail["local_government_id"]] if mail["local_government_id"] else []
    names = await visit.portal.place_names.of(about, visit.api, campaign["network_id"], visit.credentials)
    traces = visit.portal.settings.traces_url
    return visit.page(
        "mail.html",
        campaign=campaign,
        mail=mail,
        names=names,
        trace=traces.replace("{trace_id}", mail["trace_id"]) if traces and mail["trace_id"] else None,
        demonstration=campaign["demonstration"],
    )
