"""Files in a folder or an S3 bucket, by fsspec. Their names are random and say nothing."""

import asyncio
import hashlib
import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem
from obstore.exceptions import BaseError
from obstore.fsspec import register

register("s3")
# Whether the server speaks TLS is said by its address alone.
IN_TIME: dict[str, Any] = {
    "retry_config": {"max_retries": 3, "retry_timeout": timedelta(seconds=10)},
    "client_options": {"timeout": timedelta(seconds=10), "allow_http": True},
}


def name_of(offset: int, piece: bytes) -> str:
    """Returns the name of a piece's file, by its offset and its content."""
    return f"{offset:012}-{hashlib.sha256(piece).hexdigest()[:32]}"


class Files:
    """Each file is a folder of pieces, since few file systems can append."""

    def __init__(self, url: str) -> None:
        """A bucket's server, region and credentials are read from the standard variables (AWS_*)."""
        self._system, self._root = fsspec.core.url_to_fs(url, **(IN_TIME if url.startswith("s3:") else {}))

    async def write(self, folder: str, name: str, piece: bytes) -> None:
        """Returns once the piece is stored for good, on a disk if it is a disk; raises OSError."""
        await _in_thread(self._write, f"{self._root}/{folder}", name, piece)

    async def read(self, folder: str, names: Mapping[int, str]) -> bytes:
        """Returns the pieces put together, given their names by offset; raises OSError."""
        whole: bytes = await _in_thread(self._read, f"{self._root}/{folder}", names)
        return whole

    async def remove(self, folder: str, name: str = "") -> None:
        """Removes the piece, without a name every piece; what isn't there is removed already. Raises OSError."""
        await _in_thread(self._remove, f"{self._root}/{folder}/{name}".rstrip("/"))

    def _write(self, folder: str, name: str, piece: bytes) -> None:
        if isinstance(self._system, LocalFileSystem):
            _write_to_disk(folder, name, piece)
        else:
            self._system.pipe_file(f"{folder}/{name}", piece)

    def _read(self, folder: str, names: Mapping[int, str]) -> bytes:
        listed = (str(path).rpartition("/")[2] for path in self._system.ls(folder, detail=False))
        # The release before named pieces by their offset alone.
        pieces = {int(name): name for name in listed if name.isdigit()} | dict(names)
        return b"".join(self._system.cat_file(f"{folder}/{pieces[offset]}") for offset in sorted(pieces))

    def _remove(self, path: str) -> None:
        if self._system.exists(path):
            self._system.rm(path, recursive=True)


async def _in_thread(work: Callable[..., Any], *arguments: Any) -> Any:
    """Returns what the work returns; a bucket that fails is one that cannot be reached now (ConnectionError)."""
    try:
        return await asyncio.to_thread(work, *arguments)
    except BaseError as error:
        raise ConnectionError(str(error)) from error


def _write_to_disk(folder: str, name: str, piece: bytes) -> None:
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/{name}", "wb") as file:
        file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    # A new name in a folder lasts once the folder is written, too.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@cache
def files_at(url: str) -> Files:
    """Returns the files of that address, one object per process."""
    return Files(url)
