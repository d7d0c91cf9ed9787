"""One service's process: `python -m polity_<name> <role...>`, where a role is api, worker, relay, migrate or all.

A part that ends by itself ends the process with status 1, and the supervisor starts it again.
"""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import uvicorn

from polity_chassis.application import create_app
from polity_chassis.clock import utc_now
from polity_chassis.database.engine import Database
from polity_chassis.database.migrations import migrate
from polity_chassis.messaging.consuming.consumer import ConsumerRunner
from polity_chassis.messaging.publishing.cause import Acting, act_as
from polity_chassis.messaging.publishing.relay import Relay
from polity_chassis.observability import logs, tracing
from polity_chassis.observability.gauges import Gauge
from polity_chassis.observability.gc_tuning import tune_gc
from polity_chassis.operations.liveness import Liveness
from polity_chassis.runtime import Runtime
from polity_chassis.service import Service
from polity_chassis.web.health import health_app

ROLES = ("api", "worker", "relay", "migrate")
GRACE_SECONDS = 10
"""How long requests under way may take after the signal to stop."""

log = logging.getLogger(__name__)


def run(service_factory: Callable[[], Service], argv: Sequence[str]) -> int:
    """Runs the roles named in `argv` until SIGTERM or SIGINT; returns the process's exit status.

    0 after a signal or a migration, 1 when a part ended by itself, 2 for an unknown role.
    """
    roles = set(argv) - {"all"} | (set(ROLES) if "all" in argv else set())
    if not roles or not roles <= set(ROLES):
        sys.stderr.write(f"usage: {' | '.join((*ROLES, 'all'))}\n")
        return 2
    service = service_factory()
    tune_gc()
    logs.setup(service.name, service.settings.log_level)
    # Here and not at import: exporters have threads, which a fork does not copy.
    traces = tracing.setup(service.name, service.settings.traces_exporter)
    try:
        return asyncio.run(_process(service, roles))
    finally:
        traces.shutdown()


async def _process(service: Service, roles: set[str]) -> int:
    act_as(Acting(f"service:{service.name}"))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if "migrate" in roles:
        await migrate(service.settings.database_url, f"polity_{service.name}")
    if roles == {"migrate"}:
        return 0
    database = Database(service.settings.database_url, application_name=f"{service.name} {' '.join(sorted(roles))}")
    runtime = Runtime(service.settings, database, utc_now)
    try:
        return await _until_stopped(service, runtime, roles, stop)
    finally:
        await database.close()


async def _until_stopped(service: Service, runtime: Runtime, roles: set[str], stop: asyncio.Event) -> int:
    server = _server(service, runtime, roles)
    serving: asyncio.Task[Any] = asyncio.create_task(server.serve(), name="server")
    parts: list[asyncio.Task[Any]] = [
        asyncio.create_task(part, name=name) for name, part in _parts(service, runtime, roles)
    ]
    stopping: asyncio.Task[Any] = asyncio.create_task(stop.wait(), name="signal")
    await asyncio.wait({serving, *parts, stopping}, return_when=asyncio.FIRST_COMPLETED)
    ended = [task for task in (serving, *parts) if task.done()]
    for task in ended:
        log.error("a part ended by itself", extra={"part": task.get_name()}, exc_info=task.exception())
    # Open requests end first, so that what they write can still be sent and applied.
    server.should_exit = True
    await asyncio.wait({serving})
    for task in (*parts, stopping):
        task.cancel()
    await asyncio.wait({*parts, stopping})
    return 1 if ended else 0


def _parts(service: Service, runtime: Runtime, roles: set[str]) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
    settings, bootstrap = service.settings, service.settings.kafka_bootstrap
    relays: list[Relay] = []
    runners: list[ConsumerRunner] = []
    if "relay" in roles and service.aggregates:
        relays = [Relay(settings.database_url, bootstrap, source=service.name, aggregates=service.aggregates)]
    if "worker" in roles:
        runners = [ConsumerRunner(consumer, runtime.database, bootstrap) for consumer in service.consumers]
        for task in service.background:
            yield getattr(task, "__name__", "background"), task(runtime)
    for relay in relays:
        runtime.gauges.append(relay.gauges)
        yield "relay", relay.run()
    for runner in runners:
        runtime.gauges.append(partial(_consumer_gauges, runner))
        yield runner.consumer.name, runner.run()
    yield "liveness", Liveness(runtime.database, bootstrap, consumers=runners, relays=relays).run()


def _consumer_gauges(runner: ConsumerRunner) -> Iterable[Gauge]:
    labels = (("consumer", runner.consumer.name),)
    lag = runner.lag()
    if lag is not None:
        yield Gauge("polity_consumer_lag", "Facts published and not yet applied", lag, labels)
    yield Gauge("polity_consumer_waiting", "Whether the consumer waits", int(runner.waiting_for is not None), labels)


def _server(service: Service, runtime: Runtime, roles: set[str]) -> uvicorn.Server:
    return _Server(
        uvicorn.Config(
            create_app(service, runtime) if "api" in roles else health_app(runtime),
            host=service.settings.host,
            port=service.settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )


class _Server(uvicorn.Server):
    """Leaves the signals to the process: other parts stop after the server."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
