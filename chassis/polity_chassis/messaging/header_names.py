"""Makes aiokafka read records with header names that are not UTF-8, which Kafka lets anybody write.

aiokafka 0.14 decodes the names while it reads a batch and raises before anybody gets the record, at every attempt: the
partition would stand still until somebody deletes the record by hand. No issue of aiokafka is known to report it;
FastStream's parser has the same fault with header values (ag2ai/faststream#2458). Once aiokafka reads such names itself
this module can go.
"""

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

FRAME_BYTES = 12
"""Base offset (8) and length of what follows (4) stand before every batch."""


class _Bytes(bytearray):
    """Bytes of which every slice can be decoded: what is not UTF-8 becomes surrogates (PEP 383)."""

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return _Bytes(found) if isinstance(at, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "surrogateescape") -> str:
        return super().decode(encoding, errors)


class _TolerantBatch(_DefaultRecordBatchPy):  # type: ignore[misc]
    """aiokafka's reader of one batch in Python, which is slower than the one in C, over such bytes."""

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _Bytes(self._buffer)  # type: ignore[has-type]


class _Batch:
    """One batch as aiokafka's fetcher sees it: read by C, and once more in Python where a name is not UTF-8."""

    def __init__(self, fast: Any, raw: memoryview) -> None:
        self._fast, self._raw = fast, raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fast, name)

    def __next__(self) -> Any:
        return next(self._fast)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._fast))
        except UnicodeDecodeError:
            return iter(list(_TolerantBatch(bytes(self._raw))))


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


def read_any_header_name() -> None:
    """Replaces `MemoryRecords` in aiokafka's fetcher, for the whole process; calling it again changes nothing.

    Such a name holds surrogates afterwards, is none of ours, and its record is parked or passed over like any other.
    """
    fetcher.MemoryRecords = _Records
