"""A poor line: what passes between a browser and the gateway is slow, stalls, and breaks when the test says so.

Loss is modelled at TCP's level, where a browser meets it: a segment that is lost reaches the other side only after the
retransmission, and everything behind it on that connection waits. So a segment in twenty is held up for as long as a
sender's time-out takes. What loss does to TCP's own rate is not modelled; the rate is fixed.
"""

import asyncio
import contextlib
import math
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

SEGMENT_BYTES = 1460
BITS_PER_SECOND = 400_000
LOST = 0.05
RETRANSMITTED_AFTER = (0.2, 1.0)
"""Seconds: Linux's shortest time-out, and what it has grown to after a second loss."""


@dataclass
class Way:
    """One direction, whose rate all connections share."""

    free_at: float = 0
    passed_bytes: int = 0
    lost: int = 0
    _last_byte: float = math.inf
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)
    _goes: asyncio.Event = field(default_factory=asyncio.Event)

    def stop_after(self, size: int) -> asyncio.Event:
        """Lets about so many bytes pass, then none until `go`; returns the event of that, however busy the machine."""
        self._last_byte = self.passed_bytes + size
        self._stopped.clear()
        self._goes.clear()
        return self._stopped

    def go(self) -> None:
        self._last_byte = math.inf
        self._goes.set()

    async def carry(self, size: int, chance: random.Random) -> None:
        """Returns when the segment is on the other side."""
        now = asyncio.get_running_loop().time()
        self.free_at = max(now, self.free_at) + size * 8 / BITS_PER_SECOND
        delay = self.free_at - now
        if chance.random() < LOST:
            self.lost += 1
            delay += chance.uniform(*RETRANSMITTED_AFTER)
        await asyncio.sleep(delay)
        if self.passed_bytes >= self._last_byte:
            self._stopped.set()
            await self._goes.wait()
        self.passed_bytes += size


@dataclass
class Line:
    """The line to a port of this machine; browsers open `port` in its place."""

    target: int
    port: int = 0
    up: Way = field(default_factory=Way)
    down: Way = field(default_factory=Way)
    broken: bool = False
    chance: random.Random = field(default_factory=lambda: random.Random(2030))
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    def cut(self) -> None:
        """Breaks every connection, and every new one until `mend`."""
        self.broken = True
        for writer in list(self._open):
            writer.transport.abort()
        self.up.go()
        self.down.go()

    def mend(self) -> None:
        self.broken = False

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.broken:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        both = {writer, far_writer}
        self._open |= both
        try:
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._pass(reader, far_writer, self.up))
                ways.create_task(self._pass(far_reader, writer, self.down))
        except* (ConnectionError, OSError):
            pass
        finally:
            self._open -= both
            for one in both:
                one.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Way) -> None:
        while segment := await reader.read(SEGMENT_BYTES):
            await way.carry(len(segment), self.chance)
            writer.write(segment)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()


@asynccontextmanager
async def poor_line(target: int) -> AsyncIterator[Line]:
    """Yields the line; it ends with whatever still runs over it."""
    line = Line(target)
    server = await asyncio.start_server(line.accept, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        line.cut()
