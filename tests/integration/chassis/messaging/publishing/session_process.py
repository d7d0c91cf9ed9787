"""Runs statements in a relay's session, to be stopped meanwhile: `session_process.py <database url> <statement…>`."""

import asyncio
import sys

from polity_chassis.database.urls import driver_url
from polity_chassis.messaging.publishing.relay import session


async def run(url: str, *statements: str) -> None:
    async with session(driver_url(url)) as connection:
        for statement in statements:
            await connection.fetch(statement)


asyncio.run(run(*sys.argv[1:]))
