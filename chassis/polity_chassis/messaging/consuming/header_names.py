"""Lets aiokafka read records with header names that are not UTF-8, as Kafka lets anybody write them.

Its own reader raises before anybody gets the record, at every try again: the partition would stand still until somebody
deletes the record by hand. Read by this, such a name holds surrogates for what is no text (PEP 383), is none of ours,
and is parked or passed over with its record like any other. Batches without such a name are read as ever.
"""

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

FRAME_BYTES = 12
"""Base offset (8) and length of what follows (4) stand before every batch."""


class _Bytes(bytearray):
    """What is cut out of it can always be read as text."""

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return _Bytes(found) if isinstance(at, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "surrogateescape") -> str:
        return super().decode(encoding, errors)


class _Patiently(_DefaultRecordBatchPy):  # type: ignore[misc]
    """aiokafka's reader of one batch in Python, which is slower, over such bytes."""

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _Bytes(self._buffer)  # type: ignore[has-type]


class _Batch:
    """One batch as aiokafka's fetcher sees it."""

    def __init__(self, quick: Any, raw: memoryview) -> None:
        self._quick, self._raw = quick, raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._quick, name)

    def __next__(self) -> Any:
        return next(self._quick)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._quick))
        except UnicodeDecodeError:
            return iter(list(_Patiently(bytes(self._raw))))


class _Records:
    """The batches of one answer of Kafka for one partition."""

    def __init__(self, data: bytes) -> None:
        self._batches, self._data, self._at = MemoryRecords(data), memoryview(data), 0

    def size_in_bytes(self) -> int:
        return int(self._batches.size_in_bytes())

    def has_next(self) -> bool:
        return bool(self._batches.has_next())

    def next_batch(self) -> _Batch | None:
        """Returns the next batch, None after the last."""
        batch = self._batches.next_batch()
        if batch is None:
            return None
        begin = self._at
        self._at += FRAME_BYTES + int.from_bytes(self._data[begin + 8 : begin + FRAME_BYTES], "big")
        return _Batch(batch, self._data[begin : self._at])


fetcher.MemoryRecords = _Records
