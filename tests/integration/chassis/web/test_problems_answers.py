"""Every refusal and every fault is answered in one form, in the caller's language, quoting nobody's data."""

import json
import logging
from collections.abc import Callable
from typing import Annotated, Any, Literal

import asyncpg
import httpx
import pytest
from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.responses import StreamingResponse
from polity_chassis.authorization.access import PUBLIC, access
from polity_chassis.database.engine import Database
from polity_chassis.observability import logs
from polity_chassis.web.dependencies import DatabaseDep
from polity_chassis.web.etag import etag_of, require_version
from polity_chassis.web.headers import UnsafeHeader, clean_header, language_of
from polity_chassis.web.problem_mapping import problem_of
from polity_chassis.web.problems import FieldError, Problem
from polity_chassis.web.titles import register_titles
from pydantic import BaseModel, Field
from sqlalchemy import text

PLANTED = "Ana.Planted@example.org"
router = APIRouter(prefix="/v1")


class Person(BaseModel, extra="forbid"):
    name: str = Field(max_length=40)
    email: Literal["fixed"]
    rank: int = Field(ge=1)
    labels: dict[str, int] = {}


class Taken(Exception):
    slug = "theme_taken"
    category = "conflict"

    def __init__(self) -> None:
        super().__init__(PLANTED)
        self.params = {"theme": "T1"}


class Unnamed(Exception):
    slug = "never_titled"
    category = "gone"


register_titles({"theme_taken": {"en": "Theme {theme} is taken.", "fr": "Le thème {theme} est pris."}})
RAISED: dict[str, Callable[[], Exception]] = {
    "taken": Taken,
    "unnamed": Unnamed,
    "broken": lambda: RuntimeError(PLANTED),
    "lost": lambda: ConnectionRefusedError(PLANTED),
    "fields": lambda: Problem("invalid_request", "invalid", errors=[FieldError("file.3", "missing")]),
    "unsafe": lambda: Problem("gone", "gone", headers={"Retry-After": "1\r\nSet-Cookie: a=b"}),
}


@router.post("/people", **access(PUBLIC))
async def people(person: Person, year: Annotated[int, Query()] = 1) -> None:
    """Takes a person."""


@router.get("/raise/{kind}", **access(PUBLIC))
async def raises(kind: str, email: str | None = None) -> None:
    raise RAISED[kind]()


@router.get("/text", **access(PUBLIC))
async def store(value: str, database: DatabaseDep) -> str:
    async with database.transaction() as session:
        connection = await session.connection()
        found = await connection.execute(text("SELECT CAST(:value AS text)"), {"value": value})
        return str(found.scalar_one())


@router.get("/deadlock", **access(PUBLIC))
async def deadlock(database: DatabaseDep) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$"))


@router.get("/header", **access(PUBLIC))
async def header(value: str) -> Response:
    return Response(headers={"X-Name": value})


@router.get("/stream", **access(PUBLIC))
async def stream() -> StreamingResponse:
    async def chunks() -> Any:
        yield b"begun"
        raise RuntimeError(PLANTED)

    return StreamingResponse(chunks())


@router.get("/versions/{number}", **access(PUBLIC))
async def version(number: int, response: Response) -> int:
    response.headers["ETag"] = etag_of(number)
    return number


@router.put("/versions/{number}", **access(PUBLIC))
async def change(number: int, request: Request) -> int:
    require_version(request, etag_of(number))
    return number + 1


@pytest.fixture
def client(make_app: Callable[..., FastAPI], client_for: Any) -> httpx.AsyncClient:
    client: httpx.AsyncClient = client_for(make_app(router))
    return client


async def test_faults_of_fields_are_named_and_values_are_not_echoed(client: httpx.AsyncClient) -> None:
    body = {"name": PLANTED * 9, "email": PLANTED, "rank": PLANTED, PLANTED: 1, "labels": {PLANTED: PLANTED}}
    answer = await client.post("/v1/people", params={"year": PLANTED}, json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert PLANTED not in answer.text
    assert "Planted" not in answer.text
    problem = answer.json()
    assert (problem["type"], problem["title"]) == ("urn:polity:problem:invalid_request", "Some values are not valid.")
    assert {(e["field"], e["reason"], e["message"]) for e in problem["errors"]} == {
        ("year", "int_parsing", "This value is not valid."),
        ("name", "string_too_long", "This is too long."),
        ("email", "literal_error", "This is not one of the choices."),
        ("rank", "int_parsing", "This value is not valid."),
        ("labels.*", "int_parsing", "This value is not valid."),
        ("*", "extra_forbidden", "This field is not known."),
    }


@pytest.mark.parametrize("body", [b"", b"{", b"[1", b'{"name": ' + b"[" * 100_000, b"\xff\xfe", b'"text"', b"null"])
async def test_a_body_that_is_no_json_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/v1/people", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.json()["type"].startswith("urn:polity:problem:")


async def test_a_refusal_of_the_domain_is_titled_in_the_callers_language(client: httpx.AsyncClient) -> None:
    expected = {"fr-CA, en;q=0.5": "Le thème T1 est pris.", "es": "Theme T1 is taken.", "": "Theme T1 is taken."}
    for language, title in expected.items():
        answer = await client.get("/v1/raise/taken", headers={"Accept-Language": language})
        assert (answer.status_code, answer.json()["title"]) == (409, title)
        assert answer.json()["params"] == {"theme": "T1"}
        assert PLANTED not in answer.text


async def test_a_slug_without_a_title_is_named_by_its_category(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/v1/raise/unnamed", headers={"Accept-Language": "es"})).json()
    assert (answer["type"], answer["title"]) == ("urn:polity:problem:never_titled", "Esto ya no es válido.")


async def test_given_faults_of_fields_get_their_message(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/v1/raise/fields")).json()
    assert answer["errors"] == [{"field": "file.3", "reason": "missing", "message": "This is required."}]


@pytest.mark.parametrize("kind", ["broken", "unsafe"])
async def test_a_fault_of_ours_says_nothing(
    client: httpx.AsyncClient, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await client.get(f"/v1/raise/{kind}")
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:polity:problem:internal"
    assert PLANTED not in answer.text
    assert "set-cookie" not in answer.headers
    assert "request failed" in caplog.messages


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("DELETE", "/v1/people", 405, "method_not_allowed"),
        ("GET", "/v1/raise/lost", 503, "unavailable"),
        ("GET", "/v1/deadlock", 503, "unavailable"),
        ("GET", "/v1/text?value=a%00b", 422, "invalid_request"),
        ("GET", "/v1/header?value=a%0d%0aSet-Cookie:%20b", 500, "internal"),
    ],
)
async def test_the_same_form_for(client: httpx.AsyncClient, method: str, path: str, status: int, slug: str) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:polity:problem:{slug}")
    assert "set-cookie" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert ("retry-after" in answer.headers) == (status == 503)


async def test_a_database_that_is_away_is_503(make_app: Callable[..., FastAPI], client_for: Any) -> None:
    away = Database("postgresql+asyncpg://nobody:none@127.0.0.1:9/none", application_name="away")
    async with client_for(make_app(router, database=away)) as client:
        answer = await client.get("/v1/text?value=a")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:polity:problem:unavailable")
    await away.close()


async def test_an_answer_that_breaks_off_is_not_ended_as_if_it_were_whole(client: httpx.AsyncClient) -> None:
    with pytest.raises(RuntimeError):
        await client.get("/v1/stream")


async def test_versions(client: httpx.AsyncClient) -> None:
    held = (await client.get("/v1/versions/7")).headers["etag"]
    reads = {held: 304, f'W/{held}, "1"': 304, "*": 304, '"8"': 200, "": 200}
    for tag, status in reads.items():
        assert (await client.get("/v1/versions/7", headers={"If-None-Match": tag})).status_code == status, tag
    writes = {held: 200, f'"1", {held}': 200, "*": 200, '"8"': 412, f"W/{held}": 412, "": 412}
    for tag, status in writes.items():
        assert (await client.put("/v1/versions/7", headers={"If-Match": tag})).status_code == status, tag
    assert (await client.put("/v1/versions/7")).status_code == 428


@pytest.mark.parametrize("value", ["a\rb", "a\nb", "a\r\nX: y", "a\0b"])
def test_header_values_that_begin_another_header_are_refused(value: str) -> None:
    assert clean_header("plain") == "plain"
    with pytest.raises(UnsafeHeader):
        clean_header(value)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("fr", "fr"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("en;q=0.2, fr;q=0.7", "fr"),
        ("ja, sw", "en"),
        ("ko-KR, pt;q=0.5", "ko"),
        ("FR;q=1", "fr"),
        ("fr;q=x, es;q=0.1", "es"),
        ("es;q=0, en", "en"),
        ("es;q=nan, fr", "fr"),
        (",;,;;q=,", "en"),
    ],
)
def test_the_wanted_language(header: str | None, language: str) -> None:
    assert language_of(header) == language


def test_titles_need_english() -> None:
    with pytest.raises(ValueError, match="English"):
        register_titles({"untitled": {"es": "Sin título"}})


async def test_log_lines_carry_the_template_and_no_values(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.root
    before, level = root.handlers[:], root.level
    logs.setup("test", "INFO")
    try:
        await client.get(f"/v1/raise/broken?email={PLANTED}")
        await client.get(f"/v1/nothing/{PLANTED}")
        await client.get("/health/live")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    output = capsys.readouterr().out
    lines = [json.loads(line) for line in output.splitlines()]
    requests = [(line["method"], line["route"], line["status"]) for line in lines if line["message"] == "request"]
    assert requests == [("GET", "/v1/raise/{kind}", 500), ("GET", "{unknown}", 404)]
    assert {line["service"] for line in lines} == {"test"}
    failed = next(line for line in lines if line["message"] == "request failed")
    assert "builtins.RuntimeError" in failed["exc_info"]
    assert "raise RAISED[kind]()" in failed["exc_info"]
    assert PLANTED not in output


def test_a_database_that_recovers_is_503_though_the_error_is_not_wrapped() -> None:
    problem = problem_of(asyncpg.CannotConnectNowError("the database system is in recovery mode"))
    assert problem is not None
    assert problem.category == "unavailable"
    assert problem_of(asyncpg.UniqueViolationError()) is None
