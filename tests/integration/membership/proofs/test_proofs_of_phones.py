"""What telephones and scanners send: taken where it can be read, and handed on without where it was taken."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

FROM_PHONES = Path(__file__).parents[3] / "fixtures" / "letters"
UPLOADS = "/v1/answer/proofs"
TUS = {"Tus-Resumable": "1.0.0"}
HUGE, SIDEWAYS, SCAN, HEIC = (
    (FROM_PHONES / name).read_bytes()
    for name in (
        "huge-when-opened.png", "sideways-with-place.jpg", "scan-with-bytes-before.pdf", "photo-of-a-phone.heic",
    )
)  # fmt: skip


async def send(world: Any, link: str, *pieces: bytes) -> tuple[str, list[Any]]:
    """The place of the upload, and what was answered to each piece."""
    length = str(sum(map(len, pieces)))
    place = (await world.call("POST", UPLOADS, link=link, **TUS, **{"Upload-Length": length})).headers["location"]
    answers, offset = [], 0
    for piece in pieces:
        headers = {**TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset)}
        answers.append(await world.call("PATCH", place, piece, link=link, **headers))
        offset += len(piece)
    return place, answers


async def listed(world: Any, net: Any, link: str) -> list[Any]:
    invitation = (await world.call("GET", "/v1/answer", link=link, expect=200))["invitation_id"]
    proofs: list[Any] = await net.get(f"/v1/invitations/{invitation}/proofs")
    return proofs


async def test_a_photo_is_handed_on_upright_and_without_its_place(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    place, _ = await send(world, link, SIDEWAYS)
    shown = await world.call("GET", f"/v1/proofs/{place.rpartition('/')[2]}", as_=net.secretariat)
    assert b"Example" in SIDEWAYS
    assert b"Example" not in shown.content
    # The pointer to a position of its Exif tags; and the tag that says how it stands.
    assert b"\x88\x25\x00\x04" in SIDEWAYS
    assert b"\x88\x25\x00\x04" not in shown.content
    assert b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06" in shown.content
    image = SIDEWAYS.index(b"\xff\xdb")
    assert shown.content.endswith(SIDEWAYS[image:])
    ((kept,),) = [row.values() for row in await world.rows("SELECT length_bytes FROM proof WHERE id = :id",
                                                           id=UUID(place.rpartition("/")[2]))]  # fmt: skip
    assert kept == len(SIDEWAYS)


async def test_a_scan_with_bytes_before_its_header_is_a_document(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    place, _ = await send(world, link, SCAN)
    assert [proof["media_type"] for proof in await listed(world, net, link)] == ["application/pdf"]
    shown = await world.call("GET", f"/v1/proofs/{place.rpartition('/')[2]}", as_=net.secretariat)
    assert shown.content == SCAN


@pytest.mark.parametrize("cuts", [[], [20], [100, 30_000]])
async def test_an_image_that_opens_to_gigabytes_is_refused_however_it_is_cut(
    world: Any, net: Any, cuts: list[int]
) -> None:
    _, (link,) = await net.invited(1)
    pieces = [HUGE[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True)]
    _, answers = await send(world, link, *pieces)
    refused = next(answer for answer in answers if answer.status_code != 204)
    assert (refused.status_code, refused.json()["type"]) == (413, "urn:polity:problem:proof_opens_too_large")
    assert await listed(world, net, link) == []


async def test_a_photo_that_no_browser_shows_is_refused_at_its_first_piece(world: Any, net: Any) -> None:
    _, (link,) = await net.invited(1)
    _, (answer,) = await send(world, link, HEIC)
    assert (answer.status_code, answer.json()["type"]) == (415, "urn:polity:problem:proof_type_refused")
