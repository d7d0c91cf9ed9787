"""The first page of a campaign: how far it is, who has pledged, how to join; as of any day, for any city."""

import re
from html import unescape
from typing import Any

import httpx
import pytest
from polity_portal.i18n.languages import LANGUAGES

CAMPAIGN_ID = "0199a000-0000-7000-8000-000000000002"
PATH = f"/campaigns/{CAMPAIGN_ID}"
PROGRESS = f"/v1/progress/{CAMPAIGN_ID}"


def asked(canned: Any, path: str) -> list[dict[str, str]]:
    return [dict(request.url.params) for request in canned.asked if request.url.path == path]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", [PATH, "/"])
async def test_who_has_pledged_stands_on_the_map_and_in_the_list(
    visitor: httpx.AsyncClient, pledges: Any, path: str, language: str
) -> None:
    text = unescape((await visitor.get(f"/{language}{path}")).text)
    table = re.search('<table class="pledged">.*?</table>', text, re.DOTALL)
    drawing = re.search('<svg viewBox="8 0 984 435" role="img".*?</svg>', text, re.DOTALL)
    assert table
    assert drawing
    for row in pledges["items"]:
        assert row["name"] in table[0]
        assert row["name"] in drawing[0]
        assert LANGUAGES[language].country(row["country"]) in table[0]
    # Grigny and Saint-Denis are too near each other for two dots.
    assert drawing[0].count("<circle") == len(pledges["items"]) - 1
    assert re.search(r'<use href="/static/[0-9a-f]{16}/public/map/world.svg#land"/>', drawing[0])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "63 to go, by 10 October 2026"),
        ({"commitments": 99}, "1 to go, by 10 October 2026"),
        ({"due": "2026-07-19"}, "63 to go. They were hoped for by 19 July 2026; that day has passed."),
        ({"due": None}, "63 to go\n"),
    ],
)
async def test_what_is_left_to_the_next_milestone_is_said_plainly(
    visitor: httpx.AsyncClient, canned: Any, campaign: Any, changes: dict[str, Any], said: str
) -> None:
    campaign["commitments"] = changes.get("commitments", campaign["commitments"])
    campaign["milestones"][1]["due"] = changes.get("due", campaign["milestones"][1]["due"])
    canned.answers[f"GET /v1/campaigns/{CAMPAIGN_ID}"] = campaign
    text = (await visitor.get(f"/en{PATH}")).text
    assert f'<span class="big">{campaign["commitments"]}</span> of 100' in text
    assert said in text


@pytest.mark.parametrize("path", [PATH, "/"])
async def test_with_every_milestone_reached_or_none_set_the_count_stands_alone(
    visitor: httpx.AsyncClient, canned: Any, campaign: Any, path: str
) -> None:
    for address in (f"GET /v1/campaigns/{CAMPAIGN_ID}", "GET /v1/campaigns"):
        canned.answers[address] = campaign if address.endswith(CAMPAIGN_ID) else {"items": [campaign], "next": None}
    campaign["milestones"] = campaign["milestones"][:1]
    assert "Every milestone is reached." in (await visitor.get(f"/en{path}")).text
    campaign["milestones"] = []
    text = (await visitor.get(f"/en{path}")).text
    assert ("Pledged so far" in text, '<span class="big">37</span></p>' in text) == (True, True)


async def test_milestones_are_celebrated_once_announced_and_a_late_one_says_so(
    visitor: httpx.AsyncClient, canned: Any, campaign: Any
) -> None:
    canned.answers[f"GET /v1/campaigns/{CAMPAIGN_ID}"] = campaign
    ten = campaign["milestones"][0]
    assert "celebrated" not in (await visitor.get(f"/en{PATH}")).text
    ten |= {"due": "2026-07-15", "announced_at": "2026-07-17T08:00:00Z"}
    text = (await visitor.get(f"/en{PATH}")).text
    assert 'class="reached celebrated"' in text
    assert "announced on 17 July 2026" in text
    assert "reached on 16 July 2026, later than hoped for (15 July 2026)" in text


@pytest.mark.parametrize(("reached", "words"), [("16 July", True), ("16 May", False)])
async def test_the_headline_celebrates_a_milestone_that_was_announced_while_it_is_news(
    visitor: httpx.AsyncClient, canned: Any, campaign: Any, reached: str, words: bool
) -> None:
    canned.answers[f"GET /v1/campaigns/{CAMPAIGN_ID}"] = campaign
    milestone = campaign["milestones"][0]
    milestone["reached_at"] = milestone["reached_at"].replace("-07-", "-07-" if reached == "16 July" else "-05-")
    assert "thank you!" not in (await visitor.get(f"/en{PATH}")).text
    milestone["announced_at"] = "2026-07-17T08:00:00Z"
    text = (await visitor.get(f"/en{PATH}")).text
    assert (f"10 reached on {reached} 2026, announced on 17 July 2026: thank you!" in text) == words
    assert ("thank you!" in text) == words


async def test_a_city_is_looked_for_by_the_api_and_stands_out_on_the_map(
    visitor: httpx.AsyncClient, canned: Any, pledges: Any
) -> None:
    pledges |= {"items": [row for row in pledges["items"] if row["name"] == "Córdoba"], "next": None, "found": 1}
    canned.answers[f"GET {PROGRESS}/commitments"] = pledges
    text = unescape((await visitor.get(f"/en{PATH}", params={"q": " cordoba "})).text)
    assert asked(canned, f"{PROGRESS}/commitments")[0]["q"] == "cordoba"
    assert re.findall('class="marked"><title>(.*?)</title>', text) == ["Córdoba"]
    assert ("1 found" in text, 'value="cordoba"' in text) == (True, True)
    assert "<caption>Found: 1 city or territory</caption>" in text


async def test_the_figures_of_the_progress_add_up_to_those_invited(visitor: httpx.AsyncClient, canned: Any) -> None:
    progress = canned.answers[f"GET {PROGRESS}"]
    totals = {**progress["totals"], "invited": 127, "declined": 4, "submitted": 2, "withdrawn": 1}
    canned.answers[f"GET {PROGRESS}"] = {**progress, "totals": totals}
    tiles = re.findall(r"<div><dt>(.*?)</dt><dd>(\d+)</dd></div>", (await visitor.get(f"/en{PATH}")).text)
    figures = {term: int(count) for term, count in tiles}
    assert figures["Not this time"] == 4
    assert figures.pop("Invited") == sum(figures.values()) == 127


async def test_what_the_api_does_not_tell_of_others_has_no_tile(visitor: httpx.AsyncClient, canned: Any) -> None:
    progress = canned.answers[f"GET {PROGRESS}"]
    totals = dict.fromkeys(progress["totals"]) | {"committed": 3, "withdrawn": 0}
    canned.answers[f"GET {PROGRESS}"] = {**progress, "totals": totals}
    text = (await visitor.get(f"/en{PATH}")).text
    assert re.findall(r"<div><dt>(.*?)</dt><dd>(.*?)</dd></div>", text) == [("Pledged", "3")]
    tables = re.findall(r"<table>(.*?)</table>", text, re.DOTALL)
    assert [("Invited" in table, "Interested" in table) for table in tables] == [(False, False)] * len(tables)


async def test_a_city_that_is_not_there_is_told_how_to_join(
    visitor: httpx.AsyncClient, canned: Any, pledges: Any
) -> None:
    canned.answers[f"GET {PROGRESS}/commitments"] = {**pledges, "items": [], "next": None, "found": 0}
    text = (await visitor.get(f"/en{PATH}", params={"q": "<b>Nowhere"})).text
    assert "“&lt;b&gt;Nowhere” is not among those who have pledged" in text
    assert 'href="#join"' in text
    assert "Write to the network’s secretariat" in text
    assert '<a href="mailto:secretariat@network.example">' in text


async def test_a_region_is_shown_larger_with_its_own_cities_alone(visitor: httpx.AsyncClient, canned: Any) -> None:
    text = unescape((await visitor.get(f"/en{PATH}?region=155")).text)
    view = re.search('<svg viewBox="([^"]+)" role="img"', text)
    assert view
    assert [float(part) < 300 for part in view[1].split()[2:]] == [True, True]
    assert re.findall("<circle[^>]*><title>(.*?)</title>", text) == ["Grigny and Saint-Denis"]
    assert asked(canned, f"{PROGRESS}/commitments")[0]["region"] == "155"


async def test_a_day_shows_list_map_and_figures_as_they_stood_when_it_ended(
    visitor: httpx.AsyncClient, canned: Any
) -> None:
    text = (await visitor.get(f"/en{PATH}?as_of=2026-07-16")).text
    end = "2026-07-16T21:59:59.999999+00:00"
    for path in (PROGRESS, f"{PROGRESS}/commitments", f"{PROGRESS}/commitments.geojson"):
        assert asked(canned, path)[0]["as_of"] == end
    assert "As it stood at the end of 16 July 2026." in text
    assert '/commitments.csv?as_of=2026-07-16T21%3A59%3A59.999999%2B00%3A00"' in text


@pytest.mark.parametrize(
    "nonsense", ["as_of=2026-13-40", "as_of=2026-07-20", "as_of=9999-12-31", "region=x", "order=x"]
)
async def test_nonsense_and_days_not_over_show_the_page_as_it_is_now(
    visitor: httpx.AsyncClient, canned: Any, nonsense: str
) -> None:
    page = await visitor.get(f"/en{PATH}?{nonsense}")
    assert (page.status_code, "As it stood" in page.text) == (200, False)
    for path in (PROGRESS, f"{PROGRESS}/commitments"):
        assert not {"as_of", "region"} & asked(canned, path)[0].keys()


async def test_the_list_goes_on_with_what_was_asked(visitor: httpx.AsyncClient, canned: Any) -> None:
    text = unescape((await visitor.get(f"/en{PATH}?order=name&region=155&cursor=first")).text)
    assert f'href="/en{PATH}?region=155&order=name&cursor=a-cursor#who"' in text
    assert f'href="/en{PATH}?region=155&order=name#who"' in text
    assert asked(canned, f"{PROGRESS}/commitments")[0]["cursor"] == "first"


async def test_one_campaign_is_the_home_and_several_are_cards(
    visitor: httpx.AsyncClient, canned: Any, campaign: Any
) -> None:
    home = (await visitor.get("/en/")).text
    assert "<h1>10, 100, 1000 Human Rights Cities</h1>" in home
    assert f'action="/en{PATH}#who"' in home
    canned.answers["GET /v1/campaigns"] = {"items": [campaign, campaign], "next": None}
    home = (await visitor.get("/en/")).text
    assert (home.count('<article class="card">'), home.count("63 to go, by 10 October 2026")) == (2, 2)


async def test_the_page_asks_the_api_five_times_and_the_home_too(visitor: httpx.AsyncClient, canned: Any) -> None:
    for path in (PATH, "/"):
        canned.asked.clear()
        await visitor.get(f"/en{path}")
        assert len(canned.asked) == 5


@pytest.mark.parametrize("missing", ["", "/commitments", "/commitments.geojson"])
async def test_the_page_is_there_while_reporting_is_not(
    visitor: httpx.AsyncClient, canned: Any, missing: str, problem: Any
) -> None:
    canned.answers[f"GET {PROGRESS}{missing}"] = problem(503, "unavailable")
    page = await visitor.get(f"/en{PATH}")
    assert (page.status_code, "figures are being worked out" in page.text) == (200, True)
    assert "How a city or territory joins" in page.text
