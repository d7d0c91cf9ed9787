"""A service for the tests of the role runner: `a_service.py <role...>`; CRASH=1 makes its background task fail."""

import asyncio
import os
import sys

from fastapi import APIRouter
from polity_chassis.authorization.access import PUBLIC, access
from polity_chassis.process import run
from polity_chassis.runtime import Runtime
from polity_chassis.service import Service
from polity_chassis.settings import ServiceSettings, load

router = APIRouter()


@router.get("/v1/slow", **access(PUBLIC))
async def slow() -> dict[str, bool]:
    await asyncio.sleep(1)
    return {"finished": True}


async def sender(runtime: Runtime) -> None:
    assert await runtime.database.ping()
    while not os.environ.get("CRASH"):  # noqa: ASYNC110
        await asyncio.sleep(60)
    raise ZeroDivisionError


def service() -> Service:
    aggregates = {"test-v1": ["none"]}
    return Service("test", load(ServiceSettings), [router], aggregates=aggregates, background=[sender])


if __name__ == "__main__":
    sys.exit(run(service, sys.argv[1:]))
