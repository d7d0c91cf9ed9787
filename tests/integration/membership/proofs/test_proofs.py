"""Photos of signed letters arrive in pieces over bad lines, are what they say they are, and are shown to few."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
from polity_membership.proofs.files import Files
from polity_membership.proofs.usecases.remove_proofs import remove_proofs
from sqlalchemy import text

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40
UPLOADS = "/v1/answer/proofs"
HELD_UP = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}


async def begin(world: Any, length: int, path: str = UPLOADS, *, expect: int = 201, **caller: Any) -> Any:
    answer = await world.call("POST", path, **caller, **TUS, **{"Upload-Length": str(length)})
    assert answer.status_code == expect, answer.text
    return answer.headers.get("location") or answer.json()["type"].rpartition(":")[2]


async def send(world: Any, place: str, offset: int, piece: bytes, **caller: Any) -> Any:
    return await world.call("PATCH", place, piece, **caller, **PIECE, **{"Upload-Offset": str(offset)})


async def sent(world: Any, link: str, content: bytes = JPEG) -> str:
    """The id of a whole proof, sent in two pieces."""
    place = await begin(world, len(content), link=link)
    assert (await send(world, place, 0, content[:4000], link=link)).status_code == 204
    last = await send(world, place, 4000, content[4000:], link=link)
    assert (last.status_code, last.headers["upload-offset"]) == (204, str(len(content)))
    return str(place.rpartition("/")[2])


async def asked(world: Any, link: str) -> Any:
    return await world.call("GET", "/v1/answer", link=link, expect=200)


def folders(world: Any) -> set[str]:
    return {path.name for path in Path(urlsplit(world.files_url).path).iterdir()}


async def sweep(world: Any) -> None:
    while await remove_proofs(world.database, Files(world.files_url), world.now()):
        pass


async def test_a_proof_sent_in_pieces_is_shown_whole_to_the_secretariat_to_save(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    proof_id = await sent(world, link)
    invitation = (await asked(world, link))["invitation_id"]
    (listed,) = await net.get(f"/v1/invitations/{invitation}/proofs")
    assert (listed["proof_id"], listed["media_type"], listed["length_bytes"], listed["sent_by"]) == (
        proof_id, "image/jpeg", len(JPEG), "link",
    )  # fmt: skip
    shown = await world.call("GET", f"/v1/proofs/{proof_id}", as_=net.secretariat)
    assert (shown.status_code, shown.content) == (200, JPEG)
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["content-disposition"] == f'attachment; filename="proof-{proof_id}.jpg"'
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["cache-control"] == "no-store"
    assert "sandbox" in shown.headers["content-security-policy"]


async def test_another_networks_secretariat_and_the_link_itself_see_no_proof(world: Any, net: Any) -> None:
    _, (link, other) = await net.invited(2)
    proof_id = await sent(world, link)
    elsewhere = await world.network()
    assert (await world.call("GET", f"/v1/proofs/{proof_id}", as_=elsewhere.secretariat)).status_code == 404
    assert (await world.call("GET", f"/v1/proofs/{proof_id}", link=link)).status_code == 401
    for method in ("HEAD", "PATCH"):
        headers = {**PIECE, "Upload-Offset": "0"} if method == "PATCH" else TUS
        foreign = await world.call(method, f"{UPLOADS}/{proof_id}", link=other, **headers)
        assert foreign.status_code == 404


async def test_the_secretariat_sends_a_proof_too_also_when_the_time_to_answer_is_over(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    invitation = (await asked(world, link))["invitation_id"]
    world.moved = timedelta(days=31)
    assert await begin(world, 5, link=link, expect=410) == "link_expired"
    place = await begin(world, len(JPEG), f"/v1/invitations/{invitation}/proofs", as_=net.secretariat)
    assert (await send(world, place, 0, JPEG, as_=net.secretariat)).status_code == 204
    (listed,) = await net.get(f"/v1/invitations/{invitation}/proofs")
    assert listed["sent_by"] == "secretariat"


async def test_what_was_acknowledged_is_where_a_broken_upload_goes_on(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    place = await begin(world, len(JPEG), link=link)
    await send(world, place, 0, JPEG[:3000], link=link)
    head = await world.call("HEAD", place, link=link, **TUS)
    assert (head.status_code, head.headers["upload-offset"], head.headers["upload-length"]) == (
        200, "3000", str(len(JPEG)),
    )  # fmt: skip
    assert head.headers["cache-control"] == "no-store"
    assert head.headers["upload-expires"].endswith(" GMT")
    for offset in (0, 2999, 3001):
        refused = await send(world, place, offset, JPEG[offset : offset + 10], link=link)
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:polity:problem:offset_mismatch")
    assert (await send(world, place, 3000, JPEG[3000:], link=link)).headers["upload-offset"] == str(len(JPEG))


async def test_one_piece_sent_twice_at_once_is_taken_once(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    place = await begin(world, len(JPEG), link=link)
    answers = await asyncio.gather(*(send(world, place, 0, JPEG, link=link) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [204, 409, 409, 409, 409]
    shown = await world.call("GET", f"/v1/proofs/{place.rpartition('/')[2]}", as_=net.secretariat)
    assert shown.content == JPEG


@pytest.mark.parametrize("length", [0, 10_000_001, 2**40])
async def test_a_size_out_of_bounds_is_refused_before_its_bytes_come(world: Any, net: Any, length: int) -> None:
    _, (link,) = await net.invited(1)
    assert await begin(world, length, link=link, expect=413) == "proof_too_large"


async def test_more_than_was_announced_is_refused_and_so_is_a_piece_too_large(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    place = await begin(world, 3000, link=link)
    assert (await send(world, place, 0, JPEG[:3001], link=link)).status_code == 413
    large = await begin(world, 300_000, link=link)
    assert (await send(world, large, 0, b"\xff\xd8\xff" + bytes(262_142), link=link)).status_code == 413
    assert (await send(world, large, 0, b"\xff\xd8\xff" + bytes(262_141), link=link)).status_code == 204


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"\xff\xd8\xff\xdb0123456789", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n0123456789", "image/png"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"%PDF-1.7\n%binary", "application/pdf"),
        (b"<html><script>alert(1)</script>", None),
        (b"GIF89a0123456789", None),
        (b"RIFF\x10\0\0\0WAVEfmt ", None),
        (b"PK\x03\x04 a docx", None),
        (b" %PDF-1.7", "application/pdf"),
        (b"\xef\xbb\xbf" + bytes(1016) + b"%PDF-1.7", "application/pdf"),
        (bytes(1020) + b"%PDF-1.7", None),
    ],
)
async def test_the_content_alone_says_what_type_it_is(
    world: Any, net: Any, content: bytes, media_type: str | None
) -> None:
    _, (link,) = await net.invited(1)
    place = await begin(world, len(content), link=link)
    answer = await send(world, place, 0, content, link=link)
    invitation = (await asked(world, link))["invitation_id"]
    listed = [proof["media_type"] for proof in await net.get(f"/v1/invitations/{invitation}/proofs")]
    assert (answer.status_code, listed) == ((204, [media_type]) if media_type else (415, []))


async def test_who_does_not_speak_tus_is_told(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    described = await world.call("OPTIONS", UPLOADS)
    assert (described.status_code, described.headers["tus-version"]) == (204, "1.0.0")
    assert described.headers["tus-extension"] == "creation,expiration"
    assert described.headers["tus-max-size"] == "10000000"
    silent = await world.call("POST", UPLOADS, link=link, **{"Upload-Length": "5"})
    assert (silent.status_code, silent.headers["tus-version"]) == (412, "1.0.0")
    place = await begin(world, 5, link=link)
    other = await world.call("PATCH", place, b"x", link=link, **TUS, **{"Upload-Offset": "0"})
    assert (other.status_code, other.json()["type"]) == (415, "urn:polity:problem:not_an_upload_piece")


async def test_the_same_key_begins_one_upload(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    key = str(uuid4())
    assert await begin(world, 5, link=link, key=key) == await begin(world, 5, link=link, key=key)


async def test_the_same_key_with_another_length_is_refused(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    key = str(uuid4())
    await begin(world, 5, link=link, key=key)
    assert await begin(world, 6, link=link, key=key, expect=422) == "idempotency_key_reused"


async def test_one_that_cannot_be_deleted_holds_no_other_back(world: Any, net: Any) -> None:
    _, (link, other, third) = await net.invited(3)
    await sweep(world)
    proofs = [await sent(world, one) for one in (link, other, third)]
    # Nobody can delete that one, root included.
    swap = "UPDATE proof SET folder = :folder WHERE id = :id RETURNING id"
    (row,) = await world.rows("SELECT folder FROM proof WHERE id = :id", id=UUID(proofs[0]))
    await world.rows(swap, id=UUID(proofs[0]), folder="../" * 30 + "proc/version")
    for one in (link, other, third):
        await net.commit(one)
    with pytest.raises(OSError):  # noqa: PT011 - whatever the file system says
        await sweep(world)
    kept = "SELECT id FROM proof WHERE id = ANY(:ids) AND removed_at IS NULL"
    assert [row["id"] for row in await world.rows(kept, ids=[UUID(id_) for id_ in proofs])] == [UUID(proofs[0])]
    await world.rows(swap, id=UUID(proofs[0]), folder=row["folder"])
    await sweep(world)
    assert await world.rows(kept, ids=[UUID(id_) for id_ in proofs]) == []


async def test_an_erasure_waits_for_an_upload_that_is_being_begun_and_finds_it(world: Any, net: Any) -> None:
    campaign_id, (link,) = await net.invited(1)
    (item,) = (await net.get(f"/v1/campaigns/{campaign_id}/invitations"))["items"]
    async with world.database.transaction() as session:
        # No proof can be added before the erasure has come as far as it gets.
        await (await session.connection()).execute(text("LOCK TABLE proof IN SHARE MODE"))
        announced = {**TUS, "Upload-Length": str(len(JPEG))}
        beginning = asyncio.create_task(world.call("POST", UPLOADS, link=link, **announced))
        while len(await world.rows(HELD_UP)) < 1:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        erasing = asyncio.create_task(net.post(f"/v1/people/{item['contact_id']}/erasure", {}, expect=202))
        while len(await world.rows(HELD_UP)) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    # Whoever begins it may hear already that it is gone.
    assert (await beginning).status_code in (201, 404)
    await erasing
    found = "SELECT removal_asked_at IS NOT NULL AS asked FROM proof WHERE invitation_id = :id"
    assert await world.rows(found, id=UUID(item["invitation_id"])) == [{"asked": True}]


async def test_a_link_fills_no_disk(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    for _ in range(20):
        await begin(world, 5, link=link)
    assert await begin(world, 5, link=link, expect=409) == "too_many_proofs"


async def test_an_upload_never_finished_is_gone_after_a_day_and_a_finished_one_stays(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    await sweep(world)
    before = folders(world)
    proof_id = await sent(world, link)
    finished = folders(world) - before
    place = await begin(world, len(JPEG), link=link)
    await send(world, place, 0, JPEG[:3000], link=link)
    world.moved = timedelta(hours=23)
    await sweep(world)
    assert len(folders(world) - before) == 2
    world.moved = timedelta(hours=25)
    assert (await send(world, place, 3000, JPEG[3000:], link=link)).status_code == 404
    await sweep(world)
    assert folders(world) - before == finished
    assert (await world.call("GET", f"/v1/proofs/{proof_id}", as_=net.secretariat)).status_code == 200


async def test_a_part_of_a_letter_is_never_given_out_for_the_whole(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    before = folders(world)
    proof_id = await sent(world, link)
    (name,) = folders(world) - before
    (_, last) = sorted((Path(urlsplit(world.files_url).path) / name).iterdir())
    last.unlink()
    shown = await world.call("GET", f"/v1/proofs/{proof_id}", as_=net.secretariat)
    assert (shown.status_code, JPEG[:10] in shown.content) == (500, False)


async def test_files_are_named_by_nothing_but_chance(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    before = folders(world)
    proof_id = UUID(await sent(world, link))
    (name,) = folders(world) - before
    assert (len(name), bytes.fromhex(name) != proof_id.bytes) == (32, True)


@pytest.mark.parametrize("end", ["revocation", "contact", "commitment"])
async def test_a_proof_that_nobody_needs_any_more_goes_at_once_and_its_bytes_soon(
    world: Any, net: Any, end: str
) -> None:
    campaign_id, (link, other) = await net.invited(2)
    before = folders(world)
    proof_id, kept = await sent(world, link), await sent(world, other)
    begun = await begin(world, len(JPEG), link=link)
    await send(world, begun, 0, JPEG[:3000], link=link)
    invitation = (await asked(world, link))["invitation_id"]
    if end == "revocation":
        await net.post(f"/v1/invitations/{invitation}/revocation", {}, expect=200)
    elif end == "contact":
        items = (await net.get(f"/v1/campaigns/{campaign_id}/invitations"))["items"]
        contact = next(item["contact_id"] for item in items if item["invitation_id"] == invitation)
        await net.post(f"/v1/people/{contact}/erasure", {}, expect=202)
    else:
        await net.commit(link)
    assert (await world.call("GET", f"/v1/proofs/{proof_id}", as_=net.secretariat)).status_code == 404
    assert await net.get(f"/v1/invitations/{invitation}/proofs") == []
    assert (await send(world, begun, 3000, JPEG[3000:], link=link)).status_code in (404, 410)
    await sweep(world)
    assert len(folders(world) - before) == 1
    assert (await world.call("GET", f"/v1/proofs/{kept}", as_=net.secretariat)).content == JPEG


SERVER = """
import sys, uvicorn
from polity_chassis.clock import utc_now
from polity_chassis.database.engine import Database
from polity_chassis.application import create_app
from polity_chassis.runtime import Runtime
from polity_membership.app import service
made = service()
database = Database(made.settings.database_url, application_name="killed")
uvicorn.run(create_app(made, Runtime(made.settings, database, utc_now)), port=made.settings.port, log_config=None)
"""


@pytest.fixture
async def killed(world: Any, unused_tcp_port: int) -> AsyncIterator[Callable[[], Any]]:
    """Starts the service in a process of its own, which can be killed."""
    running: list[Any] = []
    keys = '{"k1": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}'
    variables = {
        "POLITY_PORT": str(unused_tcp_port), "POLITY_DATABASE_URL": world.database.url,
        "POLITY_KAFKA_BOOTSTRAP": "127.0.0.1:1", "POLITY_ISSUER": "http://realm.test",
        "POLITY_JWKS_URL": "http://realm.test", "POLITY_ANSWER_LINK_KEYS": keys, "POLITY_MANDATE_LINK_KEYS": keys,
        "POLITY_FILES_URL": world.files_url, "PATH": "/usr/bin:/bin",
    }  # fmt: skip

    async def start() -> Any:
        running.append(await asyncio.create_subprocess_exec(sys.executable, "-c", SERVER, env=variables))
        async with asyncio.timeout(30), httpx.AsyncClient() as client:
            while True:
                try:
                    await client.get(f"http://127.0.0.1:{unused_tcp_port}/health/live")
                    return running[-1], f"http://127.0.0.1:{unused_tcp_port}"
                except httpx.TransportError:
                    await asyncio.sleep(0.1)

    yield start
    for process in running:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_what_was_acknowledged_outlives_the_process(world: Any, net: Any, killed: Any) -> None:
    _, (link,) = await net.invited(1)
    place, headers = await begin(world, len(JPEG), link=link), {"Authorization": f"Link {link}"}
    acknowledged = 0
    for _ in range(3):
        process, base = await killed()
        async with httpx.AsyncClient(base_url=base) as client:
            head = await client.head(place, headers={**headers, **TUS})
            assert head.headers["upload-offset"] == str(acknowledged)
            piece = JPEG[acknowledged : acknowledged + 2000]
            answer = await client.patch(
                place, content=piece, headers={**headers, **PIECE, "Upload-Offset": str(acknowledged)}
            )
            assert answer.status_code == 204
            acknowledged += len(piece)
            process.send_signal(signal.SIGKILL)
            await process.wait()
    assert (await send(world, place, acknowledged, JPEG[acknowledged:], link=link)).status_code == 204
    shown = await world.call("GET", f"/v1/proofs/{place.rpartition('/')[2]}", as_=net.secretariat)
    assert shown.content == JPEG
