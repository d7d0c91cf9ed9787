"""What routes ask for: the process' runtime, its database, the present instant."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from polity_chassis.database.engine import Database
from polity_chassis.runtime import Runtime
from polity_chassis.web.routes import READS


# Dependencies are coroutines even where they wait for nothing: FastAPI would run each in a thread.
async def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


async def _database(request: Request) -> Database:
    database: Database = request.app.state.runtime.database
    return database.reading if request.method in READS else database


async def _now(request: Request) -> datetime:
    now: datetime = request.app.state.runtime.clock()
    return now


RuntimeDep = Annotated[Runtime, Depends(_runtime)]
DatabaseDep = Annotated[Database, Depends(_database)]
NowDep = Annotated[datetime, Depends(_now)]
