"""How an import's file is taken from the request: by which types, and byte by byte."""

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import APIRouter
from polity_chassis.application import create_app
from polity_chassis.authorization.access import PUBLIC, access
from polity_chassis.clock import utc_now
from polity_chassis.database.engine import Database
from polity_chassis.runtime import Runtime
from polity_chassis.service import Service
from polity_local.openapi.document import DOCUMENT
from polity_local.testing.workbooks import sheet_of, workbook_of
from polity_membership.api.titles import register_membership_titles
from polity_membership.settings import MembershipSettings
from polity_membership.tabular_import.http.uploads import TAKEN, UploadDep

KEY = {"k1": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}
CSV = b"name,country\nVienna,AT\n"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MULTIPART = "multipart/form-data; boundary=x"
BOOK = workbook_of(("Cities", sheet_of([["name"], ["Vienna"]])))


@pytest_asyncio.fixture
async def caller() -> AsyncIterator[httpx.AsyncClient]:
    """Before a route that takes an import's file and answers what it read."""
    router = APIRouter()

    @router.post("/v1/read", **access(PUBLIC))
    async def read(upload: UploadDep) -> dict[str, Any]:
        return {"read": hashlib.sha256(upload.data).hexdigest(), "changes": len(upload.changes.corrections)}

    settings = MembershipSettings.model_validate(
        {
            "port": 1, "database_url": "postgresql+asyncpg://nobody@127.0.0.1:9/none", "kafka_bootstrap": "127.0.0.1:9",
            "issuer": "http://realm.test", "jwks_url": "http://realm.test/certs", "files_url": "memory://proofs",
            "answer_link_keys": KEY, "mandate_link_keys": KEY,
        }
    )  # fmt: skip
    register_membership_titles()
    database = Database(settings.database_url, application_name="uploads test")
    app = create_app(Service("membership", settings, [router]), Runtime(settings, database, utc_now))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://membership.test") as client:
        yield client
    await database.close()


async def sent(caller: httpx.AsyncClient, content: bytes, media_type: str = MULTIPART) -> httpx.Response:
    headers = {"Content-Type": media_type} if media_type else {}
    return await caller.post("/v1/read", content=content, headers=headers)


def parts(*given: tuple[str, bytes, str]) -> bytes:
    """A multipart body of parts with name, content and file name."""
    body = b""
    for name, content, filename in given:
        named = f'; filename="{filename}"' if filename else ""
        body += f'--x\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + content + b"\r\n"
    return body + b"--x--\r\n"


def was_read(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.json()["read"])


@pytest.mark.parametrize(
    "media_type",
    # The last is what curl says by itself of --data.
    ["application/json", "image/png", "text/plain", "text/csvx", "application/x-www-form-urlencoded"],
)
async def test_a_body_of_another_type_is_refused_whatever_is_in_it(caller: httpx.AsyncClient, media_type: str) -> None:
    answer = await sent(caller, CSV, media_type)
    assert (answer.status_code, answer.json()["type"]) == (415, "urn:polity:problem:unsupported_media_type")
    assert answer.headers["accept"].split(", ") == list(TAKEN)


@pytest.mark.parametrize(
    "media_type",
    ["text/csv", "TEXT/CSV ; charset=utf-8", "text/tab-separated-values", XLSX, "application/octet-stream", ""],
)
async def test_of_the_types_taken_the_content_decides(caller: httpx.AsyncClient, media_type: str) -> None:
    assert was_read(await sent(caller, CSV, media_type)) == hashlib.sha256(CSV).hexdigest()


def test_the_document_names_the_types_of_both_imports() -> None:
    document = json.loads(DOCUMENT.read_text())
    imports = {path: item["post"] for path, item in document["paths"].items() if path.endswith("-imports")}
    assert len(imports) == 2
    for operation in imports.values():
        assert tuple(operation["requestBody"]["content"]) == TAKEN
        assert "415" in operation["responses"]


@pytest.mark.parametrize(
    ("content", "filename"),
    [
        (BOOK, "cities.xlsx"),
        ("name\nCórdoba\n".encode("cp1252"), "cities.csv"),
        ("name\nCórdoba\n".encode(), ""),
        (b"name\r\n\r\nVienna", ""),
        (b"", ""),
    ],
)
async def test_a_part_is_read_as_it_was_sent(caller: httpx.AsyncClient, content: bytes, filename: str) -> None:
    answer = await sent(caller, parts(("file", content, filename)))
    assert was_read(answer) == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("content", [BOOK, "name\nCórdoba\n".encode("cp1252"), b"name\n\xff\xfe"])
async def test_a_file_without_a_name_that_is_no_utf8_is_refused_by_its_field(
    caller: httpx.AsyncClient, content: bytes
) -> None:
    answer = await sent(caller, parts(("file", content, "")))
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["reason"]) == (422, "file", "not_utf8")
    assert error["message"] == "This part is not text in UTF-8. Send a file with its file name."


async def test_changes_that_are_no_utf8_are_refused_by_their_field(caller: httpx.AsyncClient) -> None:
    changes = '{"corrections": {"2": {"name": "Córdoba"}}}'
    taken = await sent(caller, parts(("file", CSV, ""), ("changes", changes.encode(), "")))
    assert taken.json()["changes"] == 1
    answer = await sent(caller, parts(("file", CSV, ""), ("changes", changes.encode("latin-1"), "")))
    assert [(error["field"], error["reason"]) for error in answer.json()["errors"]] == [("changes", "not_utf8")]
