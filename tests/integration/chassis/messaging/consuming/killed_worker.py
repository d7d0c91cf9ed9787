"""A consumer in a process of its own that kills itself in the middle: argv is url, bootstrap, name, topic, where."""

import asyncio
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from ledger import ledger, note
from polity_chassis.database.engine import Database
from polity_chassis.messaging.consuming import consumer as consuming

MANY = 200


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def main(url: str, bootstrap: str, name: str, topic: str, where: str) -> None:
    seen = 0

    async def note_then_die(session, facts):
        nonlocal seen
        await note(session, facts)
        seen += len(facts)
        if where == "before the commit" and seen > MANY:
            _die()

    runner = consuming.ConsumerRunner(
        ledger(name, (topic,), handler=note_then_die), Database(url, application_name="killed"), bootstrap
    )
    transaction = runner._transaction

    async def transaction_then_die(*args, **options):
        await transaction(*args, **options)
        if where == "after the commit" and seen > MANY:
            _die()

    runner._transaction = transaction_then_die
    await runner.run()


asyncio.run(main(*sys.argv[1:]))
