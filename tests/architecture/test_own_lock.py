"""A shared environment hides what a package imports and never declares: each service is imported with its own lock."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from polity_local.parts.services import ROLES
from polity_local.running.instance import REPOSITORY

UV = REPOSITORY / ".local" / "tools" / "bin" / "uv"

IMPORT_ALL = """
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        if not module.name.endswith(".__main__") and ".migrations.env" not in module.name:
            importlib.import_module(module.name)
"""


def imported(python: Path, sources: list[Path], packages: list[str]) -> subprocess.CompletedProcess[str]:
    """Imports every module of the packages from their sources, with nothing else of this repository in reach."""
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(str(source) for source in sources)}
    command = (str(python), "-c", IMPORT_ALL, *packages)
    return subprocess.run(command, cwd="/", env=variables, capture_output=True, text=True, check=False)


def environment(service: str, folder: Path) -> tuple[Path, str]:
    """Returns the Python of a new environment of this service's lock alone, and why it could not be made, if so."""
    python = folder / service / "bin" / "python"
    lock = REPOSITORY / "services" / service / "requirements.lock"
    variables = {**os.environ, "UV_HTTP_TIMEOUT": "10"}
    for command in (
        (UV, "venv", "--quiet", "--python", sys.executable, folder / service),
        (UV, "pip", "sync", "--quiet", "--python", python, "--require-hashes", "--link-mode", "hardlink", lock),
    ):
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        if done.returncode:
            return python, done.stderr.strip()[-200:]
    return python, ""


@pytest.mark.slow
def test_every_module_is_imported_with_its_services_own_lock(tmp_path: Path) -> None:
    def faults(service: str) -> tuple[str, str]:
        python, unavailable = environment(service, tmp_path)
        if unavailable:
            return unavailable, ""
        sources = [REPOSITORY / "contracts", REPOSITORY / "chassis", REPOSITORY / "services" / service]
        done = imported(python, sources, ["polity_contracts", "polity_chassis", f"polity_{service}"])
        return "", done.stderr[-600:] if done.returncode else ""

    with ThreadPoolExecutor(len(ROLES)) as pool:
        found = dict(zip(ROLES, pool.map(faults, ROLES), strict=True))
    absent = {service: reason for service, (reason, _) in found.items() if reason}
    if absent:
        pytest.skip(f"the locked packages cannot be had here: {absent}")
    assert {service: fault for service, (_, fault) in found.items() if fault} == {}


@pytest.mark.slow
def test_an_import_that_no_lock_has_is_seen(tmp_path: Path) -> None:
    python, unavailable = environment("portal", tmp_path)
    if unavailable:
        pytest.skip(f"the locked packages cannot be had here: {unavailable}")
    planted = tmp_path / "planted"
    planted.mkdir()
    (planted / "__init__.py").write_text("import sendria\n")
    done = imported(python, [tmp_path], ["planted"])
    assert "No module named 'sendria'" in done.stderr
