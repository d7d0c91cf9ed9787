"""Where everything listens: the usual ports, moved by POLITY_PORT_BASE or one by one, or free ones for a test run."""

import dataclasses
import os
import random
import socket
from collections.abc import Iterable, Mapping
from typing import Self

from polity_local.errors import CommandError

BELOW_EPHEMERAL = range(15000, 32000)
"""Where a test run looks for free ports. Linux hands out higher ones to outgoing connections, so one that was free may
be taken a moment later; the usual ports are lower, so that no test run has them."""


@dataclasses.dataclass(frozen=True)
class Ports:
    """One port of this machine for each listener; all are of 127.0.0.1. Browsers refuse 10080: mail has another."""

    gateway: int = 8080
    internal: int = 8081
    admin: int = 8082
    membership: int = 8091
    events: int = 8092
    notifications: int = 8093
    reporting: int = 8094
    portal: int = 8095
    postgres: int = 10432
    kafka: int = 10092
    kafka_controller: int = 10093
    keycloak: int = 10180
    keycloak_management: int = 10190
    zipkin: int = 10411
    smtp: int = 10025
    mail: int = 10085
    membership_relay: int = 8101
    membership_worker: int = 8102
    notifications_worker: int = 8103
    reporting_worker: int = 8104
    events_worker: int = 8105

    @classmethod
    def chosen(cls, environ: Mapping[str, str] = os.environ, kept: Mapping[str, int] | None = None) -> Self:
        """Returns the ports that the environment asks for, else those `kept` of an earlier start, else the usual ones.

        Raises CommandError for a value that is no port number.
        """
        base = environ.get("POLITY_PORT_BASE")
        names = [field.name for field in dataclasses.fields(cls)]
        ports = dict(kept or {})
        if base:
            ports = {name: _number("POLITY_PORT_BASE", base) + index for index, name in enumerate(names)}
        for name in names:
            if value := environ.get(variable(name)):
                ports[name] = _number(variable(name), value)
        return cls(**ports)

    @classmethod
    def free(cls) -> Self:
        """Returns a run of ports on which nothing listens now."""
        count = len(dataclasses.fields(cls))
        for _ in range(200):
            first = random.randrange(BELOW_EPHEMERAL.start, BELOW_EPHEMERAL.stop - count)  # noqa: S311
            if not any(busy(port) for port in range(first, first + count)):
                return cls(*range(first, first + count))
        raise CommandError("No run of free ports between 15000 and 32000 was found; end some of what listens there.")

    def refuse_busy(self, names: Iterable[str]) -> None:
        """Raises CommandError for the first of the named ports that something else listens on."""
        for name in names:
            port = getattr(self, name)
            if busy(port):
                raise CommandError(
                    f"Port {port} ({name}) is in use by another program: end it, or set {variable(name)} "
                    "to another port, or POLITY_PORT_BASE to move all of them."
                )


def variable(name: str) -> str:
    """Returns the environment variable that moves the port of this name."""
    return f"POLITY_PORT_{name.upper()}"


def busy(port: int) -> bool:
    """Tells whether something holds this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _number(name: str, value: str) -> int:
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise CommandError(f"{name} is {value!r}: set it to a port number between 1 and 65535.")
    return int(value)
