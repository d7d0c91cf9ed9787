"""`python -m polity_reporting api | worker | relay | migrate | all | rebuild`."""

import asyncio
import sys

from polity_chassis.operations.rebuild import rebuild
from polity_chassis.process import run
from polity_chassis.settings import ServiceSettings, load

from polity_reporting.app import service
from polity_reporting.projections.progress import PROGRESS
from polity_reporting.storage.tables import PROJECTION_TABLES


def recalculate() -> int:
    """Recalculates every figure from the facts, beside the running service; returns the exit status."""
    settings = load(ServiceSettings)
    tables = [table.name for table in PROJECTION_TABLES]
    done = asyncio.run(rebuild(settings.database_url, settings.kafka_bootstrap, PROGRESS, tables))
    sys.stdout.write(f"{done.records} facts in {done.seconds:.1f} seconds\n")
    return 0


if __name__ == "__main__":
    sys.exit(recalculate() if sys.argv[1:] == ["rebuild"] else run(service, sys.argv[1:]))
