"""A process that hands one batch of facts to the consumer of webhooks: DATABASE_URL SUBSCRIPTIONS FACTS.

Prints the deliveries it made and the most memory that it held, in bytes.
"""

import asyncio
import sys
from datetime import date
from pathlib import Path
from typing import Any

from polity_chassis.clock import utc_now
from polity_chassis.database.engine import Database
from polity_chassis.ids import new_id
from polity_chassis.messaging.consuming.records import Received
from polity_contracts.membership.commitments import CommitmentMade
from polity_notifications.consumers.webhooks import webhook_consumer
from sqlalchemy import text

SUBSCRIBE = text("""
INSERT INTO webhook (webhook_id, owner, url, description, key_id, generation, created_at, enabled_at)
SELECT uuidv7(), 'partner ' || number % 20, 'https://partner.example/' || number, '', 'k1', 1, now(), now()
  FROM generate_series(1, CAST(:number AS int)) AS number
""")


def fact(number: int) -> Received[Any]:
    now, network = utc_now(), new_id()
    pledge = CommitmentMade(
        commitment_id=new_id(), campaign_id=new_id(), network_id=network, local_government_id=new_id(), language="en",
        ordinal=number, themes=("a", "b", "c"), signed_on=date(2030, 3, 1), made_at=now,
    )  # fmt: skip
    return Received(pledge, str(pledge.commitment_id), now, new_id(), 1, pledge.topic, 0, number, None)


def most_bytes() -> int:
    """Returns the most that this program held since it began: `ru_maxrss` may be of the process that began it."""
    status = Path("/proc/self/status").read_text()
    return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


async def main(url: str, subscriptions: int, facts: int) -> None:
    database = Database(url, application_name="fan-out")
    async with database.engine.begin() as connection:
        await connection.execute(SUBSCRIBE, {"number": subscriptions})
    handler = webhook_consumer().handlers[CommitmentMade]
    async with database.transaction() as session:
        await handler(session, [fact(number) for number in range(facts)])
    async with database.engine.connect() as connection:
        made = (await connection.execute(text("SELECT count(*) FROM webhook_delivery"))).scalar_one()
    await database.close()
    print(made, most_bytes())  # noqa: T201


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
