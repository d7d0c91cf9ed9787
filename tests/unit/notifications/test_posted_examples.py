"""What docs/partners/examples.md shows is what is posted, byte by byte, and its signatures are right."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from polity_local.openapi import __main__ as openapi
from polity_local.openapi import document, examples
from polity_local.testing.parts import verified
from polity_notifications.domain.webhooks import POSTED_TYPES
from polity_notifications.webhooks.posting import Poster
from standardwebhooks import WebhookVerificationError

PAGE = Path(__file__).parents[3] / "docs" / "partners" / "examples.md"
TEXT = PAGE.read_text("utf-8")
SHOWN: dict[str, str] = dict(re.findall(r"^## `(.+?)`\n\n.+?\n\n```http\n(.+?)\n```$", TEXT, re.DOTALL | re.MULTILINE))
SECRET = re.findall(r"`(whsec_\S+)`", TEXT)[0]


def parts(request: str) -> tuple[dict[str, str], str]:
    head, _, body = request.partition("\n\n")
    return dict(line.split(": ", 1) for line in head.splitlines()[1:]), body


class Endpoint:
    """Keeps the bytes of each request as they came."""

    def __init__(self) -> None:
        self.port, self.came = 0, b""

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        assert length
        self.came = head + await reader.readexactly(int(length[1]))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()
        writer.close()


@pytest_asyncio.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    here = Endpoint()
    async with await asyncio.start_server(here.take, "127.0.0.1") as server:
        here.port = server.sockets[0].getsockname()[1]
        yield here


@pytest_asyncio.fixture
async def poster() -> AsyncIterator[Poster]:
    made = Poster(allow_loopback=True)
    yield made
    await made.close()


def test_every_type_that_can_be_subscribed_to_is_shown() -> None:
    assert SHOWN.keys() == POSTED_TYPES
    assert "(examples.md)" in (PAGE.parent / "README.md").read_text("utf-8")


def test_the_page_is_what_the_contracts_examples_come_to() -> None:
    assert examples.page() == TEXT, "run python -m polity_local.openapi"


def test_a_page_that_is_out_of_date_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(examples, "FILES", (tmp_path / "examples.md",))
    # The document itself is compared elsewhere, and is slow to make.
    monkeypatch.setattr(document, "merged", lambda _: json.loads(document.DOCUMENT.read_text()))
    monkeypatch.setattr(document, "service_documents", dict)
    (tmp_path / "examples.md").write_text(TEXT.replace("2022", "2021"))
    assert openapi.main(["--check"]) == 1
    assert capsys.readouterr().err.startswith("examples.md differs")


@pytest.mark.parametrize("name", sorted(POSTED_TYPES))
async def test_what_is_shown_is_what_is_posted(name: str, endpoint: Endpoint, poster: Poster) -> None:
    headers, body = parts(SHOWN[name])
    signed = {header: value for header, value in headers.items() if header.islower()}
    await poster.post(f"http://127.0.0.1:{endpoint.port}/hooks", signed, body.encode())
    came = endpoint.came.replace(f"127.0.0.1:{endpoint.port}".encode(), b"partner.example")
    assert came == SHOWN[name].replace("\n", "\r\n").encode()
    assert signed.keys() == {"content-type", "webhook-id", "webhook-timestamp", "webhook-signature"}


@pytest.mark.parametrize("name", sorted(POSTED_TYPES))
def test_a_partner_s_library_takes_what_is_shown(name: str) -> None:
    headers, body = parts(SHOWN[name])
    signed_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    assert verified(SECRET, headers, body, signed_at)["type"] == name
    assert headers["content-type"] == "application/cloudevents+json"
    with pytest.raises(WebhookVerificationError):
        verified(SECRET, headers, body.replace("2022", "2023"), signed_at)
