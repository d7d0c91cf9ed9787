"""Zipkin: receives the traces and shows them; it keeps the latest in memory only."""

from polity_local.parts import jvm
from polity_local.running.instance import Instance
from polity_local.running.program import Program, answers

HEAP = ("-Xms48m", "-Xmx160m", "-XX:MaxMetaspaceSize=128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
SPANS_KEPT = 30_000
"""A span takes some 2 kB of the heap: with 100,000 it was full after 60,000, and Zipkin ended and forgot them all."""


def program(instance: Instance) -> Program:
    """Returns the trace viewer with its page at /zipkin."""
    (archive,) = jvm.places("zipkin")
    return Program(
        name="zipkin",
        command=(
            *jvm.java(instance.temporary_folder(None)),
            *HEAP,
            "-XX:+ExitOnOutOfMemoryError",
            "-jar",
            str(archive),
        ),
        environment={
            "ARMERIA_PORTS_0_IP": "127.0.0.1",
            "ARMERIA_PORTS_0_PORT": str(instance.ports.zipkin),
            "ARMERIA_PORTS_0_PROTOCOLS_0": "http",
            "STORAGE_TYPE": "mem",
            "MEM_MAX_SPANS": str(SPANS_KEPT),
            "LOGGING_LEVEL_ROOT": "WARN",
        },
        ports=("zipkin",),
        prepare=_prepare,
        healthy=lambda: answers(f"http://127.0.0.1:{instance.ports.zipkin}/health"),
    )


def _prepare() -> None:
    jvm.locked_files("zipkin")
