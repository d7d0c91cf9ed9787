"""People who deal with a platform in every way it knows, under planted names."""

import asyncio
import contextlib
import csv
import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from partners import Subscription
from planted import Planted
from polity_chassis.authorization.links import LinkKeys, sign
from polity_chassis.clock import utc_now
from polity_local.demo import letter
from polity_local.demo.cities import THEMES, answer_links
from polity_local.demo.client import checked
from polity_local.demo.load import Demo
from polity_local.demo.places import COLUMNS
from polity_local.running.platform import Platform
from polity_local.testing.parts import SmtpSink

PASSWORD = "planted-only-2030"
WRONG_PASSWORD = "not-the-planted-one"
PATIENCE_SECONDS = 150


async def until(condition: Callable[[], Awaitable[Any]], what: str) -> Any:
    """Returns what `condition` returns once that is true; raises TimeoutError with `what`."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (found := await condition()):  # noqa: ASYNC110
                await asyncio.sleep(0.5)
    except TimeoutError:
        raise TimeoutError(what) from None
    return found


def register(planted: Planted) -> str:
    """Returns the import file with the planted contact."""
    file = io.StringIO()
    contact = f"Añé {planted['former_name']}", f"{planted['contact_email']}@demo.example"
    place = ("Planted Place", "ES", "", 41.4, 2.2, 1000, "Europe/Madrid", "es", *contact)
    csv.writer(file).writerows([COLUMNS, place])
    return file.getvalue()


@dataclass
class Scene:
    """A platform, and who was planted on it: `people` are their ids, `subject` is the holder's account."""

    platform: Platform
    http: httpx.AsyncClient
    planted: Planted
    demo: Demo
    people: dict[str, str] = field(default_factory=dict)
    subject: str = ""
    others: str = ""
    """The invitation that names people who are nobody's contact and signed nothing."""
    subscribed: list[Subscription] = field(default_factory=list)
    """Partners who get what is public of it."""

    async def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Any:
        """Returns the answer's JSON; as the demonstration's secretariat unless `headers` say otherwise."""
        return checked(await self.http.post(path, json=body, headers=headers or self.demo.secretariat))

    async def rows(self, service: str, statement: str, *values: Any) -> list[Any]:
        connection = await asyncpg.connect(self.platform.database_url(service).replace("+asyncpg", ""))
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()

    async def plant_holder(self) -> None:
        """Somebody of the secretariat with an account, who signs in, also on the pages and also in vain."""
        name, mail = self.planted["holder_name"], f"{self.planted['holder_email']}@demo.example"
        body = {"person": {"name": f"Őle {name}", "email": mail, "language": "en"}, "role": "secretariat"}
        mandates = f"/v1/networks/{self.demo.network_id}/mandates"
        granted = await self.post(mandates, body)
        self.people["holder"] = granted["person_id"]
        self.subject = await self._account(mail, name)
        assert (await self._token(mail, WRONG_PASSWORD)).status_code == 400
        token = checked(await self._token(mail, PASSWORD))["access_token"]
        await self.post("/v1/mandate-links", {"link": granted["link"]}, {"Authorization": f"Bearer {token}"})
        assert name in await asyncio.to_thread(self._office, mail)
        refused = {"person": {"name": name, "email": mail, "language": "nowhere"}, "role": "secretariat"}
        assert (await self.http.post(mandates, json=refused, headers=self.demo.secretariat)).status_code == 422
        with contextlib.suppress(asyncpg.NotNullViolationError):
            # PostgreSQL quotes a row that it refuses.
            await self.rows("membership", "INSERT INTO person (id, name, email) VALUES (NULL, $1, $2)", name, mail)

    async def plant_signatory(self, mails: SmtpSink) -> None:
        """The contact is invited by mail, and a signatory commits; both are also named where it is a mistake."""
        campaign, network = self.demo.campaign_id, self.demo.network_id
        await self.post(f"/v1/campaigns/{campaign}/invitations", {"wave": "everyone", "all": True})
        contact = f"{self.planted['contact_email']}@demo.example"

        async def link() -> str | None:
            return answer_links(mails.messages).get(contact)

        body = {
            "signatory_name": f"Ñusta {self.planted['signatory_name']}",
            "signatory_office": f"Alcaldesa {self.planted['signatory_office']}",
            "signed_on": utc_now().date().isoformat(),
            "themes": list(THEMES[:3]),
        }
        link_token = {"Authorization": f"Link {await until(link, 'no invitation was mailed')}"}
        await self._record_letter(body, link_token)
        again = await self.http.post("/v1/answer/commitment", json=body, headers=link_token)
        faulty = register(self.planted).replace("@", " at ").encode()
        imports = f"/v1/networks/{network}/local-government-imports?dry_run=false"
        headers = {**self.demo.secretariat, "Content-Type": "text/csv"}
        imported = await self.http.post(imports, content=faulty, headers=headers)
        assert (again.status_code, imported.status_code) == (409, 422)
        search = {"q": self.planted["former_name"]}
        checked(await self.http.get(f"/v1/networks/{network}/local-governments", params=search, headers=headers))
        path = f"/v1/campaigns/{campaign}/invitations"
        (item,) = checked(await self.http.get(path, headers=self.demo.secretariat))["items"]
        self.people |= {"contact": item["contact_id"], "signatory": item["signatory_id"]}

        async def thanked() -> bool:
            return sum(contact in to for _, to, _ in mails.messages) == 2

        await until(thanked, "no thank-you was mailed")

    async def _record_letter(self, body: dict[str, Any], link_token: dict[str, str]) -> None:
        """The letter's photo is sent by the link, and the secretariat records what it says."""
        proof_id = await self._send_letter("letter", link_token)
        answer = checked(await self.http.get("/v1/answer", headers=link_token))
        recorded = f"/v1/invitations/{answer['invitation_id']}/commitment"
        headers = {**self.demo.secretariat, "Idempotency-Key": answer["invitation_id"]}
        await self.post(recorded, {**body, "proof_id": proof_id}, headers)

    async def _send_letter(self, planted: str, link_token: dict[str, str]) -> str:
        """Returns the proof's id of a photo that shows the planted value."""
        photo = b"\xff\xd8\xff\xe0" + self.planted[planted].encode()
        tus = {**link_token, "Tus-Resumable": "1.0.0"}
        begun = await self.http.post("/v1/answer/proofs", headers={**tus, "Upload-Length": str(len(photo))})
        place = begun.raise_for_status().headers["location"]
        piece = {**tus, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        (await self.http.patch(place, content=photo, headers=piece)).raise_for_status()
        return str(place.rpartition("/")[2])

    async def plant_form(self) -> None:
        """In another campaign the contact's office has saved a form that names somebody, and nobody has answered."""
        link_token = await self._asked_again()
        saved = {"signatory_name": f"Œuvre {self.planted['form_name']}"}
        checked(await self.http.put("/v1/answer/draft", json=saved, headers=link_token))

    async def plant_others(self) -> None:
        """Where the contact's office answered for a fourth campaign, people are named who are nobody's contact."""
        link_token = await self._asked_again()
        answer = checked(await self.http.get("/v1/answer", headers=link_token))
        self.others = answer["invitation_id"]
        await self._send_letter("nobodys_letter", link_token)
        saved = {"signatory_name": self.planted["nobodys_name"], "signatory_office": self.planted["former_name"]}
        checked(await self.http.put("/v1/answer/draft", json=saved, headers=link_token))
        await self.post("/v1/answer/decline", {"reason": f"{self.planted['nobodys_name']} is ill"}, link_token)
        named = {"signatory_name": f"Sra. {self.planted['former_name']}"}
        checked(await self.http.put("/v1/answer/draft", json=named, headers=await self._asked_again()))
        reason = {"reason": f"Ask {self.planted['former_name']}"}
        await self.post("/v1/answer/decline", reason, await self._asked_again())

    async def correct_name(self) -> None:
        """The contact's name was not right, and the secretariat corrects it."""
        network = f"/v1/networks/{self.demo.network_id}/local-governments"
        (place,) = checked(await self.http.get(network, headers=self.demo.secretariat))["items"]
        name, mail = f"Añé {self.planted['contact_name']}", f"{self.planted['contact_email']}@demo.example"
        corrected = {"name": name, "email": mail, "language": "es"}
        await self.post(f"/v1/local-governments/{place['local_government_id']}/contact", corrected)

    async def plant_reason(self) -> None:
        """In a third campaign the contact's office says "not this time", and why."""
        await self.post("/v1/answer/decline", {"reason": f"Ask {self.planted['reason']}"}, await self._asked_again())

    async def _asked_again(self) -> dict[str, str]:
        """Invites to one campaign more; returns the headers of the link."""
        campaign = letter.campaign(utc_now().date())
        opened = await self.post(f"/v1/networks/{self.demo.network_id}/campaigns", campaign)
        path = f"/v1/campaigns/{opened['campaign_id']}/invitations"
        await self.post(path, {"wave": "everyone", "all": True})
        (item,) = checked(await self.http.get(path, headers=self.demo.secretariat))["items"]
        keys = LinkKeys.model_validate_json(self.platform.instance.secrets["answer_link_keys"])
        return {"Authorization": f"Link {sign(keys, 'answer', UUID(item['invitation_id']), 1)}"}

    async def account_status(self) -> int:
        """Returns the status of Keycloak's answer to who the holder's account is."""
        return (await self.http.get(f"{self._accounts}/{self.subject}", headers=await self._admin())).status_code

    @property
    def _accounts(self) -> str:
        return f"{self.platform.keycloak_url}/admin/realms/polity/users"

    async def _account(self, mail: str, name: str) -> str:
        account = {
            "username": mail, "email": mail, "firstName": "Őle", "lastName": name, "enabled": True,
            "emailVerified": True, "credentials": [{"type": "password", "value": PASSWORD}],
        }  # fmt: skip
        made = await self.http.post(self._accounts, json=account, headers=await self._admin())
        assert made.status_code == 201
        return made.headers["location"].rpartition("/")[2]

    async def _admin(self) -> dict[str, str]:
        secret = self.platform.instance.secrets["keycloak_admin"]
        form = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": secret}
        url = f"{self.platform.keycloak_url}/realms/master/protocol/openid-connect/token"
        return {"Authorization": f"Bearer {checked(await self.http.post(url, data=form))['access_token']}"}

    async def _token(self, user: str, password: str) -> httpx.Response:
        form = {"grant_type": "password", "client_id": "polity-test", "username": user, "password": password}
        return await self.http.post(f"{self.platform.issuer}/protocol/openid-connect/token", data=form)

    def _office(self, user: str) -> str:
        """Returns the page that the person sees after signing in as people do."""
        with httpx.Client(base_url=self.platform.url, timeout=30) as pages:
            to_realm = pages.get("/en/sign-in").headers["location"]
            form = pages.get(to_realm)
            action = form.text.split('action="', 1)[1].split('"', 1)[0].replace("&amp;", "&")
            # Browsers send Secure cookies to http://localhost too; httpx does not.
            cookies = "; ".join(cookie.split(";", 1)[0] for cookie in form.headers.get_list("set-cookie"))
            credentials = {"username": user, "password": PASSWORD}
            back = httpx.post(action, data=credentials, headers={"Cookie": cookies}, timeout=30)
            return pages.get(pages.get(back.headers["location"]).headers["location"]).text
