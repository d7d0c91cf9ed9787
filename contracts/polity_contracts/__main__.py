"""`python -m polity_contracts apply | generate | check`."""

import argparse
import asyncio
import sys
from pathlib import Path

from polity_contracts.create_topics import PartitionsDiffer, create_topics
from polity_contracts.generated import CONTRACTS, BreakingChange, generate, problems


def main(argv: list[str] | None = None) -> int:
    """Returns the process's exit status: 0, or 1 with one sentence a problem on standard error."""
    parser = argparse.ArgumentParser(prog="python -m polity_contracts", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    topics = commands.add_parser("apply", help="make the topics in Kafka; safe to repeat")
    topics.add_argument("--bootstrap", required=True, help="host:port of a broker")
    topics.add_argument("--replication", type=int, default=1, help="copies of each partition")
    for name, what in (("generate", "write schemas and AsyncAPI"), ("check", "say what differs or breaks")):
        commands.add_parser(name, help=what).add_argument("--folder", type=Path, default=CONTRACTS)
    arguments = parser.parse_args(argv)
    try:
        if arguments.command == "apply":
            made = asyncio.run(create_topics(arguments.bootstrap, replication=arguments.replication))
            print(f"{len(made)} topics made" if made else "every topic was there")  # noqa: T201
            return 0
        found = generate(arguments.folder) if arguments.command == "generate" else problems(arguments.folder)
    except (PartitionsDiffer, BreakingChange) as error:
        found = [str(error)]
    for problem in found:
        print(problem, file=sys.stderr)  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
