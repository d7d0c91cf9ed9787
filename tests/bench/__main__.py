"""`./dev bench [NAME …] [--json]`: ours and a peer in turn, medians and their ratio; only ratios travel."""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import commitments
import held_transaction
import latency
import progress_read
import rebuild
import relay
import webhooks
from polity_local.parts import jvm
from polity_local.running.platform import Platform, start_platform
from polity_local.testing.parts import KafkaForTests, PostgresForTests

Result = dict[str, Any]
OnParts = Callable[[PostgresForTests, KafkaForTests, int], Awaitable[Result]]
Benchmark = Callable[[Platform, int], Awaitable[Result]]


def _with_databases_of_its_own(measure: OnParts) -> Benchmark:
    async def run(parts: Platform, runs: int) -> Result:
        return await measure(PostgresForTests(parts.instance.admin_url), KafkaForTests(parts.kafka_bootstrap), runs)

    return run


async def _relay(postgres: PostgresForTests, kafka: KafkaForTests, runs: int) -> Result:
    tools = [*jvm.locked_files("kafka"), *jvm.locked_files("kafka-tools")]
    classpath = os.pathsep.join(str(path) for path in dict.fromkeys(tools))
    return await relay.measure(
        postgres, kafka, java=jvm.java(Path(tempfile.gettempdir())), classpath=classpath, runs=runs
    )


BENCHMARKS: dict[str, Benchmark] = {
    "relay": _with_databases_of_its_own(_relay),
    "latency": _with_databases_of_its_own(latency.measure),
    "webhooks": _with_databases_of_its_own(webhooks.measure),
    "webhooks-hanging": _with_databases_of_its_own(webhooks.measure_hanging),
    "rebuild": _with_databases_of_its_own(rebuild.measure),
    "consumption": _with_databases_of_its_own(rebuild.measure_live),
    "commitments": commitments.measure,
    "commitments-spread": commitments.measure_spread,
    "progress-read": progress_read.measure,
    "progress-read-304": progress_read.measure_not_modified,
    "held-transaction": _with_databases_of_its_own(held_transaction.measure),
}


def main(arguments: list[str]) -> int:
    """Prints each result as it comes, or all as one JSON list; returns 0."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(BENCHMARKS)}; all without")
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each side")
    parser.add_argument("--minutes", type=float, default=2, help="how long held-transaction holds it (the proof: 10)")
    parser.add_argument("--json", action="store_true", help="print a list of results")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.names) - set(BENCHMARKS):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    held_transaction.SECONDS = 60 * asked.minutes
    with start_platform(names=["postgres", "kafka"], roles_apart=True) as parts:
        results = asyncio.run(_all(parts, asked.names or list(BENCHMARKS), asked.runs, quiet=asked.json))
    if asked.json:
        sys.stdout.write(json.dumps(results, indent=2) + "\n")
    return 0


async def _all(parts: Platform, names: list[str], runs: int, *, quiet: bool) -> list[Result]:
    results = []
    for name in names:
        result = await BENCHMARKS[name](parts, runs)
        results.append(result)
        if not quiet:
            sys.stdout.write(
                f"{result['name']}: {result['ours']} against {result['peer']} {result['unit']}"
                f" ({result['peer_name']}): ratio {result['ratio']}, {result['runs']} runs\n"
            )
            sys.stdout.flush()
    return results


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
