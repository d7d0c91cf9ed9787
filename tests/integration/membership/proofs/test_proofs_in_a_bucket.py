"""Photos of signed letters in a bucket of S3: kept, put together, given out and erased as in a folder."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import fsspec
import pytest
from polity_local.testing.buckets import Bucket
from polity_membership.proofs.domain.proof import UNFINISHED_FOR
from polity_membership.proofs.files import IN_TIME, Files, files_at, name_of
from polity_membership.proofs.usecases.remove_proofs import remove_proofs

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 2000
PIECE_BYTES = 200_000
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}
WRITE = """
import asyncio, os, sys
from polity_membership.proofs.files import Files
asyncio.run(Files(sys.argv[1]).write("a", sys.argv[2], sys.argv[3].encode()))
os._exit(0)  # as one that is killed; obstore may abort an interpreter that ends in the millisecond after its answer
"""


@pytest.fixture
async def world(_world: Any, bucket: Bucket) -> Any:
    """Membership over the same database, whose files are in the bucket."""
    made = _world.with_files(f"{bucket.url}/{uuid4()}")
    yield made
    await made.client.aclose()


def forget_servers() -> None:
    """Lets the next call ask the environment again where the bucket is."""
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    files_at.cache_clear()


def stored(world: Any) -> list[str]:
    """The objects of this test's part of the bucket, asked for anew."""
    system, root = fsspec.core.url_to_fs(world.files_url, skip_instance_cache=True, **IN_TIME)
    return sorted(system.find(root))


async def begin(world: Any, link: str) -> str:
    answer = await world.call("POST", "/v1/answer/proofs", link=link, **TUS, **{"Upload-Length": str(len(JPEG))})
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


async def send(world: Any, place: str, link: str) -> int:
    """Sends the next piece from where the service says the upload stands; returns where it stands then."""
    offset = int((await world.call("HEAD", place, link=link, **TUS)).headers["upload-offset"])
    piece = JPEG[offset : offset + PIECE_BYTES]
    answer = await world.call("PATCH", place, piece, link=link, **PIECE, **{"Upload-Offset": str(offset)})
    assert answer.status_code == 204, answer.text
    return int(answer.headers["upload-offset"])


async def sent(world: Any, link: str) -> str:
    place = await begin(world, link)
    while await send(world, place, link) < len(JPEG):
        pass
    return place.rpartition("/")[2]


async def sweep(world: Any) -> None:
    while await remove_proofs(world.database, Files(world.files_url), world.now()):
        pass


@pytest.mark.parametrize("kind", ["folder", "bucket"])
async def test_a_folder_and_a_bucket_hold_and_forget_alike(tmp_path: Path, bucket: Bucket, kind: str) -> None:
    files = Files(tmp_path.as_uri() if kind == "folder" else f"{bucket.url}/{uuid4()}")
    pieces = {0: b"first ", 6: b"second"}
    names = {offset: name_of(offset, piece) for offset, piece in pieces.items()}
    lost = b"lost, and longer than what comes again"
    for offset, piece in ((0, b"first "), (6, lost), (6, b"second")):
        await files.write("a", name_of(offset, piece), piece)
    await files.write("ab", names[0], b"another")
    for _ in range(2):
        await files.remove("a", name_of(6, lost))
        assert await files.read("a", names) == b"first second"
    for _ in range(2):
        await files.remove("a")
    with pytest.raises(FileNotFoundError):
        await files.read("a", names)
    assert await files.read("ab", {0: names[0]}) == b"another"


async def test_what_another_process_stored_is_seen_at_once(bucket: Bucket) -> None:
    url = f"{bucket.url}/{uuid4()}"
    files, names = Files(url), {0: "0-ours", 6: "6-theirs"}
    await files.write("a", "0-ours", b"ours, ")
    assert await files.read("a", {0: "0-ours"}) == b"ours, "
    command = [sys.executable, "-c", WRITE, url, "6-theirs", "theirs"]
    await asyncio.to_thread(subprocess.run, command, check=True, env={**os.environ, **bucket.environment})
    assert await files.read("a", names) == b"ours, theirs"
    await files.remove("a")
    with pytest.raises(FileNotFoundError):
        await files.read("a", names)


async def test_pieces_of_many_uploads_at_once_meet_in_nothing(bucket: Bucket) -> None:
    files = Files(f"{bucket.url}/{uuid4()}")
    folders = [f"{number:02}" for number in range(20)]
    names = {at: f"{at}-x" for at in (0, 9, 10, 1000)}
    writes = [files.write(folder, name, f"{folder}-{at};".encode()) for folder in folders for at, name in names.items()]
    await asyncio.gather(*writes)
    wholes = await asyncio.gather(*(files.read(folder, names) for folder in folders))
    assert wholes == [f"{n}-0;{n}-9;{n}-10;{n}-1000;".encode() for n in folders]
    await asyncio.gather(*(files.remove(folder) for folder in folders))


@pytest.mark.parametrize("fault", ["away", "refused", "no bucket"])
async def test_a_bucket_that_fails_is_waited_out_and_nothing_counts_as_removed(
    bucket: Bucket, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = urlsplit(bucket.url).netloc if fault == "refused" else f"none-{uuid4()}"
    if fault == "away":
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    if fault == "refused":
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    forget_servers()
    files = Files(f"s3://{name}")
    try:
        for call in (files.write("a", "0-x", b"piece"), files.remove("a")):
            with pytest.raises(OSError):  # noqa: PT011 - each kind of it is waited out
                await call
    finally:
        forget_servers()


async def test_an_upload_into_a_bucket_goes_on_where_it_broke_and_is_given_out_whole(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    place = await begin(world, link)
    assert await send(world, place, link) == PIECE_BYTES
    answers = await asyncio.gather(
        *(
            world.call("PATCH", place, JPEG[PIECE_BYTES:400_000], link=link, **PIECE, **{"Upload-Offset": "200000"})
            for _ in range(3)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [204, 409, 409]
    assert await send(world, place, link) == len(JPEG)
    shown = await world.call("GET", f"/v1/proofs/{place.rpartition('/')[2]}", as_=net.secretariat)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert shown.content == JPEG
    assert len(stored(world)) == 3


async def test_while_the_bucket_is_away_a_piece_is_asked_for_again_and_none_is_lost(
    world: Any, net: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, (link,) = await net.invited(1)
    place = await begin(world, link)
    await send(world, place, link)
    with monkeypatch.context() as patched:
        patched.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        forget_servers()
        piece = JPEG[PIECE_BYTES:400_000]
        refused = await world.call("PATCH", place, piece, link=link, **PIECE, **{"Upload-Offset": "200000"})
    forget_servers()
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:polity:problem:unavailable")
    assert await send(world, place, link) == 2 * PIECE_BYTES


async def test_erasure_and_what_was_never_finished_leave_nothing_in_the_bucket(world: Any, net: Any) -> None:
    campaign_id, (link, other) = await net.invited(2)
    proof_id, kept = await sent(world, link), await sent(world, other)
    begun = await begin(world, other)
    await send(world, begun, other)
    assert len(stored(world)) == 7
    items = (await net.get(f"/v1/campaigns/{campaign_id}/invitations"))["items"]
    invitation = (await world.call("GET", "/v1/answer", link=link, expect=200))["invitation_id"]
    contact = next(item["contact_id"] for item in items if item["invitation_id"] == invitation)
    await net.post(f"/v1/people/{contact}/erasure", {}, expect=202)
    assert (await world.call("GET", f"/v1/proofs/{proof_id}", as_=net.secretariat)).status_code == 404
    world.moved = UNFINISHED_FOR * 2
    await sweep(world)
    assert len(stored(world)) == 3
    assert (await world.call("GET", f"/v1/proofs/{kept}", as_=net.secretariat)).content == JPEG
