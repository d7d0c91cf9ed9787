"""What everyone may read, and what every page carries."""

import re
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from polity_portal.i18n.languages import LANGUAGES

NETWORK_ID = "0199a000-0000-7000-8000-000000000001"
CAMPAIGN_ID = "0199a000-0000-7000-8000-000000000002"
TOKEN = "k1.AZmgAAAAcACAAAAAAAAAAw.1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
PAGES = [
    "/",
    f"/networks/{NETWORK_ID}",
    f"/campaigns/{CAMPAIGN_ID}",
    f"/campaigns/{CAMPAIGN_ID}?q=a&region=155&order=name&as_of=2026-07-19&cursor=x",
    f"/answer/{TOKEN}",
    f"/answer/{TOKEN}/letter",
    f"/mandate/{TOKEN}",
    "/about-the-demonstration",
    "/signed-out",
    "/nothing-here",
]


class Reading(HTMLParser):
    """What a careful reader of the page's source notes."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.headings: list[int] = []
        self.inline: list[str] = []
        self.unlabelled: list[str] = []
        self.labels: set[str] = set()
        self.fields: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.inline += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and not str(given.get("src", "")).startswith("/static/")):
            self.inline.append(tag)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "label" and given.get("for"):
            self.labels.add(str(given["for"]))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if str(given.get("href", "")).startswith("#"):
            self.targets.append(str(given["href"])[1:])
        for name in ("aria-describedby", "aria-labelledby"):
            self.targets += str(given.get(name) or "").split()
        if tag in ("input", "select", "textarea") and given.get("type") != "hidden":
            self.fields.append(given)

    def faults(self) -> list[str]:
        jumps = [b for a, b in zip(self.headings, self.headings[1:], strict=False) if b > a + 1]
        named = [f for f in self.fields if not (f.get("id") in self.labels or f.get("aria-labelledby"))]
        return [
            *self.inline,
            *(f"twice: {i}" for i in set(self.ids) if self.ids.count(i) > 1),
            *(f"nowhere: {t}" for t in self.targets if t not in self.ids),
            *(f"heading jumps to {level}" for level in jumps),
            *(["no single h1"] if self.headings.count(1) != 1 else []),
            *(f"no label: {f}" for f in named),
        ]


def read(text: str) -> Reading:
    reading = Reading()
    reading.feed(text)
    return reading


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
async def test_pages_are_well_made_in_every_language(visitor: httpx.AsyncClient, path: str, language: str) -> None:
    page = await visitor.get(f"/{language}{path}")
    assert f'<html lang="{language}" dir="{LANGUAGES[language].direction}">' in page.text
    assert read(page.text).faults() == []


async def test_the_reader_of_pages_notices_what_is_badly_made() -> None:
    bad = '<h1 id="a" style="x">x</h1><h3 id="a" onclick="y">x</h3><a href="#b">x</a><input name="n"><script></script>'
    assert read(bad).faults() == [
        "h1 style",
        "h3 onclick",
        "script",
        "twice: a",
        "nowhere: b",
        "heading jumps to 3",
        "no label: {'name': 'n'}",
    ]


@pytest.mark.parametrize("path", ["/", *(f"/en{path}" for path in PAGES), "/docs", "/robots.txt"])
async def test_every_answer_is_protected(visitor: httpx.AsyncClient, path: str) -> None:
    headers = (await visitor.get(path)).headers
    policy = headers["content-security-policy"]
    for part in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
        assert part in policy
    assert "unsafe" not in policy
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")


async def test_the_home_is_the_visitors_language(visitor: httpx.AsyncClient) -> None:
    answered = await visitor.get("/", headers={"Accept-Language": "fr-CA,fr;q=0.9"})
    assert (answered.status_code, answered.headers["location"]) == (302, "/fr/")
    assert answered.headers["vary"] == "Accept-Language"
    assert "set-cookie" not in answered.headers


async def test_another_language_keeps_the_page(visitor: httpx.AsyncClient) -> None:
    page = await visitor.get(f"/en/campaigns/{CAMPAIGN_ID}?x=1")
    assert f'<a href="/fr/campaigns/{CAMPAIGN_ID}?x=1" lang="fr"' in page.text


async def test_text_without_a_translation_says_its_language(visitor: httpx.AsyncClient) -> None:
    page = await visitor.get(f"/fr/campaigns/{CAMPAIGN_ID}")
    assert '<div class="prose" lang="en" dir="ltr">' in page.text
    assert "vous le voyez dans sa langue\u202f: anglais" in page.text
    assert "Nous nous engageons." in page.text


async def test_a_campaign_shows_its_progress(visitor: httpx.AsyncClient) -> None:
    text = (await visitor.get(f"/en/campaigns/{CAMPAIGN_ID}")).text
    for shown in (
        "of 100",
        "63 to go, by 10 October 2026",
        "reached on 16 July 2026",
        "Western Europe",
        "France",
        "Housing",
        "<svg",
    ):
        assert shown in text
    assert f'href="/v1/progress/{CAMPAIGN_ID}.csv"' in text


async def test_a_campaign_is_shown_while_its_figures_are_not_there(
    visitor: httpx.AsyncClient, canned: Any, problem: Any
) -> None:
    for answer in (problem(404, "not_found"), problem(503, "unavailable"), httpx.ConnectError("down")):
        canned.answers[f"GET /v1/progress/{CAMPAIGN_ID}"] = answer
        page = await visitor.get(f"/en/campaigns/{CAMPAIGN_ID}")
        assert (page.status_code, "figures are being worked out" in page.text) == (200, True)


@pytest.mark.parametrize(("path", "told"), [("", True), (f"campaigns/{CAMPAIGN_ID}", True), ("signed-out", False)])
async def test_pages_with_demonstration_networks_say_so(visitor: httpx.AsyncClient, path: str, told: bool) -> None:
    assert ('<aside class="demo"' in (await visitor.get(f"/en/{path}")).text) is told


@pytest.mark.parametrize("path", ["/en/x", "/xx/", "/en/campaigns/no-id", f"/en/campaigns/{NETWORK_ID}", "/static/0/a"])
async def test_what_is_not_there_is_a_page_that_says_so(visitor: httpx.AsyncClient, path: str) -> None:
    page = await visitor.get(path)
    assert (page.status_code, "<h1>Page not found</h1>" in page.text) == (404, True)


@pytest.mark.parametrize("failure", [httpx.ConnectError("x"), httpx.ReadTimeout("x"), httpx.Response(500)])
async def test_an_api_that_does_not_answer_is_a_plain_page(
    visitor: httpx.AsyncClient, canned: Any, failure: Any
) -> None:
    canned.answers["GET /v1/networks"] = failure
    page = await visitor.get("/en/")
    assert (page.status_code, page.headers["retry-after"]) == (503, "30")
    assert "We cannot answer just now" in page.text


async def test_a_mistake_of_ours_is_a_page_that_tells_nothing_of_it(
    visitor: httpx.AsyncClient, canned: Any, caplog: pytest.LogCaptureFixture
) -> None:
    canned.answers["GET /v1/networks"] = {"unexpected": "x"}
    page = await visitor.get("/en/")
    assert (page.status_code, "Something went wrong on our side" in page.text) == (500, True)
    assert "KeyError" not in page.text
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == ["page failed"]


async def test_a_database_that_is_away_is_a_plain_page(visitor: httpx.AsyncClient) -> None:
    visitor.cookies.set("polity-session", "any")
    page = await visitor.get("/en/office")
    assert (page.status_code, "We cannot answer just now" in page.text) == (503, True)


async def test_a_form_that_cannot_be_read_is_a_page(visitor: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    page = await visitor.post(f"/en/answer/{TOKEN}/interest", headers=headers, content=b"--y nonsense")
    assert (page.status_code, "This could not be done" in page.text) == (400, True)


async def test_a_broken_connection_is_tried_once_more(visitor: httpx.AsyncClient, canned: Any) -> None:
    canned.answers["GET /v1/networks"] = httpx.RemoteProtocolError("closed")
    await visitor.get("/en/")
    assert len(canned.bodies("GET", "/v1/networks")) == 2


async def test_files_are_kept_for_ever_under_their_digest(visitor: httpx.AsyncClient) -> None:
    address = re.search(r'href="(/static/[0-9a-f]{16}/web/polity\.css)"', (await visitor.get("/en/")).text)
    assert address
    file = await visitor.get(address[1])
    assert (file.status_code, file.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    assert (await visitor.get(address[1], headers={"If-None-Match": file.headers["etag"]})).status_code == 304
    assert (await visitor.get(address[1].replace(address[1].split("/")[2], "0" * 16))).status_code == 404


@pytest.mark.parametrize("path", ["/en/", f"/en/campaigns/{CAMPAIGN_ID}", f"/en/networks/{NETWORK_ID}"])
async def test_a_page_with_all_its_files_is_small(visitor: httpx.AsyncClient, path: str) -> None:
    page = await visitor.get(path)
    files = {address.partition("#")[0] for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)}
    answers = [page, *[await visitor.get(address) for address in files]]
    assert {answer.headers["content-encoding"] for answer in answers} == {"gzip"}
    assert sum(int(answer.headers["content-length"]) for answer in answers) < 60_000
    plain = [await visitor.get(answer.url, headers={"Accept-Encoding": "identity"}) for answer in answers]
    assert [answer.content for answer in plain] == [answer.content for answer in answers]
    assert {answer.headers["vary"] for answer in [*plain, *answers]} == {"Accept-Encoding"}


async def test_what_is_one_person_s_is_never_packed(visitor: httpx.AsyncClient) -> None:
    for path in (f"/en/answer/{TOKEN}", f"/en/mandate/{TOKEN}"):
        assert "content-encoding" not in (await visitor.get(path)).headers


@pytest.mark.parametrize("path", ["/en/office", f"/es/office/campaigns/{CAMPAIGN_ID}/invite"])
async def test_the_office_asks_for_a_sign_in(visitor: httpx.AsyncClient, path: str) -> None:
    answered = await visitor.get(path)
    assert (answered.status_code, answered.headers["location"]) == (
        303,
        f"/{path[1:3]}/sign-in?next={path.replace('/', '%2F')}",
    )


async def test_a_mandate_link_never_stands_in_a_query(visitor: httpx.AsyncClient) -> None:
    page = await visitor.get(f"/en/mandate/{TOKEN}")
    assert f'<input type="hidden" name="next" value="/en/mandate/{TOKEN}">' in page.text
    assert (await visitor.post(f"/en/mandate/{TOKEN}")).headers["location"] == "/en/sign-in?next=%2Fen%2Foffice"
