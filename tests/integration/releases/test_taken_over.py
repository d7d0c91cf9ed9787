"""A new release takes over what the one before it left: nothing is lost, nothing is told twice, and the facts go on."""

import re
import tarfile
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from polity_contracts.topics import COMMITMENTS, INVITATIONS
from polity_local.demo import letter
from polity_local.demo.client import checked
from polity_local.releases.asked import ask
from polity_local.releases.frozen import ARCHIVE, answers, at_rest
from polity_local.releases.story import link

pytestmark = pytest.mark.timeout(600)

MOVING = {"consumer_position": {"at_end_at"}}
"""Columns that move while nothing happens."""
DOUBLED_BY_A_MISTAKE = (
    "membership.invitation", "membership.commitment", "membership.milestone_reached", "membership.person",
    "notifications.delivery", "notifications.delivery_attempt", "notifications.webhook_message",
    "notifications.webhook_delivery", "notifications.webhook_attempt", "reporting.answer", "reporting.milestone",
)  # fmt: skip
NEW_CONSUMERS = {"reporting-networks"}
PROGRESS = re.compile(r"public /v1/progress/\{\w+\}")
OF_THE_ASKING = {"retry_after", "as_of", "trace_id"}
"""Fields that tell the moment or the trace of asking."""


async def test_what_is_restored_is_what_was_frozen(taken: Any) -> None:
    then, again = _members(taken.folder), _members(taken.again)
    assert len(then) > 6
    assert [name for name in then if then[name] != again[name]] == []


def _members(folder: Path) -> dict[str, list[bytes]]:
    """The lines of each file in the archive, without the marks that pg_dump makes anew each time."""
    with tarfile.open(folder / ARCHIVE) as archive:
        found = {member.name: archive.extractfile(member) for member in archive if member.isfile()}
        return {
            name: [line for line in file.read().splitlines() if not line.startswith((b"\\restrict", b"\\unrestrict"))]
            for name, file in found.items()
            if file
        }


async def test_no_row_is_lost_and_none_doubled(taken: Any) -> None:
    now = await taken.rows()
    changed = {
        f"{table} {key}: {column}": (value, now[table][key].get(column, value))
        for table, kept in taken.before.items()
        for key, row in kept.items()
        for column, value in row.items()
        if column not in MOVING.get(table.partition(".")[2], ()) and now[table][key].get(column, value) != value
    }
    assert changed == {}
    assert {table: len(now[table]) for table in DOUBLED_BY_A_MISTAKE} == {
        table: len(taken.before[table]) for table in DOUBLED_BY_A_MISTAKE
    }


async def test_nobody_is_told_anything_twice(taken: Any) -> None:
    assert len(taken.before["notifications.delivery"]) > 20
    assert taken.mails.messages == []


async def test_the_api_answers_what_it_answered(taken: Any) -> None:
    then = answers(taken.folder)
    now = await ask(taken.realm, taken.http, taken.manifest["ids"], taken.manifest["links"])
    assert len(then) > 25
    told = {asked: told_since_0_2(asked, was) for asked, was in then.items()}
    for asked in told:
        if asked.endswith("/parked"):
            # Consumers of now park what those of then have parked, and keep it beside.
            now[asked]["items"] = [item for item in now[asked]["items"] if item["consumer"] not in NEW_CONSUMERS]
        elif PROGRESS.fullmatch(asked):
            days = [day["committed"] for day in now[asked]["by_day"]]
            assert sum(days) == then[asked]["totals"]["committed"]
    assert {asked: found for asked, was in told.items() if (found := list(differences(was, now[asked])))} == {}


def told_since_0_2(asked: str, was: Any) -> Any:
    """Returns what is still told of an answer: publicly, groups count who pledged, and totals begin at ten invited."""
    if not PROGRESS.fullmatch(asked):
        return was
    still = {**was, "totals": was["totals"] if was["totals"]["invited"] >= 10 else {}}
    for name in ("region", "country"):
        pledged = [group for group in was[f"by_{name}"] if group["committed"]]
        still[f"by_{name}"] = [{name: group[name], "committed": group["committed"]} for group in pledged]
    # Of a day those who stand are counted: what was withdrawn later is no longer told to have been given on it.
    still["by_day"] = [{"day": day["day"]} for day in was["by_day"] if day["committed"]]
    return still


async def test_a_link_of_then_opens_and_the_facts_go_on(taken: Any) -> None:
    campaign, webhook = taken.manifest["ids"]["campaign"], taken.manifest["ids"]["webhook"]
    # Its endpoint was the story's and is gone.
    partner = {"Authorization": f"Bearer {taken.realm.partner_token()}"}
    checked(await taken.http.post(f"/v1/webhooks/{webhook}/pause", headers=partner))
    before = checked(await taken.http.get(f"/v1/campaigns/{campaign}"))["commitments"]
    still = link(taken.manifest["links"]["drafted"])
    draft = checked(await taken.http.get("/v1/answer/draft", headers=still))
    assert draft["signatory_name"] == "Half Written"
    invitation = checked(await taken.http.get("/v1/answer", headers=still))["invitation_id"]
    made = await _pledge(taken, still)
    ordinals = [
        row["ordinal"] for row in taken.before["membership.commitment"].values() if row["campaign_id"] == campaign
    ]
    assert made["ordinal"] == max(filter(None, ordinals)) + 1
    fresh = link(taken.manifest["links"]["open"])
    opened = checked(await taken.http.get("/v1/answer", headers=fresh))["invitation_id"]
    checked(await taken.http.post("/v1/answer/interest", headers=fresh))
    await at_rest(taken.platform)
    of_invitations = await _sequences(taken, INVITATIONS.name)
    assert of_invitations[invitation] == [1, 2]
    assert of_invitations[opened] == [1, 2]
    assert (await _sequences(taken, COMMITMENTS.name))[made["commitment_id"]] == [1]
    now = await taken.rows()
    assert now["membership.invitation"][f'["{opened}"]']["fact_sequence"] == 2
    assert checked(await taken.http.get(f"/v1/campaigns/{campaign}"))["commitments"] == before + 1
    progress = checked(await taken.http.get(f"/v1/progress/{campaign}"))
    assert progress["totals"]["committed"] == before + 1
    assert len(taken.mails.messages) == 1


async def _pledge(taken: Any, caller: dict[str, str]) -> Any:
    body = {
        "signatory_name": "Signatory of Today",
        "signatory_office": "Mayor",
        "signed_on": taken.manifest["frozen_at"][:10],
        "themes": list(letter.THEMES)[:3],
    }
    headers = {**caller, "Idempotency-Key": "taken-over"}
    return checked(await taken.http.post("/v1/answer/commitment", headers=headers, json=body))


async def _sequences(taken: Any, topic: str) -> dict[str, list[int]]:
    """The numbers of each key's facts, in the order of the log."""
    found: dict[str, list[int]] = {}
    async with AIOKafkaConsumer(
        bootstrap_servers=taken.platform.kafka_bootstrap, auto_offset_reset="earliest"
    ) as consumer:
        places = [TopicPartition(topic, number) for number in range(6)]
        ends = await consumer.end_offsets(places)
        consumer.assign(places)
        while any([await consumer.position(place) < ends[place] for place in places]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    number = int(dict(record.headers)["ce_sequence"])
                    found.setdefault(record.key.decode(), []).append(number)
    return found


def differences(then: Any, now: Any, at: str = "") -> Any:
    """Yields where an answer says something else than it did; what is said beside it is no difference."""
    if isinstance(then, dict) and isinstance(now, dict):
        for name, value in then.items():
            if name not in OF_THE_ASKING:
                yield from differences(value, now.get(name), f"{at}.{name}")
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for place, (one, other) in enumerate(zip(then, now, strict=True)):
            yield from differences(one, other, f"{at}[{place}]")
    elif then != now:
        yield f"{at}: {then!r} is {now!r}"
