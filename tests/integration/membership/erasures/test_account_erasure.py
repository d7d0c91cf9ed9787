"""The sign-in account of an erased person is deleted, however often that takes."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from polity_chassis.runtime import Runtime
from polity_membership.erasures import queries as erasures
from polity_membership.erasures.accounts import Accounts
from polity_membership.worker import LEASE, LONGEST_PAUSE, erase_due_accounts
from pydantic import SecretStr

ADMIN = "http://identity.test/auth/admin/realms/polity"


class Keycloak:
    """Answers as Keycloak does; `answers` are the statuses of the next deletions, then 204."""

    def __init__(self) -> None:
        self.deleted: list[str] = []
        self.answers: list[int] = []
        self.away = False
        self.token = httpx.Response(200, json={"access_token": "token"})
        self.meanwhile: Callable[[], Awaitable[Any]] | None = None

    async def handle(self, request: httpx.Request) -> httpx.Response:
        if self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        if self.away:
            raise httpx.ConnectError("refused")
        if request.url.path == "/auth/realms/polity/protocol/openid-connect/token":
            right = httpx.BasicAuth("polity-erasure", "secret")._auth_header
            assert request.headers["authorization"] == right
            return self.token
        assert (request.method, request.headers["authorization"]) == ("DELETE", "Bearer token")
        self.deleted.append(request.url.raw_path.decode().removeprefix("/auth/admin/realms/polity/users/"))
        return httpx.Response(self.answers.pop(0) if self.answers else 204)


class Desk:
    """A world in which the worker reaches a Keycloak."""

    def __init__(self, world: Any) -> None:
        self.world, self.keycloak = world, Keycloak()
        transport = httpx.MockTransport(self.keycloak.handle)
        self.accounts = Accounts(ADMIN, "polity-erasure", SecretStr("secret"), transport)

    async def work(self) -> list[str]:
        """Lets the worker look once; returns whose deletion it asked for."""
        before = len(self.keycloak.deleted)
        runtime = Runtime(None, self.world.database, self.world.now)  # type: ignore[arg-type]
        await erase_due_accounts(runtime, self.accounts)
        return self.keycloak.deleted[before:]

    async def later(self, time: timedelta) -> None:
        """Lets so much time pass by the database's clock."""
        await self.world.rows(
            "UPDATE account_erasure SET due_at = due_at - CAST(:time AS interval) RETURNING 1", time=time
        )

    async def holder(self, net: Any, subject: str) -> str:
        """Returns the id of a new person whose mandate the sign-in `subject` is linked to."""
        body = {"person": {"name": "Walter", "email": "w@example.org", "language": "en"}, "role": "secretariat"}
        granted = await net.post(f"/v1/networks/{net.id}/mandates", body, expect=201)
        await self.world.call("POST", "/v1/mandate-links", {"link": granted["link"]}, as_=subject, expect=200)
        return str(granted["person_id"])

    async def waiting(self) -> set[str]:
        return {row["subject"] for row in await self.world.rows("SELECT subject FROM account_erasure")} - {None}


@pytest_asyncio.fixture
async def desk(world: Any) -> Desk:
    await world.rows("DELETE FROM account_erasure RETURNING 1")
    return Desk(world)


async def test_the_account_is_deleted_once_and_forgotten(desk: Desk, net: Any) -> None:
    person = await desk.holder(net, "subject/1")
    assert await desk.work() == []
    await net.post(f"/v1/people/{person}/erasure", {}, expect=202)
    assert await desk.waiting() == {"subject/1"}
    assert await desk.work() == ["subject%2F1"]
    assert await desk.work() == []
    (row,) = await desk.world.rows("SELECT subject, done_at IS NOT NULL AS done FROM account_erasure")
    assert row == {"subject": None, "done": True}


async def test_an_account_that_is_gone_already_counts_as_deleted(desk: Desk, net: Any) -> None:
    await net.post(f"/v1/people/{await desk.holder(net, 'gone')}/erasure", {}, expect=202)
    desk.keycloak.answers = [404]
    assert await desk.work() == ["gone"]
    assert await desk.waiting() == set()


async def test_a_keycloak_that_is_away_or_refuses_is_asked_again_later_and_later(desk: Desk, net: Any) -> None:
    await net.post(f"/v1/people/{await desk.holder(net, 'stubborn')}/erasure", {}, expect=202)
    desk.keycloak.away = True
    assert await desk.work() == []
    assert await desk.work() == []
    desk.keycloak.away = False
    desk.keycloak.answers = [403, 500]
    pauses = []
    for _ in range(2):
        (row,) = await desk.world.rows("SELECT due_at - now() AS pause FROM account_erasure")
        pauses.append(row["pause"])
        await desk.later(pauses[-1])
        assert await desk.work() == ["stubborn"]
    assert timedelta() < 1.5 * pauses[0] < pauses[1] < LONGEST_PAUSE
    assert await desk.waiting() == {"stubborn"}
    await desk.later(LONGEST_PAUSE)
    assert await desk.work() == ["stubborn"]
    assert await desk.waiting() == set()


async def test_an_account_that_somebody_else_acts_under_goes_with_the_last_of_them(desk: Desk, net: Any) -> None:
    first, second = [await desk.holder(net, "shared") for _ in range(2)]
    await net.post(f"/v1/people/{first}/erasure", {}, expect=202)
    assert await desk.work() == []
    await net.post(f"/v1/people/{second}/erasure", {}, expect=202)
    assert await desk.work() == ["shared"]


UNREADABLE = {
    "a page": httpx.Response(200, html="<html>Please sign in to the network</html>"),
    "nothing": httpx.Response(200),
    "another object": httpx.Response(200, json={"token": "x"}),
    "a list": httpx.Response(200, json=["x"]),
    "no header's value": httpx.Response(200, json={"access_token": "x\r\ny"}),
    "what is not packed": httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"plain")),
}


@pytest.mark.parametrize("answer", UNREADABLE)
async def test_an_answer_that_nobody_can_read_is_one_more_attempt_in_vain(desk: Desk, net: Any, answer: str) -> None:
    await net.post(f"/v1/people/{await desk.holder(net, 'patient')}/erasure", {}, expect=202)
    right, desk.keycloak.token = desk.keycloak.token, UNREADABLE[answer]
    assert await desk.work() == []
    assert await desk.world.rows("SELECT attempts FROM account_erasure") == [{"attempts": 1}]
    desk.keycloak.token = right
    await desk.later(LONGEST_PAUSE)
    assert await desk.work() == ["patient"]


@pytest.mark.parametrize("apart", [timedelta(minutes=10), -timedelta(minutes=10)], ids=["ahead", "behind"])
async def test_what_one_worker_has_taken_no_other_takes_whatever_its_clock_says(
    desk: Desk, net: Any, apart: timedelta
) -> None:
    await net.post(f"/v1/people/{await desk.holder(net, 'taken')}/erasure", {}, expect=202)
    other = Desk(desk.world)

    async def meanwhile() -> None:
        desk.world.moved += apart
        assert await other.work() == []

    desk.keycloak.meanwhile = meanwhile
    assert await desk.work() == ["taken"]


async def test_two_workers_that_look_at_once_take_different_accounts(desk: Desk, net: Any) -> None:
    for subject in ("one", "other"):
        await net.post(f"/v1/people/{await desk.holder(net, subject)}/erasure", {}, expect=202)
    database = desk.world.database
    async with database.transaction() as first, database.transaction() as second:
        taken = await erasures.claim_accounts(first, LEASE, 1) + await erasures.claim_accounts(second, LEASE, 4)
    assert {account.subject for account in taken} == {"one", "other"}
    assert len(taken) == 2
    assert await desk.work() == []


async def test_a_worker_that_comes_back_late_undoes_nothing_of_the_next_ones(desk: Desk, net: Any) -> None:
    await net.post(f"/v1/people/{await desk.holder(net, 'late')}/erasure", {}, expect=202)
    other = Desk(desk.world)
    other.keycloak.answers = [500]

    async def meanwhile() -> None:
        await desk.later(LEASE)
        assert await other.work() == ["late"]

    desk.keycloak.meanwhile, desk.keycloak.answers = meanwhile, [500]
    assert await desk.work() == ["late"]
    assert await desk.world.rows("SELECT attempts FROM account_erasure") == [{"attempts": 1}]
