"""The walls between services and layers stand, and each guard is seen catching a planted violation."""

import os
import re
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


def _copy_packages(folder: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("__pycache__", "static"))


def test_the_walls_stand(tmp_path: Path) -> None:
    _copy_packages(tmp_path)
    result = _lint_imports(tmp_path)
    assert result.returncode == 0, result.stdout


PLANTED = [
    ("No service imports another", "polity_reporting/planted.py", "polity_membership"),
    ("Services stand on the chassis", "polity_chassis/planted.py", "polity_membership"),
    ("Inside the chassis", "polity_chassis/web/planted.py", "polity_chassis.messaging.publishing.outbox"),
    (
        "Publishing and consuming",
        "polity_chassis/messaging/publishing/planted.py",
        "polity_chassis.messaging.consuming.inbox",
    ),
    ("Domain code is pure", "polity_notifications/domain/planted.py", "sqlalchemy"),
    ("Domain code is pure", "polity_membership/campaigns/domain.py", "sqlalchemy"),
    ("Domain code is pure", "polity_membership/proofs/domain/planted.py", "polity_chassis.clock"),
    ("Domain code is pure", "polity_membership/campaigns/errors.py", "fastapi"),
    ("Domain code is pure", "polity_membership/values/planted.py", "asyncio"),
    ("Use cases know nothing of HTTP", "polity_notifications/usecases/planted.py", "fastapi"),
    ("Use cases know nothing of HTTP", "polity_membership/campaigns/usecases/planted.py", "fastapi"),
    ("Use cases know nothing of HTTP", "polity_membership/retention/usecases.py", "starlette"),
    ("Queries and tables know nothing of HTTP", "polity_membership/campaigns/queries.py", "fastapi"),
    ("Queries and tables know nothing of HTTP", "polity_membership/campaigns/tables.py", "starlette"),
    ("Inside a service", "polity_notifications/storage/planted.py", "polity_notifications.usecases"),
    ("Inside a noun", "polity_membership/campaigns/queries.py", "polity_membership.campaigns.usecases.open_campaign"),
    ("Inside a noun", "polity_membership/campaigns/tables.py", "polity_membership.campaigns.queries"),
    ("Inside a noun", "polity_membership/proofs/usecases/planted.py", "polity_membership.proofs.http"),
    ("Of any noun: domain code", "polity_membership/campaigns/domain.py", "polity_membership.people.tables"),
    (
        "Of any noun: tables and queries",
        "polity_membership/campaigns/queries.py",
        "polity_membership.retention.usecases",
    ),
    ("Of any noun: use cases", "polity_membership/campaigns/usecases/planted.py", "polity_membership.networks.http"),
    ("In the portal features stand", "polity_portal/public/planted.py", "polity_portal.office.home"),
    ("In the portal features stand", "polity_portal/office/planted.py", "polity_portal.answers.answer"),
    # What features share imports a feature.
    ("In the portal features stand", "polity_portal/web/planted_feature.py", "polity_portal.public.home"),
    # Pages know who signs in.
    ("In the portal features stand", "polity_portal/web/planted_auth.py", "polity_portal.auth.sessions"),
    ("In the portal features stand", "polity_portal/client/planted.py", "polity_portal.web.forms"),
]
"""A wall, a module of either shape of a service, and what it must not import."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What is said of a copy of the code in which all of them are planted."""
    folder = tmp_path_factory.mktemp("planted")
    _copy_packages(folder)
    for _, place, imported in PLANTED:
        with (folder / place).open("a") as file:
            file.write(f"\nimport {imported}\n")
    result = _lint_imports(folder)
    assert result.returncode == 1
    return result.stdout


@pytest.mark.parametrize(("wall", "place", "imported"), PLANTED)
def test_a_planted_import_is_caught(report: str, wall: str, place: str, imported: str) -> None:
    # Each broken contract's name is underlined, and the imports that broke it follow.
    broken = re.split(r"^(.+)\n-{3,}\n", report.partition("Broken contracts")[2], flags=re.MULTILINE)
    (said,) = [text for name, text in zip(broken[1::2], broken[2::2], strict=True) if name.startswith(wall)]
    module = place.removesuffix(".py").replace("/", ".")
    assert f"{module} -> {imported} (l." in said, report


def test_a_package_of_the_portal_that_is_in_no_layer_is_caught(tmp_path: Path) -> None:
    _copy_packages(tmp_path)
    (tmp_path / "polity_portal" / "planted.py").write_text("")
    result = _lint_imports(tmp_path)
    assert result.returncode == 1
    assert (
        "In the portal features stand on auth, web, client and i18n, and import no other feature BROKEN"
        in result.stdout
    )


ROLES = {"__init__", "domain", "errors", "tables", "queries", "usecases", "http", "consumers"}
"""The modules and packages of a noun, by whose names the walls inside it stand."""
SHARED = {
    "": {"__init__", "__main__", "app", "errors", "routers", "settings", "worker"},
    "api": {"__init__", "access_rules", "fields", "titles"},
    "database": {"__init__", "aggregates", "bulk", "metadata", "rows", "schema"},
    "erasures": {*ROLES, "accounts"},
    "proofs": {*ROLES, "files"},
    "reference_data": {*ROLES, "land", "reference"},
    "tabular_import": {*ROLES, "uploads"},
    "values": {"__init__", "addresses", "days", "link_generations", "numbers", "texts"},
}
"""What else there may be."""


def test_every_module_of_a_noun_has_a_name_that_the_walls_know() -> None:
    root = ROOT / "services/membership/polity_membership"
    folders = [root, *(path for path in root.iterdir() if (path / "__init__.py").exists())]
    assert len(folders) > 20
    for folder in folders:
        nouns = {path.name for path in folders} if folder == root else set()
        names = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
        assert names - nouns <= SHARED.get(folder.name if folder != root else "", ROLES), folder


def test_every_package_is_watched() -> None:
    # A guard that leaves a module out checks nothing there.
    configured = (ROOT / "pyproject.toml").read_text()
    for package in PACKAGES:
        assert f'"{package.name}"' in configured.partition("root_packages")[2].partition("]")[0]
