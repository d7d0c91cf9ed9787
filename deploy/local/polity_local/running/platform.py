"""A running platform as tests and the demonstration hold it: addresses, tokens, databases, and who to kill."""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import httpx

from polity_local.errors import CommandError
from polity_local.parts import services
from polity_local.running import orphan_processes
from polity_local.running.instance import DEMO_PASSWORD, REPOSITORY, Instance
from polity_local.running.memory import memory
from polity_local.running.ports import Ports
from polity_local.running.stack import Stack, silent

TEST_RUNS = REPOSITORY / ".local" / "tests"
LOGS = TEST_RUNS / "logs"
TOKEN_SECONDS = 120
"""How long a token is used again; Keycloak's live 300 s."""


class Platform:
    """The platform in one instance, started or reachable."""

    demo_password = DEMO_PASSWORD

    def __init__(self, instance: Instance, stack: Stack) -> None:
        self.instance = instance
        self.stack = stack
        ports = instance.ports
        self.url = instance.public_url
        self.internal_url = f"http://127.0.0.1:{ports.internal}"
        self.issuer = instance.issuer
        self.keycloak_url = instance.keycloak_url
        self.zipkin_url = f"http://127.0.0.1:{ports.zipkin}"
        self.mail_url = f"http://127.0.0.1:{ports.mail}"
        self.smtp_port = ports.smtp
        self.kafka_bootstrap = instance.kafka_bootstrap
        self._tokens: dict[str, tuple[float, str]] = {}

    def database_url(self, service: str) -> str:
        """Returns the service's own database (postgresql+asyncpg://…); `keycloak` too."""
        return self.instance.database_url(service)

    def service_url(self, service: str) -> str:
        """Returns where the service itself answers, past the gateway."""
        return f"http://127.0.0.1:{getattr(self.instance.ports, service)}"

    def token(self, user: str) -> str:
        """Returns an access token of a demo user, for `Authorization: Bearer …`; raises httpx.HTTPStatusError."""
        kept = self._tokens.get(user)
        if kept is None or time.monotonic() - kept[0] > TOKEN_SECONDS:
            form = {"grant_type": "password", "client_id": "polity-test", "username": user, "password": DEMO_PASSWORD}
            kept = self._tokens[user] = (time.monotonic(), self._grant(form))
        return kept[1]

    def partner_token(self) -> str:
        """Returns an access token of the demonstration's partner system (client credentials)."""
        secret = self.instance.secrets["partner_client"]
        form = {"grant_type": "client_credentials", "client_id": "partner-demo", "client_secret": secret}
        return self._grant(form)

    def grant_operator(self, name: str, mail: str) -> str:
        """Returns the mandate link of a new operator; raises CommandError when membership refuses."""
        command = (sys.executable, "-m", "polity_membership", "grant-operator", "--name", name, "--email", mail)
        environment = {
            **os.environ,
            **services.environment(self.instance, "membership"),
            "OTEL_TRACES_EXPORTER": "none",
        }
        done = subprocess.run(
            (*command, "--language", "en"), env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode or not done.stdout.strip():
            raise CommandError(
                f"Membership made no operator: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}"
            )
        return done.stdout.strip().splitlines()[-1]

    def pid(self, name: str) -> int:
        """Returns the program's process id, 0 while it is not running."""
        return int(self.stack.supervisor.programs()[name]["pid"])

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Sends one program a signal, by default kill -9, and returns the id of the process that got it."""
        pid = self.pid(name)
        if not pid:
            raise ProcessLookupError(f"{name} is not running")
        os.kill(pid, number)
        return pid

    def wait_healthy(self, seconds: float = 60, names: Iterable[str] | None = None) -> None:
        """Waits until all (or the named) programs are healthy; raises CommandError naming the first that is not."""
        self.stack.wait_healthy(seconds, names)

    def wait_started_again(self, name: str, killed: int, seconds: float = 60) -> None:
        """Waits until another process than `killed` runs under this name and is healthy; raises CommandError."""
        deadline = time.monotonic() + seconds
        while self.pid(name) in (0, killed):
            if time.monotonic() > deadline:
                raise CommandError(
                    f"{name} was not started again within {seconds:.0f} s: see {self.instance.log(name)}."
                )
            time.sleep(0.1)
        self.wait_healthy(deadline - time.monotonic(), [name])

    def memory(self, name: str) -> int:
        """Returns the bytes that the program and those it started hold."""
        return memory(self.pid(name))

    def _grant(self, form: dict[str, str]) -> str:
        answer = httpx.post(f"{self.url}/auth/realms/polity/protocol/openid-connect/token", data=form, timeout=30)
        answer.raise_for_status()
        return str(answer.json()["access_token"])


@contextlib.contextmanager
def start_platform(
    *, roles_apart: bool = False, overrides: Mapping[str, str] | None = None, names: Iterable[str] | None = None
) -> Iterator[Platform]:
    """Starts a platform on free ports with data of its own, and takes all of it away at the end; its logs stay.

    `roles_apart` runs membership-api, membership-relay, membership-worker, ... as processes of their own; `overrides`
    are environment variables for every service (POLITY_SMTP_PORT=… sends mails to a sink of the caller); `names`
    starts only those programs and what they need.
    """
    _end_dead_runs()
    instance = Instance(TEST_RUNS / f"{os.getpid()}-{secrets.token_hex(3)}", Ports.free())
    stack = Stack(instance, roles_apart=roles_apart, overrides=overrides, tell=silent)
    try:
        stack.start(names)
        yield Platform(instance, stack)
    finally:
        stack.stop()
        instance.erase(keep_logs_in=LOGS / instance.state.name)


def _end_dead_runs() -> None:
    """Ends and removes what test runs left whose own process is gone: killed ones their programs, all their logs."""
    for folder in (*TEST_RUNS.glob("*-*"), *LOGS.glob("*-*")):
        owner = folder.name.partition("-")[0]
        if owner.isdecimal() and not Path("/proc", owner).exists():
            instance = Instance(folder, Ports())
            orphan_processes.end(instance)
            instance.erase()
