"""Gauges of a process, and how Prometheus reads them (text format 0.0.4)."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gauge:
    """One number of /metrics; `labels` are names and values."""

    name: str
    help: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


def exposition(gauges: Iterable[Gauge]) -> str:
    """Returns the gauges in Prometheus' text format, each name described once."""
    by_name: dict[str, list[Gauge]] = {}
    for gauge in gauges:
        by_name.setdefault(gauge.name, []).append(gauge)
    return "".join(_family(name, family) for name, family in by_name.items())


def _family(name: str, family: list[Gauge]) -> str:
    lines = [f"# HELP {name} {family[0].help}", f"# TYPE {name} gauge"]
    for gauge in family:
        labels = ",".join(f'{label}="{_escaped(value)}"' for label, value in gauge.labels)
        lines.append(f"{name}{{{labels}}} {gauge.value}" if labels else f"{name} {gauge.value}")
    return "\n".join(lines) + "\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
