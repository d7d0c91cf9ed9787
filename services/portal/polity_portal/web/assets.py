"""Static files, with addresses that carry a digest of the content."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

STATIC = Path(__file__).parents[1] / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True)
class Asset:
    """A static file in memory, with its address."""

    content: bytes
    gzipped: bytes
    """The content, compressed by gzip."""
    media_type: str
    digest: str
    address: str


def load(folder: Path = STATIC) -> dict[str, Asset]:
    """Returns every file below `folder`, by its path relative to it."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            name = path.relative_to(folder).as_posix()
            digest = hashlib.sha256(content).hexdigest()[:16]
            kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            found[name] = Asset(content, gzip.compress(content, mtime=0), kind, digest, f"/static/{digest}/{name}")
    return found
