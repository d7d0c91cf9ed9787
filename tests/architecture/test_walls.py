"""The walls between services and layers stand, and each guard is seen catching a planted violation."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = [ROOT / "contracts/polity_contracts", ROOT / "chassis/polity_chassis", *ROOT.glob("services/*/polity_*")]


def _lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--config", ROOT / "pyproject.toml", "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(package, tmp_path / package.name, ignore=shutil.ignore_patterns("__pycache__", "static"))
    return tmp_path


def test_the_walls_stand(copy: Path) -> None:
    result = _lint_imports(copy)
    assert result.returncode == 0, result.stdout


PLANTED = {
    "No service imports another": ("polity_reporting/planted.py", "import polity_membership"),
    "Services stand on the chassis": ("polity_chassis/planted.py", "import polity_membership"),
    "Inside the chassis": ("polity_chassis/web/planted.py", "import polity_chassis.messaging.publishing.outbox"),
    "Publishing and consuming": (
        "polity_chassis/messaging/publishing/planted.py", "import polity_chassis.messaging.consuming.inbox",
    ),
    "Domain code is pure": ("polity_membership/domain/planted.py", "import sqlalchemy"),
    "Use cases know nothing of HTTP": ("polity_membership/usecases/planted.py", "import fastapi"),
    "Inside a service": ("polity_membership/storage/planted.py", "import polity_membership.usecases"),
}  # fmt: skip


IN_THE_PORTAL = {
    "a feature imports another": ("public/planted.py", "import polity_portal.office.home"),
    "the office imports a city's answer": ("office/planted.py", "import polity_portal.answers.answer"),
    "what features share imports a feature": ("web/planted.py", "import polity_portal.public.home"),
    "pages know who signs in": ("web/planted.py", "import polity_portal.auth.sessions"),
    "the client knows pages": ("client/planted.py", "import polity_portal.web.forms"),
    "a package is in no layer": ("planted.py", ""),
}


@pytest.mark.parametrize("violation", IN_THE_PORTAL)
def test_a_planted_import_in_the_portal_is_caught(copy: Path, violation: str) -> None:
    place, code = IN_THE_PORTAL[violation]
    (copy / "polity_portal" / place).write_text(code + "\n")
    result = _lint_imports(copy)
    assert result.returncode == 1
    assert (
        "In the portal features stand on auth, web, client and i18n, and import no other feature BROKEN"
        in result.stdout
    )


@pytest.mark.parametrize("wall", PLANTED)
def test_a_planted_import_is_caught(copy: Path, wall: str) -> None:
    place, code = PLANTED[wall]
    (copy / place).write_text(code + "\n")
    result = _lint_imports(copy)
    assert result.returncode == 1
    broken = [line for line in result.stdout.splitlines() if line.endswith("BROKEN") or wall in line]
    assert any(wall in line for line in broken), result.stdout


def test_every_package_is_watched() -> None:
    # A guard that leaves a module out checks nothing there.
    configured = (ROOT / "pyproject.toml").read_text()
    for package in PACKAGES:
        assert f'"{package.name}"' in configured.partition("root_packages")[2].partition("]")[0]
