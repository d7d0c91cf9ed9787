"""Where files lie: a folder, or a bucket of S3. Names are random, and nothing else."""

import asyncio
import os
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem
from obstore.exceptions import BaseError
from obstore.fsspec import register

register("s3")
# A request's transaction waits for the bucket, and PostgreSQL ends one that has waited for 30 s. Whether the server
# speaks TLS is said by its address alone.
IN_TIME: dict[str, Any] = {
    "retry_config": {"max_retries": 3, "retry_timeout": timedelta(seconds=10)},
    "client_options": {"timeout": timedelta(seconds=10), "allow_http": True},
}


class Files:
    """Each file is a folder of pieces, named by the offset they begin at, for few file systems can append."""

    def __init__(self, url: str) -> None:
        """Of a bucket's server, region and credentials the standard variables tell (AWS_*)."""
        self._system, self._root = fsspec.core.url_to_fs(url, **(IN_TIME if url.startswith("s3:") else {}))

    async def write(self, folder: str, offset: int, piece: bytes) -> None:
        """Returns once the piece is stored for good, on a disk if it is a disk; raises OSError."""
        await _in_thread(self._write, f"{self._root}/{folder}", f"{offset:012}", piece)

    async def read(self, folder: str) -> bytes:
        """Returns the pieces put together; raises OSError."""
        whole: bytes = await _in_thread(self._read, f"{self._root}/{folder}")
        return whole

    async def remove(self, folder: str) -> None:
        """Removes every piece; what isn't there is removed already. Raises OSError."""
        await _in_thread(self._remove, f"{self._root}/{folder}")

    def _write(self, folder: str, name: str, piece: bytes) -> None:
        if isinstance(self._system, LocalFileSystem):
            _write_to_disk(folder, name, piece)
        else:
            self._system.pipe_file(f"{folder}/{name}", piece)

    def _read(self, folder: str) -> bytes:
        names = sorted(self._system.ls(folder, detail=False))
        return b"".join(self._system.cat_file(name) for name in names)

    def _remove(self, folder: str) -> None:
        if self._system.exists(folder):
            self._system.rm(folder, recursive=True)


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
