"""The watch over transactions finds what it is for."""

import asyncio
import textwrap
from typing import Any

import httpx
import pytest
from polity_chassis.database.engine import Database

PLANTED = {
    "a thread": "await asyncio.to_thread(int)",
    "a request": "await client.get('http://elsewhere.test/')",
    "another transaction": "async with database.transaction():\n    pass",
    "another transaction by a call": "await nested(database)",
}


def planted(source: str) -> dict[str, Any]:
    """What a module of a service with this source has."""
    found: dict[str, Any] = {"asyncio": asyncio}
    exec(compile(source, "/somewhere/services/planted.py", "exec"), found)
    return found


SOURCE = """
async def nested(database):
    async with database.transaction():
        pass

async def within(database, client):
    async with database.transaction():
{done}

async def after(database, client):
    async with database.transaction():
        pass
    {first}
"""


@pytest.mark.parametrize("what", PLANTED)
async def test_what_is_done_with_a_transaction_open_is_found_and_nothing_else(
    chassis_database: Database, transactions_stay_at_home: Any, what: str
) -> None:
    done = PLANTED[what]
    source = SOURCE.format(done=textwrap.indent(done, "        "), first=textwrap.indent(done, "    ").strip())
    code, faults = planted(source), transactions_stay_at_home.faults
    transport = httpx.MockTransport(lambda _: httpx.Response(200))
    async with httpx.AsyncClient(transport=transport) as client:
        await code["after"](chassis_database, client)
        assert faults == []
        with pytest.raises(AssertionError):
            await code["within"](chassis_database, client)
    assert len(faults) == 1
    assert "within" in faults[0]
    faults.clear()


async def test_tests_may_hold_what_they_like(chassis_database: Database, transactions_stay_at_home: Any) -> None:
    async with chassis_database.transaction():
        await asyncio.to_thread(int)
        async with chassis_database.transaction():
            pass
    assert transactions_stay_at_home.faults == []
