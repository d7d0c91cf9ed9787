"""The same request twice is one effect and one answer, also when both come at the same instant."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from polity_chassis.authorization.access import LINK, PUBLIC, SIGNED_IN, access
from polity_chassis.authorization.links import VerifiedLink
from polity_chassis.database.engine import Database
from polity_chassis.database.tables import idempotency_key
from polity_chassis.web.dependencies import DatabaseDep
from polity_chassis.web.idempotency import IdempotencyDep, Ids, forget_old, once
from pydantic import BaseModel
from sqlalchemy import func, select, text, update
from sqlmodel.ext.asyncio.session import AsyncSession

router = APIRouter(prefix="/v1")


class Thing(BaseModel):
    name: str
    fail: bool = False


class Failed(Exception):
    slug = "failed"
    category = "conflict"


async def make(database: Database, key: Any, thing: Thing, seconds: float = 0) -> JSONResponse:
    async with database.transaction() as session:

        async def action() -> Ids:
            connection = await session.connection()
            await connection.execute(text("INSERT INTO thing VALUES (:id, :name)"), {"id": uuid4(), "name": thing.name})
            await connection.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": seconds})
            if thing.fail:
                raise Failed
            return {"thing_id": str(uuid4())}

        ids = await once(session, key, action)
    return JSONResponse(ids, 201)


@router.post("/things/{place}", **access(SIGNED_IN))
async def post(thing: Thing, key: IdempotencyDep, database: DatabaseDep, x: int | None = None) -> JSONResponse:
    return await make(database, key, thing)


@router.post("/slow", **access(SIGNED_IN))
async def slow(thing: Thing, key: IdempotencyDep, database: DatabaseDep) -> JSONResponse:
    return await make(database, key, thing, 0.3)


@router.post("/answer", **access(LINK))
async def answer(thing: Thing, key: IdempotencyDep, database: DatabaseDep) -> JSONResponse:
    return await make(database, key, thing)


@router.post("/open", **access(PUBLIC))
async def open_to_all(thing: Thing, key: IdempotencyDep, database: DatabaseDep) -> JSONResponse:
    return await make(database, key, thing)


@pytest.fixture
async def client(make_app: Callable[..., FastAPI], client_for: Any, chassis_database: Database) -> httpx.AsyncClient:
    async with chassis_database.engine.begin() as connection:
        await connection.execute(text("CREATE TABLE IF NOT EXISTS thing (id uuid PRIMARY KEY, name text)"))
    client: httpx.AsyncClient = client_for(make_app(router, verify_link=lambda token: VerifiedLink(UUID(token), 0)))
    return client


@pytest.fixture
def headers(realm: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {realm.token(str(uuid4()))}", "Idempotency-Key": uuid4().hex}


async def effects(database: Database, name: str) -> int:
    async with database.engine.connect() as connection:
        count = await connection.execute(text("SELECT count(*) FROM thing WHERE name = :name"), {"name": name})
        return int(count.scalar_one())


async def test_a_repetition_gets_the_same_answer_and_no_second_effect(
    client: httpx.AsyncClient, headers: dict[str, str], chassis_database: Database
) -> None:
    name = uuid4().hex
    answers = [await client.post("/v1/things/a", json={"name": name}, headers=headers) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert await effects(chassis_database, name) == 1


async def test_twenty_at_the_same_instant_are_one(
    client: httpx.AsyncClient, headers: dict[str, str], chassis_database: Database
) -> None:
    name = uuid4().hex
    answers = await asyncio.gather(*(client.post("/v1/slow", json={"name": name}, headers=headers) for _ in range(20)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(201, answers[0].text)}
    assert await effects(chassis_database, name) == 1


@pytest.mark.parametrize("path", ["/v1/things/a", "/v1/things/b", "/v1/things/a?x=1"])
async def test_another_request_under_the_same_key_is_refused(
    client: httpx.AsyncClient, headers: dict[str, str], path: str
) -> None:
    await client.post("/v1/things/a", json={"name": "first"}, headers=headers)
    answer = await client.post(path, json={"name": "second" if path.endswith("/a") else "first"}, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:polity:problem:idempotency_key_reused")


async def test_a_failed_request_leaves_its_key_free(
    client: httpx.AsyncClient, headers: dict[str, str], chassis_database: Database
) -> None:
    name = uuid4().hex
    failed = await client.post("/v1/things/a", json={"name": name, "fail": True}, headers=headers)
    assert failed.status_code == 409
    assert (await client.post("/v1/things/a", json={"name": name}, headers=headers)).status_code == 201
    assert await effects(chassis_database, name) == 1


async def test_keys_of_two_callers_and_two_routes_never_meet(
    client: httpx.AsyncClient, headers: dict[str, str], realm: Any, chassis_database: Database
) -> None:
    name = uuid4().hex
    other = headers | {"Authorization": f"Bearer {realm.token(str(uuid4()))}"}
    for path, sent in (("/v1/things/a", headers), ("/v1/things/a", other), ("/v1/slow", headers)):
        assert (await client.post(path, json={"name": name}, headers=sent)).status_code == 201
    assert await effects(chassis_database, name) == 3


async def test_a_links_caller_is_its_id_and_no_token_is_kept(
    client: httpx.AsyncClient, chassis_database: Database
) -> None:
    link, name = uuid4(), uuid4().hex
    headers = {"Authorization": f"Link {link}", "Idempotency-Key": uuid4().hex}
    for _ in range(2):
        assert (await client.post("/v1/answer", json={"name": name}, headers=headers)).status_code == 201
    assert await effects(chassis_database, name) == 1
    async with chassis_database.engine.connect() as connection:
        kept = await connection.execute(
            select(idempotency_key).where(idempotency_key.c.key == headers["Idempotency-Key"])
        )
        row = kept.one()
    assert (row.caller, row.route, row.status) == (f"link:{link}", "POST /v1/answer", 201)
    assert name not in str(row)


async def test_without_a_key_or_a_caller_nothing_is_kept(
    client: httpx.AsyncClient, headers: dict[str, str], chassis_database: Database
) -> None:
    name = uuid4().hex
    keyless = {"Authorization": headers["Authorization"]}
    nameless = {"Idempotency-Key": headers["Idempotency-Key"]}
    for path, sent in (("/v1/things/a", keyless), ("/v1/open", nameless)):
        for _ in range(2):
            assert (await client.post(path, json={"name": name}, headers=sent)).status_code == 201
    assert await effects(chassis_database, name) == 4


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "ü"])
async def test_a_key_that_is_none_is_refused(client: httpx.AsyncClient, headers: dict[str, str], key: str) -> None:
    sent = {"Authorization": headers["Authorization"], "Idempotency-Key": key.encode("latin-1")}
    answer = await client.post("/v1/things/a", json={"name": "a"}, headers=sent)  # type: ignore[arg-type]
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


async def test_keys_are_forgotten_after_seven_days(
    client: httpx.AsyncClient, headers: dict[str, str], chassis_database: Database
) -> None:
    name = uuid4().hex

    async def age(days: float) -> None:
        mine = idempotency_key.c.key == headers["Idempotency-Key"]
        async with chassis_database.engine.begin() as connection:
            when = func.now() - func.make_interval(0, 0, 0, 0, int(days * 24))
            await connection.execute(update(idempotency_key).where(mine).values(created_at=when))

    first = await client.post("/v1/things/a", json={"name": name}, headers=headers)
    await age(6.9)
    assert (await client.post("/v1/things/a", json={"name": name}, headers=headers)).text == first.text
    await age(7.1)
    assert (await client.post("/v1/things/a", json={"name": name}, headers=headers)).text != first.text
    assert await effects(chassis_database, name) == 2
    await age(7.1)
    async with chassis_database.transaction() as session:
        assert await forget_old(session) >= 1
    await age(0)
    async with chassis_database.transaction() as session:
        assert isinstance(session, AsyncSession)
        assert await forget_old(session) == 0
