"""A list is walked page by page: each row once, whatever is added meanwhile."""

import contextlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request, Response
from hypothesis import given
from hypothesis import strategies as st
from polity_chassis.authorization.access import PUBLIC, access
from polity_chassis.database.engine import Database
from polity_chassis.web.dependencies import DatabaseDep
from polity_chassis.web.pagination import Page, PageDep, cut, decode, encode, keyset, link_next
from polity_chassis.web.problems import Problem
from sqlalchemy import Column, DateTime, MetaData, Table, Text, Uuid, delete, insert, select

metadata = MetaData()
rows = Table(
    "page_row",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
router = APIRouter(prefix="/v1")


@router.get("/rows", **access(PUBLIC))
async def by_name(
    request: Request, response: Response, database: DatabaseDep, page: PageDep, q: str = ""
) -> Page[dict[str, str]]:
    statement = select(rows.c.id, rows.c.name).where(rows.c.name.contains(q))
    async with database.engine.connect() as connection:
        found = (await connection.execute(keyset(statement, (rows.c.name, rows.c.id), page))).all()
    kept, cursor = cut(found, page, lambda row: (row.name, row.id))
    link_next(request, response, cursor)
    return Page(items=[{"id": str(row.id), "name": row.name} for row in kept], next=cursor)


@router.get("/by-time", **access(PUBLIC))
async def by_time(database: DatabaseDep, page: PageDep) -> Page[str]:
    statement = select(rows.c.id, rows.c.at)
    async with database.engine.connect() as connection:
        found = (await connection.execute(keyset(statement, (rows.c.at, rows.c.id), page))).all()
    kept, cursor = cut(found, page, lambda row: (row.at, row.id))
    return Page(items=[str(row.id) for row in kept], next=cursor)


@pytest.fixture
async def client(make_app: Callable[..., FastAPI], client_for: Any, chassis_database: Database) -> httpx.AsyncClient:
    async with chassis_database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.execute(delete(rows))
    client: httpx.AsyncClient = client_for(make_app(router))
    return client


async def add(database: Database, names: list[str]) -> set[str]:
    start = datetime(2022, 1, 1, tzinfo=UTC)
    made = [{"id": uuid4(), "name": name, "at": start + timedelta(microseconds=n // 3)} for n, name in enumerate(names)]
    async with database.engine.begin() as connection:
        await connection.execute(insert(rows), made)
    return {str(row["id"]) for row in made}


@pytest.mark.parametrize("path", ["/v1/rows", "/v1/by-time"])
async def test_every_row_comes_once_also_with_equal_keys(
    client: httpx.AsyncClient, chassis_database: Database, path: str
) -> None:
    expected = await add(chassis_database, [f"Gwangju {n % 5}" for n in range(53)])
    seen: list[str] = []
    cursor: str | None = None
    pages = 0
    while pages == 0 or cursor:
        page = (await client.get(path, params={"limit": 10} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [item["id"] if isinstance(item, dict) else item for item in page["items"]]
        cursor = page["next"]
        pages += 1
    assert (len(seen), set(seen), pages) == (53, expected, 6)


async def test_rows_added_before_the_cursor_do_not_shift_it(
    client: httpx.AsyncClient, chassis_database: Database
) -> None:
    await add(chassis_database, ["m", "n", "o", "p"])
    first = (await client.get("/v1/rows?limit=2")).json()
    await add(chassis_database, ["a", "b", "c"])
    second = (await client.get("/v1/rows", params={"limit": 2, "cursor": first["next"]})).json()
    assert [item["name"] for item in first["items"] + second["items"]] == ["m", "n", "o", "p"]
    assert second["next"] is None


async def test_the_link_header_leads_to_the_next_page_with_the_same_filter(
    client: httpx.AsyncClient, chassis_database: Database
) -> None:
    await add(chassis_database, ["Gwangju & Seoul", "Gwangju & Jeju", "Vienna"])
    first = await client.get("/v1/rows", params={"limit": 1, "q": "wangju &"})
    target = first.links["next"]["url"]
    assert target.startswith("?")
    second = await client.get(httpx.URL("http://service/v1/rows").join(target))
    assert [item["name"] for item in second.json()["items"]] == ["Gwangju & Seoul"]
    assert "next" not in second.links


@pytest.mark.parametrize("limit", ["0", "201", "-1", "many"])
async def test_a_limit_is_between_1_and_200(client: httpx.AsyncClient, limit: str) -> None:
    answer = await client.get("/v1/rows", params={"limit": limit})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "limit"


FORGED = [
    "words",
    "é",
    "AAAA",
    encode(("only one",)),
    encode(("a", "no-uuid")),
    encode((5, uuid4())),
    encode((2**70, uuid4())),
    encode(("a", uuid4(), "more")),
    encode(("a\0", uuid4())),
    "W1siaSIsMV1d" * 60,
]


@pytest.mark.parametrize("cursor", FORGED, ids=range(len(FORGED)))
async def test_a_cursor_that_is_not_ours_is_refused(client: httpx.AsyncClient, cursor: str) -> None:
    answer = await client.get("/v1/rows", params={"cursor": cursor})
    assert answer.status_code == 422


KEYS = st.lists(
    st.text() | st.uuids() | st.integers(-(2**63), 2**63 - 1) | st.dates() | st.datetimes(timezones=st.just(UTC)),
    min_size=1,
    max_size=3,
)


@given(KEYS)
def test_a_cursor_keeps_values_and_types(values: list[Any]) -> None:
    read = decode(encode(values))
    assert list(read) == values
    assert [type(value) for value in read] == [type(value) for value in values]


@given(st.text() | st.binary().map(bytes.hex))
def test_no_cursor_breaks_the_reader(text: str) -> None:
    with contextlib.suppress(Problem):
        assert isinstance(decode(text), tuple)


def test_kinds_of_key() -> None:
    key = (date(2022, 9, 15), UUID(int=1))
    assert decode(encode(key)) == key
