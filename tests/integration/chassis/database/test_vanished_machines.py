"""A machine that vanished without a word, the database's or ours, holds up nobody for ever."""

import socket
from typing import Any

from polity_chassis.database.engine import Database
from sqlalchemy import text


async def test_neither_side_waits_for_a_machine_that_vanished(postgres: Any) -> None:
    """Both give up after 25 s without any sign of the other, whether something is under way or not."""
    database = Database(await postgres.create_database("database"), application_name="tests")
    for open_one in (database.engine.connect, database.watch):
        async with open_one() as connection:
            names = ("tcp_user_timeout", "tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count")
            told = [await connection.scalar(text(f"SELECT current_setting('{name}')")) for name in names]
            raw = (await connection.get_raw_connection()).driver_connection
            used: Any = raw._transport.get_extra_info("socket")  # type: ignore[union-attr]
        assert told == ["25000", "10", "5", "3"]
        options = (socket.TCP_USER_TIMEOUT, socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        assert [used.getsockopt(socket.IPPROTO_TCP, option) for option in options] == [25_000, 10, 5, 3]
        assert used.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    await database.close()
