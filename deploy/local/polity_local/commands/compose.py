"""./dev compose-env and compose-demo: what docker-compose.yml needs beside itself, and the demonstration for it."""

import asyncio
import secrets
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from polity_local.demo.client import Refused
from polity_local.demo.letterboxes import Mailpit
from polity_local.demo.whole import load_whole
from polity_local.errors import CommandError
from polity_local.running.instance import REPOSITORY, new_secrets, write_private


def env(_arguments: Sequence[str]) -> int:
    """Writes .env, readable for its owner only; what it holds already stays, so that volumes keep their passwords."""
    path = REPOSITORY / ".env"
    added = complete(path)
    sys.stdout.write(f"{len(added)} secrets were added to {path}.\n" if added else f"{path} has every secret.\n")
    return 0


def demo(_arguments: Sequence[str]) -> int:
    """Loads the demonstration into the running containers; raises CommandError when they refuse it."""
    try:
        address = asyncio.run(_load())
    except (Refused, httpx.HTTPError, TimeoutError) as error:
        raise CommandError(f"The demonstration was not loaded: {error}") from error
    sys.stdout.write(f"Loaded: {address}\nThe password of `secretariat` and the others is DEMO_PASSWORD in .env.\n")
    return 0


def complete(path: Path) -> list[str]:
    """Adds to the file what docker-compose.yml asks for and it lacks; returns the names that were added."""
    present = path.read_text() if path.exists() else ""
    names = {line.partition("=")[0].strip() for line in present.splitlines()}
    missing = {name: value for name, value in variables().items() if name not in names}
    if present and not present.endswith("\n"):
        present += "\n"
    # In single quotes compose takes a value as it is.
    write_private(path, present + "".join(f"{name}='{value}'\n" for name, value in missing.items()))
    return list(missing)


def variables() -> dict[str, str]:
    """Returns new secrets under the names that docker-compose.yml has for them."""
    made = {_variable(name): value for name, value in new_secrets().items()}
    return made | {"DEMO_PASSWORD": secrets.token_urlsafe(16)}


def _variable(name: str) -> str:
    if name.startswith("database_"):
        return f"{name.removeprefix('database_').upper()}_DATABASE_PASSWORD"
    return _RENAMED.get(name, name.upper())


_RENAMED = {
    "postgres": "POSTGRES_PASSWORD",
    "keycloak_admin": "KEYCLOAK_ADMIN_PASSWORD",
    "portal_client": "PORTAL_CLIENT_SECRET",
    "partner_client": "PARTNER_CLIENT_SECRET",
    "erasure_client": "ERASURE_CLIENT_SECRET",
}


@dataclass(frozen=True, slots=True)
class _Containers:
    url: str
    internal_url: str
    """The gateway's internal listener is not published: the public one serves here, too."""
    mail_url: str
    demo_password: str

    @staticmethod
    def grant_operator(name: str, mail: str) -> str:
        who = ("--name", name, "--email", mail, "--language", "en")
        return _in_container("membership-api", "polity", "grant-operator", *who)


async def _load() -> str:
    url, password = (_in_container("keycloak", "printenv", name) for name in ("PUBLIC_URL", "DEMO_PASSWORD"))
    mails = _in_container("portal-api", "printenv", "POLITY_MAILS_URL")
    demo = await load_whole(_Containers(url, url, mails, password), Mailpit)
    return f"{url}/en/campaigns/{demo.campaign_id}"


def _in_container(service: str, *command: str) -> str:
    """Returns the last line that a command prints in a running container; raises CommandError when it fails."""
    whole = ("docker", "compose", "exec", "-T", service, *command)
    try:
        done = subprocess.run(whole, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise CommandError("docker is missing here: install Docker Engine with its compose plugin.") from None
    if done.returncode or not done.stdout.strip():
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise CommandError(f"{service} did not answer ({reason}): docker compose up --build --wait starts it.")
    return done.stdout.strip().splitlines()[-1]
