"""Membership's database was set back to a backup: an operator settles what was published since."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from polity_chassis.database.engine import Database
from polity_chassis.database.migrations import migrate
from polity_chassis.operations.orphans import watch_orphans
from polity_contracts.topics import PEOPLE
from sqlalchemy import text

ORPHAN = """
INSERT INTO orphan (topic, partition, "offset", key, sequence, type, message_id, value, occurred_at)
VALUES (:topic, 0, :seq, :key, :sequence, :type, :message_id, :value, :occurred_at)
"""
ORPHANS = "/v1/operations/membership/orphans"


class Lived:
    """A membership with a backup, and what it published after it."""

    def __init__(self, world: Any, postgres: Any) -> None:
        self.world, self._postgres = world, postgres
        self._backup, self._known = "", 0

    async def back_up(self) -> None:
        (newest,) = await self.world.rows("SELECT coalesce(max(seq), 0) AS seq FROM outbox")
        self._known = newest["seq"]
        await self.world.database.close()
        self._backup = await self._postgres.copy_database(self.world.database.url)

    async def restored(self) -> Any:
        """Returns the service over the backup, where a relay has found what was published since."""
        since = await self.world.rows("SELECT * FROM outbox WHERE seq > :seq ORDER BY seq", seq=self._known)
        world = type(self.world)(Database(self._backup, application_name="tests"), self.world.files_url)
        world._key, world.app.state.verifier = self.world._key, self.world.app.state.verifier
        async with world.database.engine.begin() as connection:
            for row in since:
                # A relay keeps nobody's name and address.
                value = None if row["topic"] == PEOPLE.name else row["value"]
                await connection.execute(text(ORPHAN), {**row, "value": value})
        return world


@pytest_asyncio.fixture
async def lived(world: Any, postgres: Any) -> AsyncIterator[Lived]:
    database = Database(await postgres.create_database("membership"), application_name="tests")
    await migrate(database.url, "polity_membership")
    own = type(world)(database, world.files_url)
    await own.become_operator()
    yield Lived(own, postgres)
    await database.close()


async def ready(world: Any) -> tuple[int, str]:
    answer = await world.call("GET", "/health/ready")
    return answer.status_code, answer.json()["status"]


async def settle(world: Any) -> int:
    answer = await world.call(
        "POST", f"{ORPHANS}/settlement", {"reason": "the cities were asked"}, as_=world.operator, expect=200
    )
    return int(answer["settled"])


async def test_no_ordinal_is_given_again_and_a_milestone_stays_reached(lived: Lived) -> None:
    net = await lived.world.network()
    campaign, links = await net.invited(6, 2, 4)
    assert (await net.commit(links[0]))["ordinal"] == 1
    await lived.back_up()
    lost = [await net.commit(link) for link in links[1:3]]
    await net.post(f"/v1/campaigns/{campaign}/milestones/2/announcement", None, expect=200)
    world = net.world = await lived.restored()

    found = (await world.call("GET", ORPHANS, as_=world.operator, expect=200))["items"]
    assert sorted((item["type"], item["data"].get("ordinal")) for item in found) == [
        ("membership.commitment_made", 2),
        ("membership.commitment_made", 3),
        ("membership.milestone_announced", None),
        ("membership.milestone_reached", 2),
    ]
    assert await settle(world) == 4

    shown = await world.call("GET", f"/v1/campaigns/{campaign}", expect=200)
    assert (shown["commitments"], shown["milestones"][0]["ordinal"]) == (1, 2)
    assert shown["milestones"][0]["announced_at"] is not None
    for commitment in lost:
        (back,) = await world.facts(commitment["commitment_id"])
        assert (*back[:2], back[2]["ordinal"]) == ("commitment_withdrawn", 2, commitment["ordinal"])
    assert [(await net.commit(link))["ordinal"] for link in links[1:]] == [4, 5, 6, 7, 8]
    assert [(name, number) for name, number, _ in await world.facts(campaign)] == [
        ("campaign_opened", 1),
        ("milestone_reached", 4),
    ]
    assert (await world.facts(campaign))[-1][2]["threshold"] == 4
    steps = await world.rows("SELECT answer_step FROM invitation ORDER BY id")
    # Pledged; pledged, taken back, pledged again; pledged.
    assert [row["answer_step"] for row in steps] == [1, 3, 3, 1, 1, 1]
    assert await settle(world) == 0


@pytest.mark.parametrize("value", [b'{"ordinal": "x"}', b"[]", b"no JSON"])
async def test_what_a_stranger_wrote_into_the_topic_holds_no_settlement_up(lived: Lived, value: bytes) -> None:
    net = await lived.world.network()
    _, (link,) = await net.invited(1)
    await lived.back_up()
    await net.commit(link)
    world = net.world = await lived.restored()
    (known,) = await world.rows("SELECT * FROM orphan")
    strange = {**known, "seq": 10**6, "key": str(uuid4()), "sequence": 1, "message_id": uuid4(), "value": value}
    async with world.database.engine.begin() as connection:
        await connection.execute(text(ORPHAN), strange)
    found = (await world.call("GET", ORPHANS, as_=world.operator, expect=200))["items"]
    assert len(found) == 2
    assert await settle(world) == 2
    assert (await net.commit(link))["ordinal"] == 2


async def test_a_commitment_confirmed_after_the_backup_waits_for_its_confirmation_again(lived: Lived) -> None:
    net = await lived.world.network()
    campaign, links = await net.invited(1, counts_at_once=False)
    commitment = (await net.commit(links[0]))["commitment_id"]
    await lived.back_up()
    await net.decide(commitment, "confirmation")
    world = net.world = await lived.restored()
    await settle(world)

    assert [(name, number) for name, number, _ in await world.facts(commitment)] == [
        ("commitment_submitted", 1),
        ("commitment_withdrawn", 3),
    ]
    assert (await net.decide(commitment, "confirmation"))["ordinal"] == 2
    assert (await world.call("GET", f"/v1/campaigns/{campaign}", expect=200))["commitments"] == 1


async def test_what_was_ended_stays_ended(lived: Lived) -> None:
    net = await lived.world.network()
    campaign, links = await net.invited(3, 1)
    commitment = (await net.commit(links[0]))["commitment_id"]
    invitations = (await net.get(f"/v1/campaigns/{campaign}/invitations"))["items"]
    revoked, gone = invitations[1]["invitation_id"], invitations[2]["contact_id"]
    await lived.back_up()
    await net.decide(commitment, "withdrawal")
    await net.post(f"/v1/invitations/{revoked}/revocation", None, expect=200)
    await net.post(f"/v1/people/{gone}/erasure", None, expect=202)
    (mandate,) = (await lived.world.call("GET", "/v1/me", as_=net.secretariat, expect=200))["mandates"]
    await lived.world.call("POST", f"/v1/mandates/{mandate['mandate_id']}/end", as_=lived.world.operator, expect=200)
    world = net.world = await lived.restored()
    await settle(world)

    statuses = await world.rows("SELECT status FROM invitation ORDER BY id")
    assert [row["status"] for row in statuses] == ["withdrawn", "revoked", "invited"]
    assert (await world.call("GET", f"/v1/campaigns/{campaign}", expect=200))["commitments"] == 0
    assert (await world.call("GET", "/v1/answer", link=links[1])).status_code == 410
    assert (await world.facts(gone))[-1] == ("person_erased", 3, None)
    assert await world.rows("SELECT name FROM person WHERE id = :id", id=UUID(gone)) == [{"name": None}]
    assert (await world.call("GET", "/v1/me", as_=net.secretariat, expect=200))["mandates"] == []


async def test_who_only_the_others_know_is_taken_back(lived: Lived) -> None:
    net = await lived.world.network()
    campaign, _ = await net.invited(1)
    ((known),) = await lived.world.rows("SELECT local_government_id AS place, person_id FROM local_government_contact")
    await lived.back_up()
    better = {"name": "Better", "email": "better@example.org", "language": "en"}
    await net.post(f"/v1/local-governments/{known['place']}/contact", better, expect=200)
    granted = await net.post(f"/v1/networks/{net.id}/mandates", {"person": better, "role": "secretariat"}, expect=201)
    await net.register(2)
    await net.invite_all(campaign)
    sql = "SELECT id, contact_id FROM invitation ORDER BY id DESC LIMIT 1"
    (new,) = await lived.world.rows(sql)
    world = net.world = await lived.restored()
    await settle(world)

    name, number, present = (await world.facts(known["person_id"]))[-1]
    assert (name, number, present["name"]) == ("person_recorded", 3, "Contact of City 0001")
    for key, expected in (
        (granted["person_id"], "person_erased"),
        (granted["mandate_id"], "mandate_ended"),
        (new["contact_id"], "person_erased"),
        (new["id"], "invitation_revoked"),
    ):
        assert [(name, number) for name, number, _ in await world.facts(key)] == [(expected, 2)]
    assert (await world.facts(new["id"]))[0][2]["link_generation"] == 2


async def test_a_sign_in_that_was_linked_after_the_backup_acts_under_its_mandate(lived: Lived) -> None:
    net = await lived.world.network()
    holder = {"name": "Rosa", "email": "rosa@example.org", "language": "es"}
    granted = await net.post(f"/v1/networks/{net.id}/mandates", {"person": holder, "role": "secretariat"}, expect=201)
    await lived.back_up()
    await lived.world.call("POST", "/v1/mandate-links", {"link": granted["link"]}, as_="rosa", expect=200)
    world = await lived.restored()
    await settle(world)
    assert len((await world.call("GET", "/v1/me", as_="rosa", expect=200))["mandates"]) == 1


async def test_a_restored_membership_answers_nobody_but_operators_until_they_have_settled(lived: Lived) -> None:
    net = await lived.world.network()
    campaign, links = await net.invited(1)
    await lived.back_up()
    await net.commit(links[0])
    world = net.world = await lived.restored()
    runtime = world.app.state.runtime
    watching = asyncio.create_task(watch_orphans(runtime))
    async with asyncio.timeout(30):
        while not runtime.withheld:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    for method, path in (("GET", f"/v1/campaigns/{campaign}"), ("GET", "/v1/answer"), ("POST", "/v1/answer/interest")):
        answer = await world.call(method, path, link=links[0])
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:polity:problem:owner_restored")
        assert answer.headers["Retry-After"] == "60"
    assert (await world.call("GET", "/health/live")).status_code == 200
    assert await ready(world) == (503, "published facts are unknown here: an operator has to settle the orphans")
    assert (await world.call("GET", ORPHANS)).status_code == 401
    assert (await world.call("GET", ORPHANS, as_=net.secretariat)).status_code == 403
    assert (await world.call("POST", f"{ORPHANS}/settlement", {}, as_=world.operator)).status_code == 422

    assert await settle(world) == 1
    assert await ready(world) == (200, "ready")
    assert (await world.call("GET", f"/v1/campaigns/{campaign}")).status_code == 200
    async with asyncio.timeout(30):
        while runtime.withheld:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    watching.cancel()


async def test_before_it_was_compared_a_restored_membership_takes_no_write(lived: Lived) -> None:
    net = await lived.world.network()
    campaign, links = await net.invited(1)
    await lived.back_up()
    world = net.world = await lived.restored()
    answer = await net.commit(links[0], expect=None)
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:polity:problem:owner_restored")
    assert answer.headers["Retry-After"] == "5"
    assert await ready(world) == (503, "the database is not yet compared with what was published")
    assert (await world.call("GET", f"/v1/campaigns/{campaign}", expect=200))["commitments"] == 0
