"""Whatever somebody holds, whoever waits for it hears to come again, and everybody else goes on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from polity_chassis.database import engine as chassis_database
from polity_chassis.database.engine import Database
from polity_chassis.database.urls import driver_url
from sqlalchemy import text

MANY = 10
"""As many as a process has connections."""
LETTER = b"\xff\xd8\xff\xe0 a letter signed by hand"
TUS = {"Tus-Resumable": "1.0.0"}
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

Send = Callable[[], Awaitable[Any]]


class Wanted(NamedTuple):
    """Rows of a table that somebody may hold, and what sends each of the requests which want them."""

    table: str
    ids: Sequence[str]
    sends: Sequence[Send]


Kind = Callable[[Any], Awaitable[Wanted]]
"""Prepares requests of one kind in the network."""


def posts(net: Any, paths: Sequence[str], *bodies: Any) -> list[Send]:
    """Returns what posts to each of the paths, always with the same key; one body may be for all of them."""
    chosen = bodies if len(bodies) == len(paths) else (bodies or (None,)) * len(paths)
    return [partial(net.post, path, body, key=str(uuid4())) for path, body in zip(paths, chosen, strict=True)]


async def ids_of(net: Any, table: str) -> list[str]:
    rows = await net.world.rows(f"SELECT id FROM {table} WHERE network_id = :id", id=UUID(net.id))
    return [str(row["id"]) for row in rows]


async def deciding(net: Any, decision: str, *, counts_at_once: bool, **body: Any) -> Wanted:
    campaign_id, links = await net.invited(MANY, counts_at_once=counts_at_once)
    made = [(await net.commit(link))["commitment_id"] for link in links]
    return Wanted("campaign", [campaign_id], posts(net, [f"/v1/commitments/{id_}/{decision}" for id_ in made], body))


async def confirming(net: Any) -> Wanted:
    return await deciding(net, "confirmation", counts_at_once=False)


async def returning(net: Any) -> Wanted:
    return await deciding(net, "return", counts_at_once=False, reason="Who is that?")


async def withdrawing(net: Any) -> Wanted:
    return await deciding(net, "withdrawal", counts_at_once=True)


async def inviting(net: Any) -> Wanted:
    await net.register(1)
    campaign_id = await net.campaign()
    paths = [f"/v1/campaigns/{campaign_id}/invitations"] * MANY
    return Wanted("campaign", [campaign_id], posts(net, paths, {"wave": "first", "all": True}))


async def announcing(net: Any) -> Wanted:
    campaign_id, (link,) = await net.invited(1, 1)
    await net.commit(link)
    paths = [f"/v1/campaigns/{campaign_id}/milestones/1/announcement"] * MANY
    return Wanted("campaign", [campaign_id], posts(net, paths))


async def recording_paper(net: Any) -> Wanted:
    campaign_id, _ = await net.invited(MANY)
    paths, bodies = [], []
    for invitation in await ids_of(net, "invitation"):
        place = await begun(net, f"/v1/invitations/{invitation}/proofs", as_=net.secretariat)
        await piece(net, place, as_=net.secretariat)
        paths.append(f"/v1/invitations/{invitation}/commitment")
        bodies.append({
            "signatory_name": "Signatory", "signatory_office": "Mayor", "signed_on": "2026-01-31",
            "themes": ["water", "housing", "peace"], "proof_id": place.rpartition("/")[2],
        })  # fmt: skip
    return Wanted("campaign", [campaign_id], posts(net, paths, *bodies))


async def joining(net: Any) -> Wanted:
    await net.register(MANY)
    bodies = [{"local_government_id": place, "office": "member"} for place in await ids_of(net, "local_government")]
    return Wanted("network", [net.id], posts(net, [f"/v1/networks/{net.id}/members"] * MANY, *bodies))


async def importing(net: Any) -> Wanted:
    heading = b"name,country,latitude,longitude,time_zone,language,contact_name,contact_email"
    file = heading + b"\nOnly,ES,41.4,2.2,Europe/Madrid,,,\n"
    return Wanted("network", [net.id], [partial(net.do_import, file, key=str(uuid4())) for _ in range(MANY)])


async def extending(net: Any) -> Wanted:
    return await of_invitations(
        net, "extension", {"reply_by": {"at": "2200-01-01T00:00:00Z", "time_zone": "Europe/Madrid"}}
    )


async def revoking(net: Any) -> Wanted:
    return await of_invitations(net, "revocation", None)


async def of_invitations(net: Any, path: str, body: Any) -> Wanted:
    await net.invited(MANY)
    ids = await ids_of(net, "invitation")
    return Wanted("invitation", ids, posts(net, [f"/v1/invitations/{id_}/{path}" for id_ in ids], body))


async def saying_interest(net: Any) -> Wanted:
    return await by_links(net, "POST", "/v1/answer/interest", None)


async def declining(net: Any) -> Wanted:
    return await by_links(net, "POST", "/v1/answer/decline", {"reason": "Not now"})


async def saving_forms(net: Any) -> Wanted:
    return await by_links(net, "PUT", "/v1/answer/draft", {"signatory_name": "Signatory"})


async def beginning_proofs(net: Any) -> Wanted:
    return await by_links(net, "POST", "/v1/answer/proofs", None, **TUS, **{"Upload-Length": str(len(LETTER))})


async def by_links(net: Any, method: str, path: str, body: Any, **headers: str) -> Wanted:
    _, links = await net.invited(MANY)
    sends = [partial(net.world.call, method, path, body, link=link, key=str(uuid4()), **headers) for link in links]
    return Wanted("invitation", await ids_of(net, "invitation"), sends)


async def begun(net: Any, path: str, **caller: Any) -> str:
    answer = await net.world.call("POST", path, **caller, **TUS, **{"Upload-Length": str(len(LETTER))})
    return str(answer.headers["location"])


async def piece(net: Any, place: str, **caller: Any) -> Any:
    headers = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    return await net.world.call("PATCH", place, LETTER, **caller, **headers)


async def sending_pieces(net: Any) -> Wanted:
    _, links = await net.invited(MANY)
    places = {link: await begun(net, "/v1/answer/proofs", link=link) for link in links}
    proofs = [place.rpartition("/")[2] for place in places.values()]
    return Wanted("proof", proofs, [partial(piece, net, place, link=link) for link, place in places.items()])


async def correcting_contacts(net: Any) -> Wanted:
    await net.register(MANY)
    ids = await ids_of(net, "local_government")
    body = {"name": "Ana Nueva", "email": "ana@city.example", "language": "fr"}
    return Wanted("local_government", ids, posts(net, [f"/v1/local-governments/{id_}/contact" for id_ in ids], body))


async def mandates(net: Any) -> list[Any]:
    body = {"person": {"name": "Sara", "email": "sara@example.org", "language": "en"}, "role": "secretariat"}
    return [await net.post(f"/v1/networks/{net.id}/mandates", body, expect=201) for _ in range(MANY)]


async def erasing(net: Any) -> Wanted:
    people = [granted["person_id"] for granted in await mandates(net)]
    return Wanted("person", people, posts(net, [f"/v1/people/{person}/erasure" for person in people]))


async def ending_mandates(net: Any) -> Wanted:
    ids = [granted["mandate_id"] for granted in await mandates(net)]
    return Wanted("mandate", ids, posts(net, [f"/v1/mandates/{id_}/end" for id_ in ids]))


async def accepting_mandates(net: Any) -> Wanted:
    made = await mandates(net)
    bodies = [{"link": granted["link"]} for granted in made]
    return Wanted("mandate", [one["mandate_id"] for one in made], posts(net, ["/v1/mandate-links"] * MANY, *bodies))


async def repeating_one_key(net: Any) -> Wanted:
    """One does what its key is for and waits; the others wait for the key."""
    wanted = await inviting(net)
    return wanted._replace(sends=[wanted.sends[0]] * MANY)


KINDS: Sequence[Kind] = (
    confirming, returning, withdrawing, inviting, announcing, recording_paper, joining, importing, extending, revoking,
    saying_interest, declining, saving_forms, beginning_proofs, sending_pieces, correcting_contacts, erasing,
    ending_mandates, accepting_mandates, repeating_one_key,
)  # fmt: skip


@pytest_asyncio.fixture
async def hurried(world: Any, net: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """The network in a process of the service that waits for locks a fifth of the time."""
    monkeypatch.setattr(chassis_database, "LOCK_MILLISECONDS", chassis_database.LOCK_MILLISECONDS // 5)
    database = Database(world.database.url, application_name="hurried")
    other = type(world)(database, world.files_url)
    yield type(net)(other, net.id, net.secretariat)
    await other.client.aclose()
    await database.close()


@asynccontextmanager
async def held(database: Database, wanted: Wanted) -> AsyncIterator[None]:
    """Somebody else holds the rows."""
    connection = await asyncpg.connect(driver_url(database.url))
    try:
        async with connection.transaction():
            hold = f"SELECT FROM {wanted.table} WHERE id = ANY($1::text[]::uuid[]) FOR UPDATE"
            assert await connection.execute(hold, wanted.ids) == f"SELECT {len(wanted.ids)}"
            yield
    finally:
        await connection.close()


async def until_waiting(database: Database, many: int) -> None:
    async with asyncio.timeout(20):
        while True:
            async with database.watch() as connection:
                if await connection.scalar(text(WAITING)) >= many:
                    return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("kind", KINDS)
async def test_ten_that_wait_hear_to_come_again_and_another_city_goes_on(hurried: Any, kind: Kind) -> None:
    world = hurried.world
    other = await world.network()
    _, (reader, answering) = await other.invited(2)
    wanted = await kind(hurried)
    async with held(world.database, wanted):
        waiting = [asyncio.ensure_future(send()) for send in wanted.sends]
        await until_waiting(world.database, 1)
        async with asyncio.timeout(20):
            await world.call("GET", "/v1/answer", link=reader, expect=200)
            assert (await other.commit(answering))["ordinal"] == 1
            assert (await world.call("GET", "/health/ready")).status_code == 200
            assert "polity_database_up 1" in (await world.call("GET", "/metrics")).text
        refused = await asyncio.gather(*waiting)
    assert [(answer.status_code, answer.headers.get("Retry-After")) for answer in refused] == [(503, "2")] * MANY
    assert {answer.json()["type"] for answer in refused} == {"urn:polity:problem:unavailable"}
    again = [await send() for send in wanted.sends]
    assert {answer.status_code // 100 for answer in again} == {2}, [answer.text for answer in again]


async def test_a_steady_stream_of_those_who_wait_leaves_the_pages_to_the_others(world: Any, net: Any) -> None:
    other = await world.network()
    _, (reader,) = await other.invited(1)
    wanted = await confirming(net)
    streaming = True

    async def insist(send: Send) -> set[int]:
        heard = set()
        while streaming:
            heard.add((await send()).status_code)
        return heard

    async with held(world.database, wanted):
        insisting = [asyncio.create_task(insist(send)) for send in [*wanted.sends] * 3]
        await until_waiting(world.database, 5)
        for _ in range(20):
            async with asyncio.timeout(20):
                await world.call("GET", "/v1/answer", link=reader, expect=200)
        streaming = False
        assert await asyncio.gather(*insisting) == [{503}] * len(insisting)
    assert {(await send()).status_code for send in wanted.sends} == {200}
