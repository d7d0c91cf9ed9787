"""One pledge made on the portal's page is one trace, from the browser's POST to the mail and the projection's SQL."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from html import unescape
from typing import Any

import httpx
import pytest
import pytest_asyncio
from polity_local.demo.story import invite
from polity_local.running.platform import Platform
from polity_local.testing.parts import SmtpSink

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

Span = dict[str, Any]
Step = tuple[str, str, str]
"""Service, kind of span, what its name begins with."""

TO_MEMBERSHIP: Sequence[Step] = (
    ("gateway", "SERVER", "post"),
    ("portal", "SERVER", "post /{lang}/answer/{token}/commitment"),
    ("portal", "CLIENT", "post"),
    ("gateway", "SERVER", "post"),
    ("membership", "SERVER", "post /v1/answer/commitment"),
)
WAYS: dict[str, Sequence[Step]] = {
    "membership's SQL": (*TO_MEMBERSHIP, ("membership", "CLIENT", "insert")),
    "the thank-you by SMTP": (
        *TO_MEMBERSHIP,
        ("membership", "PRODUCER", "publish membership-commitments-v1"),
        ("notifications", "CLIENT", "send mail"),
    ),
    "notifications' consumer": (
        *TO_MEMBERSHIP,
        ("membership", "PRODUCER", "publish membership-commitments-v1"),
        ("notifications", "CONSUMER", "process notifications"),
    ),
    "the projection's SQL": (
        *TO_MEMBERSHIP,
        ("membership", "PRODUCER", "publish membership-commitments-v1"),
        ("reporting", "CONSUMER", "process reporting"),
        ("reporting", "CLIENT", "insert"),
    ),
}


@pytest_asyncio.fixture(scope="module")
async def answered(platform: Platform, mails: SmtpSink) -> tuple[str, list[Span]]:
    """The link token that was used, and all spans of the trace of its pledge."""
    async with httpx.AsyncClient(base_url=platform.internal_url, timeout=30) as http:
        _, tokens = await invite(platform, mails.messages, http, 1)
    async with httpx.AsyncClient(base_url=platform.url, timeout=30, follow_redirects=True) as browser:
        page = f"{platform.url}/en/answer/{tokens[0]}"
        form = _hidden_fields((await browser.get(page)).text) | {
            "signatory_name": "Planted Signatory",
            "signatory_office": "Mayor (demonstration)",
            "signed_on": "2026-01-15",
            "theme_1": "housing",
            "theme_2": "water",
            "theme_3": "culture",
            "confirmed": "yes",
        }
        answer = await browser.post(f"{page}/commitment", data=form, headers={"Origin": platform.url})
        assert "Thank you" in answer.text
    return tokens[0], await _trace(platform)


def _hidden_fields(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in found}


async def _trace(platform: Platform) -> list[Span]:
    """Returns the spans once all ways are there; the last look's, if they never are."""
    query = {"spanName": "post /{lang}/answer/{token}/commitment", "serviceName": "portal", "limit": "10"}
    spans: list[Span] = []
    async with httpx.AsyncClient(base_url=platform.zipkin_url) as zipkin:
        for _ in range(60):
            traces = (await zipkin.get("/api/v2/traces", params=query)).json()
            spans = max(traces, key=lambda trace: max(int(s["timestamp"]) for s in trace), default=[])
            if all(any(_walks(spans, way)) for way in WAYS.values()):
                break
            await asyncio.sleep(0.5)
    return spans


def _walks(spans: Sequence[Span], way: Sequence[Step], parent: str | None = None) -> Iterator[Span]:
    """Yields each span that ends the way, every step being a child of the one before; the first has no parent."""
    service, kind, name = way[0]
    for span in spans:
        if span.get("parentId") != parent or span.get("kind") != kind or not span["name"].startswith(name):
            continue
        if span["localEndpoint"]["serviceName"] != service:
            continue
        if len(way) == 1:
            yield span
        else:
            yield from _walks(spans, way[1:], span["id"])


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_one_trace_leads_from_the_post_to(answered: tuple[str, list[Span]], way: Sequence[Step]) -> None:
    _, spans = answered
    assert any(_walks(spans, way)), sorted((s["localEndpoint"]["serviceName"], s["name"]) for s in spans)


async def test_a_way_with_a_missing_step_is_not_found(answered: tuple[str, list[Span]]) -> None:
    _, spans = answered
    for way in WAYS.values():
        for missing in range(len(way)):
            broken = [s for s in spans if not s["name"].startswith(way[missing][2])]
            assert not any(_walks(broken, way))


async def test_no_span_holds_the_link_or_the_signatory(answered: tuple[str, list[Span]]) -> None:
    token, spans = answered
    text = repr(spans)
    assert token not in text
    assert token.split(".")[1] not in text
    assert "Planted" not in text
