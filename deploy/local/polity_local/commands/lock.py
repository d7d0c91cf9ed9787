"""./dev lock: chooses the versions of all dependencies anew and writes them down with their hashes."""

import subprocess
import sys
import tomllib
from collections.abc import Sequence

from polity_local.errors import CommandError
from polity_local.parts import jvm
from polity_local.running.instance import REPOSITORY

SERVICES = ("membership", "events", "notifications", "reporting", "portal")
SHARED = ("contracts", "chassis")
COMPILE = (
    *("pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes", "--no-annotate"),
    *("--custom-compile-command", "./dev lock"),
)


def lock(arguments: Sequence[str]) -> int:
    """Writes requirements.lock, one lock per service within it, the tools' locks and those of the Java parts.

    `--upgrade` lets versions rise; without it, what is locked stays where it still fits.
    """
    members = [*SHARED, "deploy/local", *(f"services/{name}" for name in SERVICES)]
    own = [part for member in members for part in ("--no-emit-package", _name(member))]
    everything = ("--group", "dev", "pyproject.toml", *(f"{member}/pyproject.toml" for member in members))
    _uv(*COMPILE, *arguments, *own, *everything, "-o", "requirements.lock")
    for name in SERVICES:
        folder = f"services/{name}"
        sources = [f"{member}/pyproject.toml" for member in (*SHARED, folder)]
        _uv(*COMPILE, *own, "-c", "requirements.lock", *sources, "-o", f"{folder}/requirements.lock")
    for tools in ("deploy/local/bootstrap", "deploy/local/build"):
        _uv(*COMPILE, *arguments, "--no-header", f"{tools}.in", "-o", f"{tools}.txt")
    for part in jvm.PARTS:
        jvm.write_lock(part)
    sys.stdout.write("Locked: requirements.lock, services/*/requirements.lock, deploy/local/*.txt and jvm/.\n")
    return 0


def _name(member: str) -> str:
    project = tomllib.loads((REPOSITORY / member / "pyproject.toml").read_text())["project"]
    return str(project["name"])


def _uv(*arguments: str) -> None:
    uv = REPOSITORY / ".local" / "tools" / "bin" / "uv"
    if not uv.exists():
        raise CommandError("uv is missing: remove .venv and run ./dev lock again.")
    done = subprocess.run((str(uv), *arguments), cwd=REPOSITORY, check=False)
    if done.returncode:
        raise CommandError("The versions could not be chosen; uv says why above. Nothing else was changed.")
