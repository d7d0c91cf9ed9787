"""The mail server is away while a city is revoked and another answers: what comes late tells nobody what isn't so."""

import secrets
from typing import Any
from uuid import UUID

import httpx
import pytest
from polity_chassis.authorization.links import LinkKeys, sign
from polity_chassis.clock import utc_now
from polity_local.demo.cities import answer_links, prepare
from polity_local.demo.client import checked
from polity_local.running.platform import Platform
from polity_local.testing.parts import SmtpSink
from scene import until

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.timeout(300)]

CITIES = 6


async def test_a_mail_server_that_comes_back_sends_no_dead_link(platform: Platform, mails: SmtpSink) -> None:
    keys = LinkKeys.model_validate_json(platform.instance.secrets["answer_link_keys"])
    async with httpx.AsyncClient(base_url=platform.internal_url, timeout=30) as http:
        mails.clear()
        mails.away = True
        demo, invited = await prepare(platform, http, CITIES, secrets.token_hex(4), utc_now().date())
        assert invited == CITIES
        campaign = f"/v1/campaigns/{demo.campaign_id}"
        listed = checked(await http.get(f"{campaign}/invitations", headers=demo.secretariat))["items"]
        revoked, declined, *others = (item["local_government_id"] for item in listed)
        links = {item["local_government_id"]: sign(keys, "answer", UUID(item["invitation_id"]), 1) for item in listed}

        async def invitations() -> dict[str, Any]:
            """The invitations' mails by who is invited."""
            params = {"campaign_id": demo.campaign_id, "limit": 200}
            found = checked(await http.get("/v1/deliveries", params=params, headers=demo.secretariat))["items"]
            return {item["local_government_id"]: item for item in found if item["kind"] == "invitation"}

        async def tried() -> bool:
            found = await invitations()
            return found.keys() == links.keys() and all(item["attempts"] for item in found.values())

        await until(tried, "the invitations were not tried")
        by_id = {item["local_government_id"]: item["invitation_id"] for item in listed}
        checked(await http.post(f"/v1/invitations/{by_id[revoked]}/revocation", headers=demo.secretariat))
        link = {"Authorization": f"Link {links[declined]}"}
        checked(await http.post("/v1/answer/decline", json={}, headers=link))
        mails.away = False

        async def over() -> bool:
            return "queued" not in {item["status"] for item in (await invitations()).values()}

        await until(over, "the mails were not sent when the server came back")
        found = await invitations()
        assert {found[id_]["status"] for id_ in others} == {"sent"}
        assert (found[revoked]["status"], found[declined]["status"]) == ("cancelled_revoked", "cancelled_answered")
    mailed = set(answer_links(mails.messages).values())
    assert mailed & set(links.values()) == {links[id_] for id_ in others}
