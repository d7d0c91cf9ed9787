"""Images are handed on without their tags, and their size is read before anything opens them."""

import struct

import pytest
from polity_membership.proofs.domain.images import check_size, without_tags
from polity_membership.proofs.errors import ProofOpensTooLarge


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + b"crc."


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(
        kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2) for kind, content in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def frame(height: int, width: int) -> bytes:
    return segment(0xC2, b"\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\0")


JFIF, SCAN = segment(0xE0, b"JFIF\0"), segment(0xDA, b"\x01\x01\0\0?\0") + b"ab\xff\0c\xff\xd0d"
PNG, END = b"\x89PNG\r\n\x1a\n", png_chunk(b"IEND", b"")


@pytest.mark.parametrize("tags", [
    segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0place"), segment(0xED, b"Photoshop 3.0\0place"),
    segment(0xE2, b"MPF\0place"), segment(0xFE, b"place"), segment(0xE1, b"Exif\0\0II*\0place"),
])  # fmt: skip
def test_a_jpeg_loses_its_tags_and_what_stands_behind_it_and_nothing_else(tags: bytes) -> None:
    whole = b"\xff\xd8" + JFIF + frame(3, 4) + SCAN + b"\xff\xd9"
    tagged = b"\xff\xd8" + JFIF + tags + frame(3, 4) + SCAN + b"\xff\xd9" + b"\xff\xd8" + tags
    assert without_tags(tagged, "image/jpeg") == whole
    assert without_tags(whole, "image/jpeg") == whole


def test_a_png_and_a_webp_lose_their_tags_and_nothing_else() -> None:
    head, data = png_chunk(b"IHDR", struct.pack(">II", 3, 4) + b"\x08\0\0\0\0"), png_chunk(b"IDAT", b"data")
    tags = [png_chunk(kind, b"place") for kind in (b"eXIf", b"tEXt", b"iTXt", b"zTXt")]
    assert without_tags(PNG + head + b"".join(tags) + data + END + b"place", "image/png") == PNG + head + data + END
    tagged = webp((b"VP8X", b"\x1c\0\0\0" + bytes(6)), (b"VP8 ", b"odd"), (b"EXIF", b"place"), (b"XMP ", b"place"))
    assert without_tags(tagged, "image/webp") == webp((b"VP8X", b"\x10\0\0\0" + bytes(6)), (b"VP8 ", b"odd"))


@pytest.mark.parametrize("side", [14_000, 16_000])
def test_an_image_of_more_than_two_hundred_million_pixels_is_too_large(side: int) -> None:
    small = struct.pack("<I", side - 1)[:3]
    images = {
        "image/jpeg": b"\xff\xd8" + JFIF + segment(0xE1, bytes(60_000)) + frame(side, side) + SCAN,
        "image/png": PNG + png_chunk(b"IHDR", struct.pack(">II", side, side) + bytes(5)),
        "image/webp": webp((b"VP8X", bytes(4) + small + small)),
    }
    lossless = webp((b"VP8L", b"/" + struct.pack("<I", (side - 1) | (side - 1) << 14) + bytes(5)))
    lossy = webp((b"VP8 ", b"\0\0\0\x9d\x01*" + struct.pack("<HH", side, side)))
    for media_type, image in [*images.items(), ("image/webp", lossless), ("image/webp", lossy)]:
        if side > 14_142:
            with pytest.raises(ProofOpensTooLarge):
                check_size(image, media_type)
        else:
            check_size(image, media_type)


def test_what_cannot_be_read_as_an_image_is_left_as_it_is() -> None:
    for start, media_type in [(b"\xff\xd8\xff\xe0\0\0", "image/jpeg"), (PNG, "image/png")]:
        check_size(start, media_type)
        assert without_tags(start, media_type) == start
