"""The secretariat's first page, and what it tells of one mail: all that people are shown of the API's figures."""

import csv
import io
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from polity_portal.demo.tour_steps import COMMON, SAMPLES, WAYS

NETWORK = "0199a000-0000-7000-8000-000000000001"
CAMPAIGN = "0199a000-0000-7000-8000-000000000002"
MAIL = "0199a000-0000-5000-8000-000000000003"
CITY = "0199a000-0000-7000-8000-000000000004"
TRACE = "c" * 32
OFFICE = f"/en/office/campaigns/{CAMPAIGN}"


def wave(name: str, **counts: int) -> dict[str, Any]:
    none = dict.fromkeys(("invited", "unanswered", "interested", "declined", "submitted", "committed", "withdrawn"), 0)
    return {"wave": name, "reply_by": {"at": "2026-07-24T14:59:00Z", "time_zone": "Asia/Seoul"}, **none, **counts}


def mail(**changes: Any) -> dict[str, Any]:
    return {
        "delivery_id": MAIL, "kind": "invitation", "campaign_id": CAMPAIGN, "local_government_id": CITY,
        "status": "sent", "attempts": 2, "failure": None, "sent_at": "2026-07-20T08:00:05Z", "trace_id": TRACE,
        "fact": "membership.invitation_issued", "asked_at": "2026-07-20T08:00:00Z", "queued_at": "2026-07-20T08:00:00Z",
        "attempts_made": [
            {"number": 1, "at": "2026-07-20T08:00:01Z", "failure": "smtp 451"},
            {"number": 2, "at": "2026-07-20T08:00:05Z", "failure": None},
        ],
        "next_attempt_at": None, "expires_at": "2026-07-27T08:00:00Z", "message_id": f"<{MAIL}@example.net>", **changes,
    }  # fmt: skip


UNSAFE = "unsafe address"


@pytest_asyncio.fixture
async def office(stage: SimpleNamespace, canned: Any) -> SimpleNamespace:
    """A signed-in secretariat whose campaign stands at 97 of 100."""
    desk = {
        "campaign_id": CAMPAIGN,
        "answers_today": 9,
        "answers": [
            {"invitation_id": str(n), "name": f"City {n}", "country": "FR", "subdivision": None,
             "status": "committed", "ordinal": 97 - n, "at": "2026-07-20T08:00:00Z"}
            for n in range(9)
        ],
        "waves": [wave("Pioneers", invited=50, committed=40, unanswered=10), wave("Congress", invited=80)],
        "next_deadline": {"at": "2026-07-24T14:59:00Z", "time_zone": "Asia/Seoul"},
        "to_confirm": 0,
        "letters": [],
    }  # fmt: skip
    campaign = {
        "campaign_id": CAMPAIGN, "network_id": NETWORK, "title": {"en": "Rights Cities"}, "fallback_language": "en",
        "milestones": [
            {"threshold": 10, "due": None, "occasion": {}, "reached_at": "2026-07-01T08:00:00Z",
             "announced_at": "2026-07-02T08:00:00Z"},
            {"threshold": 100, "due": "2026-10-10", "occasion": {"en": "Congress"}, "reached_at": None,
             "announced_at": None},
        ],
        "reply_by": {"at": "2026-09-15T21:59:00Z", "time_zone": "Europe/Madrid"}, "demonstration": False,
        "commitments": 97,
    }  # fmt: skip
    network = {
        "network_id": NETWORK, "name": {"en": "Committee"}, "fallback_language": "en", "time_zone": "Europe/Madrid",
        "demonstration": False, "members": [],
    }  # fmt: skip
    register = [{"local_government_id": CITY, "name": "Grigny"}]
    canned.answers |= {
        "GET /v1/me": {"subject": "s", "mandates": [{"role": "secretariat", "scope_id": NETWORK}]},
        f"GET /v1/networks/{NETWORK}": network,
        f"GET /v1/networks/{NETWORK}/local-governments": {"items": register, "next": None},
        "GET /v1/campaigns": {"items": [campaign], "next": None},
        f"GET /v1/campaigns/{CAMPAIGN}": campaign,
        f"GET /v1/campaigns/{CAMPAIGN}/desk": desk,
        "GET /v1/deliveries": {"items": [], "next": None, "counts": {"failed": 2, "sent": 128}},
        f"GET /v1/deliveries/{MAIL}": mail(),
    }
    browser = stage.browser()
    await stage.sign_in(browser)
    return SimpleNamespace(browser=browser, answers=canned.answers, desk=desk, campaign=campaign)


async def shown(office: SimpleNamespace, address: str = "/en/office") -> str:
    page = await office.browser.get(address)
    assert page.status_code == 200, page.text
    return str(page.text)


async def test_the_first_page_says_how_the_campaign_stands(office: SimpleNamespace) -> None:
    page = await shown(office)
    for said in ("97", "pledges so far, of 100", "3 to go", "10 October 2026", "Pioneers", "and 1 more today"):
        assert said in page
    assert page.count('<time datetime="2026-07-20T08:00:00Z">') == 8
    assert "24 July 2026, 23:59 (Seoul, UTC+09:00)" in page
    assert "For you: <time" in page
    assert "16:59 (Madrid, UTC+02:00)" in page
    assert f'{OFFICE}/invitations?status=invited">No answer yet</a></dt><dd>10</dd>' in page
    assert f'{OFFICE}/mails?status=failed">Could not be delivered</a></dt><dd>2</dd>' in page


async def test_what_waits_for_the_secretariat_is_said_first(office: SimpleNamespace) -> None:
    page = await shown(office)
    assert "See 2 messages that could not be delivered" in page
    assert "Announce the milestone" not in page
    office.desk["to_confirm"] = 1
    office.desk["letters"] = [{"invitation_id": MAIL, "name": "Grigny", "at": "2026-07-20T08:00:00Z"}]
    office.campaign["milestones"][1] |= {"reached_at": "2026-07-20T08:00:00Z"}
    page = await shown(office)
    said = [
        page.index(words) for words in ("Announce the milestone of 100", "Confirm 1 answer", "See 2 m", "Record 1 s")
    ]
    assert said == sorted(said)
    assert f'href="{OFFICE}/invitations/{MAIL}/paper"' in page
    assert "The first is from Grigny." in page


async def test_the_first_page_is_there_while_notifications_is_not(office: SimpleNamespace) -> None:
    office.answers["GET /v1/deliveries"] = httpx.Response(503)
    page = await shown(office)
    assert "<dd>–</dd>" in page
    assert "messages that could not be delivered" not in page


async def test_a_mails_way_is_told_with_each_attempt_and_the_header_to_ask_for(office: SimpleNamespace) -> None:
    page = await shown(office, f"{OFFICE}/mails/{MAIL}")
    said = [
        "Grigny", "The invitation was issued", "was known already", "Attempt 1: not taken.",
        "The mail server could not take it just then.", "<code>smtp 451</code>", "Attempt 2: the mail server took it.",
        f"Message-ID: &lt;{MAIL}@example.net&gt;",
    ]  # fmt: skip
    assert [page.index(words) for words in said] == sorted(page.index(words) for words in said)
    assert "See the trace" not in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "failed", "failure": UNSAFE}, "It is not tried again by itself."),
        ({"attempts_made": [{"number": 1, "at": "2026-07-20T08:00:01Z", "failure": UNSAFE}]}, "not one plain e-mail"),
        ({"status": "queued", "next_attempt_at": "2026-07-20T09:00:00Z"}, "It is tried next then."),
        ({"status": "waiting_address", "queued_at": None, "attempts_made": []}, "It waits until the address"),
        ({"status": "expired"}, "Its time was over"),
        ({"status": "expired", "failure": "incomplete"}, "Something that it says was not known yet."),
        ({"status": "cancelled_erased", "queued_at": None}, "personal data was erased"),
        ({"status": "cancelled_revoked", "queued_at": None}, "was withdrawn before it was sent"),
        ({"status": "cancelled_answered", "queued_at": None}, "or something newer happened, before it was sent"),
    ],
)
async def test_what_was_not_sent_says_why_and_what_comes(
    office: SimpleNamespace, changes: dict[str, Any], said: str
) -> None:
    office.answers[f"GET /v1/deliveries/{MAIL}"] = mail(**changes)
    page = await shown(office, f"{OFFICE}/mails/{MAIL}")
    assert said in page
    assert UNSAFE not in page
    assert ("Message-ID" in page) is ("status" not in changes)


async def test_the_list_says_in_words_why_a_mail_was_not_sent(office: SimpleNamespace) -> None:
    counts = {"failed": 1}
    row = mail(status="failed", failure=UNSAFE, sent_at=None)
    office.answers["GET /v1/deliveries"] = {"items": [row], "next": None, "counts": counts}
    page = await shown(office, f"{OFFICE}/mails")
    assert "not one plain e-mail address" in page
    assert UNSAFE not in page


async def test_where_traces_are_kept_a_mail_leads_to_its_own(
    office: SimpleNamespace, application: Any, settings: Any
) -> None:
    viewer = settings.model_copy(update={"traces_url": "http://localhost:9411/zipkin/traces/{trace_id}"})
    application.state.portal = replace(application.state.portal, settings=viewer)
    page = await shown(office, f"{OFFICE}/mails/{MAIL}")
    assert f'href="http://localhost:9411/zipkin/traces/{TRACE}"' in page
    office.answers[f"GET /v1/deliveries/{MAIL}"] = mail(trace_id=None)
    assert "See the trace" not in await shown(office, f"{OFFICE}/mails/{MAIL}")
    application.state.portal = replace(application.state.portal, settings=settings)


async def test_a_mail_of_another_campaign_is_no_page_of_this_one(office: SimpleNamespace) -> None:
    office.answers[f"GET /v1/deliveries/{MAIL}"] = mail(campaign_id=NETWORK)
    assert (await office.browser.get(f"{OFFICE}/mails/{MAIL}")).status_code == 404


def city(name: str, status: str | None = None) -> dict[str, Any]:
    return {"local_government_id": CITY, "name": name, "status": status, "invitation_id": MAIL if status else None}


def tour(
    office: SimpleNamespace,
    *statuses: str | None,
    commitments: int = 97,
    announced: bool = False,
    ways: tuple[str, ...] = WAYS,
) -> None:
    """A demonstration whose register has as many of the tour's cities as there are statuses."""
    office.answers[f"GET /v1/networks/{NETWORK}"]["demonstration"] = True
    office.campaign["commitments"] = commitments
    if announced:
        office.campaign["milestones"][1] |= dict.fromkeys(("reached_at", "announced_at"), "2026-07-20T08:00:00Z")
    rows = [city(each.name, status) for each, status in zip(SAMPLES, statuses, strict=False)]
    for number, row in enumerate(rows):
        row["invitation_id"] = row["status"] and f"{MAIL[:-1]}{number}"
    office.answers[f"GET /v1/networks/{NETWORK}/local-governments"] = {"items": rows, "next": None}
    invited = [
        {"invitation_id": row["invitation_id"], "recorded_by": way} for row, way in zip(rows, ways, strict=False)
    ]
    office.answers[f"GET /v1/campaigns/{CAMPAIGN}/invitations"] = {"items": invited, "next": None}


@pytest.mark.parametrize(
    ("statuses", "commitments", "announced", "done", "current"),
    [
        ((), 97, False, 0, "Import three cities"),
        ((None, None, None), 97, False, 1, "Invite the three"),
        (("invited", None, None), 97, False, 1, "Invite the three"),
        (("invited", "invited", "interested"), 97, False, 2, "Answer as Samplefield"),
        (("committed", "interested", "invited"), 98, False, 3, "Answer as Samplehaven"),
        (("committed", "committed", "invited"), 99, False, 4, "Record the answer of Sampleton"),
        (("committed", "committed", "committed"), 100, False, 5, "Announce the milestone of 100"),
        (("committed", "committed", "committed"), 100, True, 6, None),
        (("committed", "withdrawn", "committed"), 99, True, 6, None),
    ],
)
async def test_the_tour_knows_from_the_data_how_far_it_is(
    office: SimpleNamespace,
    statuses: tuple[str | None, ...],
    commitments: int,
    announced: bool,
    done: int,
    current: str | None,
) -> None:
    tour(office, *statuses, commitments=commitments, announced=announced)
    page = await shown(office)
    assert f"{done} of 6 done" in page
    opened = re.findall(r"<details open>\s*<summary>.*?</span> ([^<]+)", page)
    assert [title.startswith(current or "") for title in opened] == ([True] if current else [])
    assert page.count('<li class="done"') == done


async def test_the_tour_ticks_no_paper_where_the_city_answered_by_its_link(office: SimpleNamespace) -> None:
    tour(office, "committed", "committed", "committed", commitments=100, ways=("link", "link", "link"))
    page = await shown(office)
    assert "4 of 6 done" in page
    assert page.count("Sampleton has answered in another way: this step cannot be done any more.") == 1
    opened = re.findall(r"<details open>\s*<summary>.*?</span> ([^<]+)", page)
    assert [title.strip() for title in opened] == ["Announce the milestone of 100"]


async def test_only_a_demonstration_near_a_milestone_has_a_tour(office: SimpleNamespace) -> None:
    tour(office, commitments=97)
    assert "six steps" in await shown(office)
    office.answers[f"GET /v1/networks/{NETWORK}"]["demonstration"] = False
    assert "six steps" not in await shown(office)
    office.campaign["milestones"] = [{**office.campaign["milestones"][1], "threshold": 101}]
    tour(office, commitments=97)
    assert "six steps" not in await shown(office)


async def test_the_tour_is_hidden_and_shown_again_in_this_browser(office: SimpleNamespace) -> None:
    tour(office)
    for wanted, other in (("hidden", "Show the tour"), ("shown", "Hide the tour")):
        token = re.search(r'name="form_token" value="([^"]+)"', await shown(office))
        assert token
        data = {"form_token": token[1], "tour": wanted}
        assert (await office.browser.post("/en/office/tour", data=data)).headers["location"] == "/en/office#tour-1"
        page = await shown(office)
        assert other in page
        assert ("six steps" in page) == (wanted == "shown")


async def test_the_offices_pages_lead_back_to_the_tour_while_it_is_under_way(office: SimpleNamespace) -> None:
    office.answers["GET /v1/deliveries"] = {"items": [], "next": None, "counts": {}}
    office.campaign["demonstration"] = True
    page = f"{OFFICE}/mails"
    back = '<a href="/en/office#tour-title">Back to the tour</a>'
    assert back not in (await office.browser.get(page)).text
    tour(office, "committed", "committed", "committed", commitments=100)
    await shown(office)
    assert back in (await office.browser.get(page)).text
    office.campaign["demonstration"] = False
    assert back not in (await office.browser.get(page)).text
    office.campaign["demonstration"] = True
    tour(office, "committed", "committed", "committed", commitments=100, announced=True)
    await shown(office)
    assert back not in (await office.browser.get(page)).text


async def test_the_tours_file_has_one_impossible_latitude_and_is_in_the_pages_language(office: SimpleNamespace) -> None:
    file = await office.browser.get("/ko/office/tour/cities.csv")
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(file.text)))
    assert [abs(float(row["latitude"])) > 90 for row in rows] == [False, False, True]
    assert all(row["language"] == "ko" and row["contact_email"].endswith(".example") for row in rows)
    assert all(COMMON in row["name"] for row in rows)


async def test_a_row_of_the_invitations_leads_to_the_messages_to_that_place(
    office: SimpleNamespace, canned: Any
) -> None:
    invitation = {
        "invitation_id": MAIL, "local_government_id": CITY, "name": "Grigny", "country": "FR", "subdivision": None,
        "wave": "first", "status": "invited", "language": "fr", "issued_at": "2026-07-20T08:00:00Z",
        "reply_by": {"at": "2026-09-15T21:59:00Z", "time_zone": "Europe/Madrid"}, "contact_id": NETWORK,
        "signatory_id": None, "commitment_id": None, "recorded_by": None, "proof_id": None, "overdue": True,
        "decline_reason": "No <time>",
    }  # fmt: skip
    office.answers[f"GET /v1/campaigns/{CAMPAIGN}/invitations"] = {"items": [invitation], "next": None}
    address = f"{OFFICE}/mails?place={CITY}"
    page = await shown(office, f"{OFFICE}/invitations?status=overdue&q=gri")
    assert f'href="{address}">Messages<' in page
    assert '<span class="status overdue">Overdue</span>' in page
    asked = dict(canned.sent("GET", f"/v1/campaigns/{CAMPAIGN}/invitations")[-1].url.params)
    assert asked == {"limit": "50", "newest_first": "true", "overdue": "true", "q": "gri"}
    office.answers["GET /v1/deliveries"] |= {"items": [mail()]}
    page = await shown(office, address)
    assert "Only messages to Grigny are shown." in page
    assert f'href="{OFFICE}/mails/{MAIL}">Grigny</a>' in page
    assert canned.sent("GET", "/v1/deliveries")[-1].url.params["local_government_id"] == CITY
    assert (await office.browser.get(f"{OFFICE}/mails?place=elsewhere")).status_code == 404
