"""Two hundred cities answer at the same time; the counter's own alarm is tried on the real stores afterwards."""

import uuid

import asyncpg
import httpx
import pytest
from polity_local.demo.cities import Cities
from polity_local.demo.counting import judge, look
from polity_local.demo.story import THRESHOLDS, invite, run_cities, settle
from polity_local.running.platform import Platform
from polity_local.testing.parts import SmtpSink

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


async def test_two_hundred_cities_at_once_lose_nothing_and_double_nothing(platform: Platform, mails: SmtpSink) -> None:
    outcome = await run_cities(platform, mails.messages, 200, lambda cities, tokens: cities.all_at_once(tokens, 50))
    assert outcome["sentences"] == []
    assert (outcome["lost"], outcome["doubled"]) == (0, 0)
    assert (outcome["invited"], outcome["interested"], outcome["committed"]) == (200, 200, 200)
    assert outcome["milestones"] == [{"threshold": 10, "ordinal": 10}, {"threshold": 100, "ordinal": 100}]
    # An invitation and a thank-you for each city, two milestones for two people of the secretariat.
    assert outcome["mails"] == 404
    assert outcome["projected"]["committed"] == 200


async def test_a_deleted_row_and_a_doubled_effect_turn_the_counter_red(platform: Platform, mails: SmtpSink) -> None:
    async with httpx.AsyncClient(base_url=platform.internal_url, timeout=30) as http:
        acknowledged, tokens = await invite(platform, mails.messages, http, 12)
        await Cities(http, acknowledged).all_at_once(tokens, 12)
    green, _ = await settle(platform, mails.messages, acknowledged)
    assert (green.lost, green.doubled, green.doubled_mails) == ([], [], 0)

    campaign = acknowledged.campaign_id
    await _run(
        platform,
        "reporting",
        "DELETE FROM answer WHERE ctid = (SELECT ctid FROM answer WHERE campaign_id = $1::text::uuid LIMIT 1)",
        campaign,
    )
    await _run(
        platform,
        "notifications",
        "INSERT INTO delivery (delivery_id, kind, campaign_id, person_id, local_government_id, status, due_at,"
        " expires_at, asked_at)"
        f" SELECT '{uuid.uuid4()}', kind, campaign_id, person_id, local_government_id, 'failed', due_at, expires_at,"
        " asked_at FROM delivery WHERE campaign_id = $1::text::uuid AND kind = 'thank_you' LIMIT 1",
        campaign,
    )
    red = judge(acknowledged, THRESHOLDS, await look(platform, campaign, mails.messages))
    assert any(sentence.startswith("projected commitments") for sentence in red.lost)
    assert any(sentence.startswith("delivery thank_you") for sentence in red.doubled)


async def _run(platform: Platform, service: str, statement: str, campaign: str) -> None:
    connection = await asyncpg.connect(platform.database_url(service).replace("+asyncpg", ""))
    try:
        assert (await connection.execute(statement, campaign)).endswith(" 1")
    finally:
        await connection.close()
