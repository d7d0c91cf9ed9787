"""Where files lie: a folder, or with fsspec's other file systems a bucket. Names are random, and nothing else."""

import asyncio
import os
from functools import cache
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem


class Files:
    """Each file is a folder of pieces, named by the offset they begin at, for few file systems can append."""

    def __init__(self, url: str) -> None:
        self._system, self._root = fsspec.core.url_to_fs(url)

    async def write(self, folder: str, offset: int, piece: bytes) -> None:
        """Returns once the piece is stored for good, on a disk if it is a disk; raises OSError."""
        await asyncio.to_thread(self._write, f"{self._root}/{folder}", f"{offset:012}", piece)

    async def read(self, folder: str) -> bytes:
        """Returns the pieces put together; raises OSError."""
        return await asyncio.to_thread(self._read, f"{self._root}/{folder}")

    async def remove(self, folder: str) -> None:
        """Removes every piece; what isn't there is removed already. Raises OSError."""
        await asyncio.to_thread(self._remove, f"{self._root}/{folder}")

    def _write(self, folder: str, name: str, piece: bytes) -> None:
        self._system.makedirs(folder, exist_ok=True)
        with self._system.open(f"{folder}/{name}", "wb") as file:
            file.write(piece)
            self._keep(file)
        if isinstance(self._system, LocalFileSystem):
            _sync(folder)

    def _keep(self, file: Any) -> None:
        if isinstance(self._system, LocalFileSystem):
            file.flush()
            os.fsync(file.fileno())

    def _read(self, folder: str) -> bytes:
        names = sorted(self._system.ls(folder, detail=False))
        return b"".join(self._system.cat_file(name) for name in names)

    def _remove(self, folder: str) -> None:
        if self._system.exists(folder):
            self._system.rm(folder, recursive=True)


def _sync(folder: str) -> None:
    """A new name in a folder lasts once the folder is written, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@cache
def files_at(url: str) -> Files:
    """Returns the files of that address, one object per process."""
    return Files(url)
