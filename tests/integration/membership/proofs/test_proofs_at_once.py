"""Pieces are written outside of any transaction: whoever comes in between, what counts is what was acknowledged."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from polity_membership.proofs.files import Files
from polity_membership.proofs.queries import LONGEST_PIECE
from polity_membership.proofs.usecases.remove_proofs import remove_proofs
from sqlalchemy import text

TUS = {"Tus-Resumable": "1.0.0"}
LETTER = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 8
OTHER = b"\xff\xd8\xff\xe0" + bytes(range(255, -1, -1)) * 8
OPEN = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
FOLDER = "SELECT folder, removed_at FROM proof WHERE id = :id"


class Upload:
    """A letter that a city sends."""

    def __init__(self, world: Any, net: Any, link: str, place: str) -> None:
        self.world, self.net, self.link, self.place = world, net, link, place
        self.id = UUID(place.rpartition("/")[2])

    async def send(self, offset: int, piece: bytes) -> int:
        headers = {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        answer = await self.world.call("PATCH", self.place, piece, link=self.link, **headers)
        return int(answer.status_code)

    async def shown(self) -> bytes:
        found = await self.world.call("GET", f"/v1/proofs/{self.id}", as_=self.net.secretariat)
        assert found.status_code == 200, found.text
        return bytes(found.content)

    async def names(self) -> set[str]:
        """The files of its folder."""
        (row,) = await self.world.rows(FOLDER, id=self.id)
        folder = Path(urlsplit(self.world.files_url).path) / row["folder"]
        return {path.name for path in folder.iterdir()} if folder.exists() else set()


@pytest.fixture
async def upload(world: Any, net: Any) -> Upload:
    _, (link,) = await net.invited(1)
    headers = {**TUS, "Upload-Length": str(len(LETTER))}
    begun = await world.call("POST", "/v1/answer/proofs", link=link, **headers)
    return Upload(world, net, link, begun.headers["location"])


@asynccontextmanager
async def held_up(patch: pytest.MonkeyPatch, method: str, *, before: bool = False) -> AsyncIterator[Callable[[], Any]]:
    """The first call of the method of Files stops once it has done it, or before; yields what waits for that."""
    real, stopped, go_on, first = getattr(Files, method), asyncio.Event(), asyncio.Event(), True

    async def stop() -> None:
        stopped.set()
        await go_on.wait()

    async def slow(*arguments: Any) -> Any:
        nonlocal first
        mine, first = first, False
        if mine and before:
            await stop()
        found = await real(*arguments)
        if mine and not before:
            await stop()
        return found

    async def until_stopped() -> None:
        async with asyncio.timeout(20):
            await stopped.wait()

    with patch.context() as patched:
        patched.setattr(Files, method, slow)
        try:
            yield until_stopped
        finally:
            go_on.set()


async def open_transactions(world: Any) -> int:
    async with world.database.watch() as connection:
        return len((await connection.execute(text(OPEN))).all())


async def test_no_transaction_is_open_while_a_piece_is_written(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    async with held_up(monkeypatch, "write") as written:
        sending = asyncio.create_task(upload.send(0, LETTER))
        await written()
        assert await open_transactions(upload.world) == 0
    assert await sending == 204
    assert await upload.shown() == LETTER


@pytest.mark.parametrize("before", [False, True], ids=["written first", "written last"])
@pytest.mark.parametrize("second", [LETTER, OTHER], ids=["the same", "another"])
async def test_of_two_senders_what_was_acknowledged_is_kept(
    upload: Upload, monkeypatch: pytest.MonkeyPatch, second: bytes, before: bool
) -> None:
    async with held_up(monkeypatch, "write", before=before) as stopped:
        first = asyncio.create_task(upload.send(0, LETTER[:1000]))
        await stopped()
        assert await upload.send(0, second[:1000]) == 204
    assert await first == 409
    assert len(await upload.names()) == 1
    assert await upload.send(1000, second[1000:]) == 204
    assert await upload.shown() == second


@pytest.mark.parametrize("second", [LETTER, OTHER], ids=["the same", "another"])
async def test_what_a_kill_leaves_behind_is_neither_lost_nor_doubled(
    upload: Upload, monkeypatch: pytest.MonkeyPatch, second: bytes
) -> None:
    """Killed once the piece was written and before it was acknowledged."""
    async with held_up(monkeypatch, "write") as written:
        killed = asyncio.create_task(upload.send(0, LETTER[:1500]))
        await written()
        killed.cancel()
        await asyncio.wait([killed])
    for offset in range(0, len(second), 1024):
        assert await upload.send(offset, second[offset : offset + 1024]) == 204
    assert await upload.shown() == second


async def test_pieces_of_the_release_before_are_read_beside_new_ones(upload: Upload) -> None:
    (row,) = await upload.world.rows(FOLDER, id=upload.id)
    folder = Path(urlsplit(upload.world.files_url).path) / row["folder"]
    folder.mkdir()
    (folder / f"{0:012}").write_bytes(LETTER[:500])
    # Written by a process that was killed before it could acknowledge it.
    (folder / f"{500:012}").write_bytes(LETTER[500:700])
    said = "UPDATE proof SET received_bytes = 500, media_type = 'image/jpeg' WHERE id = :id RETURNING id"
    await upload.world.rows(said, id=upload.id)
    assert await upload.send(500, LETTER[500:]) == 204
    assert await upload.shown() == LETTER


async def test_a_piece_that_comes_after_its_removal_goes_with_the_second(
    upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, files = upload.world, Files(upload.world.files_url)
    invitation = (await world.call("GET", "/v1/answer", link=upload.link, expect=200))["invitation_id"]
    async with held_up(monkeypatch, "write", before=True) as stopped:
        sending = asyncio.create_task(upload.send(0, LETTER))
        await stopped()
        await upload.net.post(f"/v1/invitations/{invitation}/revocation", {}, expect=200)
        await remove_proofs(world.database, files, world.now())
    assert await sending == 410
    assert len(await upload.names()) == 1
    await remove_proofs(world.database, files, world.now())
    assert len(await upload.names()) == 1
    past = "UPDATE proof SET removed_at = removed_at - CAST(:time AS interval) WHERE id = :id RETURNING removed_at"
    await world.rows(past, id=upload.id, time=LONGEST_PIECE + timedelta(seconds=1))
    (row,) = await world.rows(FOLDER, id=upload.id)
    await remove_proofs(world.database, files, world.now())
    assert not (Path(urlsplit(world.files_url).path) / row["folder"]).exists()
    assert [found["folder"] for found in await world.rows(FOLDER, id=upload.id)] == [None]
    assert await world.rows("SELECT name FROM proof_piece WHERE proof_id = :id", id=upload.id) == []


async def test_no_transaction_is_open_while_files_are_removed(upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    world = upload.world
    await upload.send(0, LETTER)
    await upload.net.commit(upload.link)
    async with held_up(monkeypatch, "remove") as removed:
        removing = asyncio.create_task(remove_proofs(world.database, Files(world.files_url), world.now()))
        await removed()
        assert await open_transactions(world) == 0
    assert await removing >= 1
