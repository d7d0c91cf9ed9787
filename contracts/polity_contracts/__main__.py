"""`python -m polity_contracts apply | generate | check`."""

import argparse
import asyncio
import sys
from pathlib import Path

from aiokafka.errors import KafkaError

from polity_contracts.create_topics import TopicRefused, create_topics
from polity_contracts.generated import CONTRACTS, BreakingChange, generate, problems


def main(argv: list[str] | None = None) -> int:
    """Returns the process's exit status: 0, or 1 with one sentence a problem on standard error."""
    parser = argparse.ArgumentParser(prog="python -m polity_contracts", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    topics = commands.add_parser("apply", help="make the topics in Kafka; safe to repeat")
    topics.add_argument("--bootstrap", required=True, help="host:port of a broker")
    topics.add_argument("--replication", type=int, default=1, help="copies of each partition, for topics made now")
    topics.add_argument(
        "--min-insync-replicas",
        type=int,
        help="copies that must have a record before it is acknowledged (without it: as it is, or as the broker says)",
    )
    for name, what in (("generate", "write schemas and AsyncAPI"), ("check", "say what differs or breaks")):
        commands.add_parser(name, help=what).add_argument("--folder", type=Path, default=CONTRACTS)
    arguments = parser.parse_args(argv)
    try:
        if arguments.command == "apply":
            copies = {"replication": arguments.replication, "min_insync_replicas": arguments.min_insync_replicas}
            made = asyncio.run(create_topics(arguments.bootstrap, **copies))
            print(f"{len(made)} topics made" if made else "every topic was there")  # noqa: T201
            return 0
        found = generate(arguments.folder) if arguments.command == "generate" else problems(arguments.folder)
    except (TopicRefused, BreakingChange) as error:
        found = [str(error)]
    except (KafkaError, TimeoutError) as error:
        found = [f"Kafka did not make the topics: {error or type(error).__name__}"]
    for problem in found:
        print(problem, file=sys.stderr)  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
