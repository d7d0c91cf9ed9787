"""/health/live, /health/ready and /metrics.

Ready means that the database answers on a connection that no request uses: waiting requests make no process unready.
The API of a service that publishes is ready once its database is known to hold all that was published. A broker that
is away delays facts but no request, so it is not checked.
"""

import asyncio

from fastapi import APIRouter, FastAPI, Request, Response
from opentelemetry.instrumentation.utils import suppress_instrumentation
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from polity_chassis.database.engine import WATCH_SECONDS, Database
from polity_chassis.observability.gauges import Gauge, exposition
from polity_chassis.observability.tracing import HTTP
from polity_chassis.runtime import Runtime

COUNTED_AT_MOST = 100_000

_OUTBOX = text("""
SELECT (SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT :most) AS counted) AS rows,
       coalesce((SELECT extract(epoch FROM now() - added_at) FROM outbox ORDER BY seq LIMIT 1), 0) AS age
""")
_RESTORED = text("""
SELECT CASE WHEN EXISTS (SELECT FROM orphan WHERE settled_at IS NULL)
            THEN 'published facts are unknown here: an operator has to settle the orphans'
            WHEN NOT EXISTS (SELECT FROM restore_check WHERE written_as = restore_mark(xmin))
            THEN 'the database is not yet compared with what was published'
       END
""")
_PARKED = text("SELECT consumer, count(*) FROM parked_message WHERE discarded_at IS NULL GROUP BY consumer")

router = APIRouter(include_in_schema=False)


@router.get("/health/live")
async def live() -> dict[str, str]:
    """Answers while the process runs."""
    return {"status": "live"}


@router.get("/health/ready")
async def ready(request: Request, response: Response) -> dict[str, str]:
    """Answers 503, and why, while the database does not answer or may know less than was published."""
    runtime: Runtime = request.app.state.runtime
    why_not = await _why_not_ready(runtime.database, publishes=getattr(request.app.state, "publishes", False))
    response.status_code = 503 if why_not else 200
    return {"status": why_not or "ready"}


async def _why_not_ready(database: Database, *, publishes: bool) -> str | None:
    if not publishes:
        return None if await database.ping() else "database unavailable"
    try:
        with suppress_instrumentation():
            async with asyncio.timeout(WATCH_SECONDS), database.watch() as connection:
                found: str | None = (await connection.execute(_RESTORED)).scalar_one()
    except (SQLAlchemyError, OSError, TimeoutError):
        return "database unavailable"
    return found


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Answers with the process's gauges in Prometheus' text format 0.0.4."""
    runtime: Runtime = request.app.state.runtime
    gauges = [gauge for source in runtime.gauges for gauge in source()]
    with suppress_instrumentation():
        gauges += await _database_gauges(runtime.database)
    return Response(exposition(gauges), media_type="text/plain; version=0.0.4")


def health_app(runtime: Runtime) -> FastAPI:
    """Returns the app of a process without an API: health and metrics only."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, telemetry=HTTP)
    app.state.runtime = runtime
    app.include_router(router)
    return app


async def _database_gauges(database: Database) -> list[Gauge]:
    try:
        async with asyncio.timeout(WATCH_SECONDS), database.watch() as connection:
            rows, age = (await connection.execute(_OUTBOX, {"most": COUNTED_AT_MOST})).one()
            parked = (await connection.execute(_PARKED)).all()
    except (SQLAlchemyError, OSError, TimeoutError):
        return [Gauge("polity_database_up", "Whether the database answers", 0)]
    return [
        Gauge("polity_database_up", "Whether the database answers", 1),
        Gauge("polity_outbox_rows", f"Facts not yet in Kafka, counted up to {COUNTED_AT_MOST}", rows),
        Gauge("polity_outbox_age_seconds", "Age of the oldest fact not yet in Kafka", float(age)),
        *(
            Gauge("polity_parked_messages", "Messages that could not be applied", count, (("consumer", consumer),))
            for consumer, count in parked
        ),
    ]
