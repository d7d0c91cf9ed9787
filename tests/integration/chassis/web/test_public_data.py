"""What anyone may read answers HEAD and OPTIONS, to pages of any origin and with an ETag, its refusals included."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Query, Response
from polity_chassis.authorization.access import OPERATOR, PUBLIC, SIGNED_IN, access
from polity_chassis.web.pagination import Page, PageDep
from polity_chassis.web.problems import Problem
from pydantic import BaseModel

router = APIRouter(prefix="/v1")
ITEMS = [{"name": "Évora"}, {"name": "서울"}]


class Item(BaseModel):
    name: str


@router.get("/items", **access(PUBLIC))
async def items(page: PageDep, response: Response, q: Annotated[str | None, Query(max_length=9)] = None) -> Page[Item]:
    response.headers["Link"] = '<?cursor=x>; rel="next"'
    return Page(items=[Item(**each) for each in ITEMS if not q or q in each["name"]])


@router.post("/items", **access(SIGNED_IN))
async def add_item(item: Item) -> Item:
    return item


@router.get("/items/{item_id}", **access(PUBLIC))
async def item(item_id: UUID) -> Item:
    raise Problem("not_found", "not_found")


@router.delete("/items/{item_id}", **access(OPERATOR))
async def remove(item_id: UUID) -> None:
    """Removes it."""


@router.get("/broken", **access(PUBLIC))
async def broken() -> None:
    raise RuntimeError


@router.get("/tagged", **access(PUBLIC))
async def tagged() -> Response:
    return Response("own", headers={"ETag": '"7"', "Cache-Control": "public, max-age=5"})


@router.get("/mine", **access(SIGNED_IN))
async def mine() -> Item:
    return Item(name="mine")


@pytest.fixture
def client(make_app: Callable[..., FastAPI], client_for: Any) -> httpx.AsyncClient:
    client: httpx.AsyncClient = client_for(make_app(router))
    return client


ONE = "/v1/items/0197a000-0000-7000-8000-000000000001"
OPEN = [
    "/v1/items",
    "/v1/items?q=x",
    "/v1/items?limit=0",
    "/v1/items?w=1",
    ONE,
    "/v1/items/x",
    "/v1/broken",
    "/v1/tagged",
]


@pytest.mark.parametrize("path", OPEN)
async def test_head_is_answered_as_get_without_a_body(client: httpx.AsyncClient, path: str) -> None:
    got, head = await client.get(path), await client.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    changing = {"content-length"} if got.is_error else set()
    assert {n: v for n, v in head.headers.items() if n not in changing} == {
        n: v for n, v in got.headers.items() if n not in changing
    }


@pytest.mark.parametrize("path", OPEN)
async def test_a_page_of_any_origin_reads_it_its_refusals_too(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"Origin": "https://map.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert {"ETag", "Link"} <= set(answer.headers["Access-Control-Expose-Headers"].split(", "))
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("path", OPEN)
async def test_a_browser_that_asks_first_is_told_so(client: httpx.AsyncClient, path: str) -> None:
    asked = {"Origin": "https://map.example", "Access-Control-Request-Method": "GET"}
    answer = await client.options(path, headers={**asked, "Access-Control-Request-Headers": "if-none-match"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert answer.headers["Access-Control-Allow-Headers"] == "*"


async def test_what_is_not_for_everybody_is_read_by_no_page_of_another_origin(
    client: httpx.AsyncClient, realm: Any
) -> None:
    headers = {"Origin": "https://map.example", "Authorization": f"Bearer {realm.token('ana')}"}
    for answer in (
        await client.get("/v1/mine", headers=headers),
        await client.post("/v1/items", json={"name": "x"}, headers=headers),
        await client.get("/v1/mine"),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert (await client.options("/v1/mine", headers=headers)).status_code == 405
    assert (await client.head("/v1/mine", headers=headers)).status_code == 405


async def test_what_is_held_already_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/v1/items")
    etag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "public, no-cache"
    for held in (etag, etag.removeprefix("W/"), f'"other", {etag}', "*"):
        again = await client.get("/v1/items", headers={"If-None-Match": held})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
        assert "Content-Type" not in again.headers
    for held in ('"other"', etag[:-2] + 'x"'):
        assert (await client.get("/v1/items", headers={"If-None-Match": held})).status_code == 200
    assert (await client.head("/v1/items", headers={"If-None-Match": etag})).status_code == 304
    other = await client.get("/v1/items", params={"q": "서"})
    assert other.headers["ETag"] != etag


async def test_an_answer_keeps_the_etag_that_it_has_and_a_refusal_gets_none(client: httpx.AsyncClient) -> None:
    own = await client.get("/v1/tagged")
    assert (own.headers["ETag"], own.headers["Cache-Control"]) == ('"7"', "public, max-age=5")
    assert "ETag" not in (await client.get(ONE)).headers


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/v1/items", "GET, HEAD, OPTIONS, POST"),
        ("POST", ONE, "DELETE, GET, HEAD, OPTIONS"),
        ("PATCH", "/v1/mine", "GET"),
        ("DELETE", "/v1/tagged", "GET, HEAD, OPTIONS"),
    ],
)
async def test_a_method_that_is_not_taken_is_told_all_that_are(
    client: httpx.AsyncClient, method: str, path: str, allow: str
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allow)
    assert (await client.options("/v1/items")).headers["Allow"] == "GET, HEAD, OPTIONS, POST"


async def test_a_parameter_that_is_not_there_is_refused_by_its_name(client: httpx.AsyncClient, realm: Any) -> None:
    answer = await client.get("/v1/items", params={"Q": "x", "limit": 5, "Ana.Planted@example.org": 1})
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "urn:polity:problem:invalid_request")
    assert sorted((e["field"], e["reason"]) for e in problem["errors"]) == [
        ("*", "unknown_parameter"), ("Q", "unknown_parameter"),
    ]  # fmt: skip
    assert problem["errors"][0]["message"] == "There is no such parameter here."
    # Who may not call is told nothing of how it is called.
    assert (await client.get("/v1/mine?x=1")).status_code == 401
    signed_in = {"Authorization": f"Bearer {realm.token('ana')}"}
    assert (await client.get("/v1/mine?x=1", headers=signed_in)).status_code == 422


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/merge-patch+json", 200),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        (None, 415),
    ],
)
async def test_a_body_of_another_type_is_refused_as_such(
    client: httpx.AsyncClient, realm: Any, content_type: str | None, status: int
) -> None:
    headers = {"Authorization": f"Bearer {realm.token('ana')}"} | (
        {"Content-Type": content_type} if content_type else {}
    )
    answer = await client.post("/v1/items", content=b'{"name": "x"}', headers=headers)
    assert (answer.status_code, answer.headers.get("Accept")) == (status, "application/json" if status == 415 else None)
    empty = await client.post("/v1/items", headers=headers)
    assert empty.status_code == 422
    assert (
        await client.post("/v1/items", json=["x"], headers={"Authorization": headers["Authorization"]})
    ).status_code == 422


@pytest.mark.parametrize(
    "path", ["/v1/items?w=1", ONE, "/v1/items/x", "/v1/broken", "/v1/mine", "/v1/nowhere", "/nowhere"]
)
async def test_every_refusal_names_its_trace(client: httpx.AsyncClient, path: str) -> None:
    first, second = [(await client.get(path)).json()["trace_id"] for _ in range(2)]
    assert len(first) == len(second) == 32
    assert int(first, 16)
    assert first != second
