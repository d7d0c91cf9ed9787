"""What a photo shows of itself before anything opens it: how large it is, and where it was taken.

A photo is handed on without its tags, but for the way in which a JPEG stands, and otherwise as it is, byte for byte.
Formats: ITU T.81 annex B and Exif 2.32 (JPEG), PNG 3rd edition, RFC 9649 (WebP).
"""

import re
import struct
from collections.abc import Iterator

from polity_membership.proofs.errors import ProofOpensTooLarge

MOST_PIXELS = 200_000_000
"""Of the largest cameras of telephones; one byte per pixel and colour, it opens to 600 MB."""
_START_OF_SCAN, _EXIF_AND_XMP, _COMMENT, _END = 0xDA, 0xE1, 0xFE, b"\xff\xd9"
_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""Markers of the frame, which say the size."""
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_ORIENTATION = 0x0112
_PNG_TAGS = {b"eXIf", b"tEXt", b"iTXt", b"zTXt"}
_WEBP_TAGS = {b"EXIF", b"XMP "}


def check_size(content: bytes, media_type: str) -> None:
    """Raises ProofOpensTooLarge; the beginning of a file may not say yet how large it is."""
    width, height = _SIZE_OF.get(media_type, lambda _: (0, 0))(content)
    if width * height > MOST_PIXELS:
        raise ProofOpensTooLarge


def without_tags(content: bytes, media_type: str) -> bytes:
    """Returns the image without what its tags say of place, time, device and people."""
    return _CLEAN.get(media_type, bytes)(content)


def _segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, beginning and end of each segment of a JPEG up to its first scan or to what can't be read."""
    at = 2
    while len(content) >= at + 4 and content[at] == 0xFF:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if marker == 0xFF:
            at += 1
            continue
        if length < 2:
            return
        yield marker, at, at + 2 + length
        if marker == _START_OF_SCAN:
            return
        at += 2 + length


def _jpeg_size(content: bytes) -> tuple[int, int]:
    for marker, at, _ in _segments(content):
        if marker in _SIZES and len(content) >= at + 9:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
    return 0, 0


def _clean_jpeg(content: bytes) -> bytes:
    kept, end, orientation = [content[:2]], 2, 1
    for marker, at, end in _segments(content):
        segment = content[at:end]
        if marker == _EXIF_AND_XMP:
            orientation = _orientation(segment[10:]) if segment[4:10] == b"Exif\0\0" else orientation
        elif marker != _COMMENT and not segment[4:].startswith((b"MPF\0", b"Photoshop 3.0\0")):
            kept.append(segment)
    if orientation != 1:
        exif = b"Exif\0\0" + _tags(orientation)
        kept.insert(1, b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif)
    return b"".join(kept) + _scans(content, end)


def _scans(content: bytes, at: int) -> bytes:
    """What follows up to the image's end: behind it cameras put further images, with tags of their own."""
    for marker in _MARKER.finditer(content, at):
        if marker[0] == _END:
            return content[at : marker.end()]
    return content[at:]


def _orientation(tiff: bytes) -> int:
    """Returns the way the image stands (1 is upright) as its first directory of tags says."""
    order = ">" if tiff.startswith(b"MM") else "<"
    try:
        (directory,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, directory)
        for number in range(count):
            tag, _, _, value = struct.unpack_from(order + "HHIH", tiff, directory + 2 + 12 * number)
            if tag == _ORIENTATION and 1 <= value <= 8:
                return int(value)
    except struct.error:
        pass
    return 1


def _tags(orientation: int) -> bytes:
    return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, _ORIENTATION, 3, 1, orientation, 0, 0)


def _png_size(content: bytes) -> tuple[int, int]:
    return struct.unpack(">II", content[16:24]) if content[12:16] == b"IHDR" and len(content) >= 24 else (0, 0)


def _clean_png(content: bytes) -> bytes:
    kept, at = [content[:8]], 8
    while len(content) >= at + 12:
        end = at + 12 + int.from_bytes(content[at : at + 4], "big")
        kind = content[at + 4 : at + 8]
        if kind not in _PNG_TAGS:
            kept.append(content[at:end])
        at = end
        if kind == b"IEND":
            return b"".join(kept)
    return b"".join(kept) + content[at:]


def _webp_size(content: bytes) -> tuple[int, int]:
    kind, data = content[12:16], content[20:30]
    if len(data) < 10:
        return 0, 0
    if kind == b"VP8X":
        return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(data[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", data[6:10])
    return width & 0x3FFF, height & 0x3FFF


def _clean_webp(content: bytes) -> bytes:
    kept, at = [], 12
    while len(content) >= at + 8:
        end = at + 8 + (size := int.from_bytes(content[at + 4 : at + 8], "little")) + size % 2
        chunk, kind = content[at:end], content[at : at + 4]
        if kind == b"VP8X" and len(chunk) > 8:
            # Its first byte says which tags follow.
            chunk = chunk[:8] + bytes([chunk[8] & ~0x0C]) + chunk[9:]
        if kind not in _WEBP_TAGS:
            kept.append(chunk)
        at = end
    body = b"WEBP" + b"".join(kept) + content[at:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


_SIZE_OF = {"image/jpeg": _jpeg_size, "image/png": _png_size, "image/webp": _webp_size}
_CLEAN = {"image/jpeg": _clean_jpeg, "image/png": _clean_png, "image/webp": _clean_webp}
