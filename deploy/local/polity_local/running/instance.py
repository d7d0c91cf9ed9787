"""Where one run keeps its data, its secrets and its logs."""

import base64
import dataclasses
import json
import os
import pwd
import secrets
import shutil
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from polity_local.errors import CommandError
from polity_local.running.ports import Ports

REPOSITORY = Path(__file__).resolve().parents[4]
DATABASES = ("membership", "events", "notifications", "reporting", "portal", "keycloak")
DEMO_PASSWORD = "demo-only-2030"  # noqa: S105 - printed for everyone, of invented people on this machine only
SINGLE_SECRETS = ("postgres", "keycloak_admin", "portal_client", "partner_client", "erasure_client")


@dataclasses.dataclass(frozen=True)
class Instance:
    """One run's folder `state` and its ports; nothing of it is readable for other users of the machine."""

    state: Path
    ports: Ports

    @cached_property
    def secrets(self) -> dict[str, str]:
        """Returns this run's passwords and keys, made at random the first time they are needed."""
        path = self.state / "secrets.json"
        found: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        made = new_secrets()
        if made.keys() - found.keys():
            found = made | found
            write_private(path, json.dumps(found, indent=1))
        return found

    @property
    def public_url(self) -> str:
        return f"http://localhost:{self.ports.gateway}"

    @property
    def issuer(self) -> str:
        return f"{self.public_url}/auth/realms/polity"

    @property
    def keycloak_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.keycloak}/auth"

    @property
    def kafka_bootstrap(self) -> str:
        return f"127.0.0.1:{self.ports.kafka}"

    @property
    def admin_url(self) -> str:
        """The PostgreSQL superuser's URL."""
        return f"postgresql://postgres:{self.secrets['postgres']}@127.0.0.1:{self.ports.postgres}/postgres"

    def database_url(self, name: str) -> str:
        """Returns the URL by which the role `name` reaches the database of the same name."""
        password = self.secrets[f"database_{name}"]
        return f"postgresql+asyncpg://{name}:{password}@127.0.0.1:{self.ports.postgres}/{name}"

    def log(self, name: str) -> Path:
        return self.state / "log" / f"{name}.log"

    @cached_property
    def postgres_home(self) -> Path:
        """PostgreSQL's folder. It refuses to run as root, so then it lies where its own user can enter."""
        if os.getuid() != 0 or _enterable(self.state):
            return self.state / "postgres"
        return Path("/var/lib/polity") / sha256(str(self.state).encode()).hexdigest()[:16]

    @cached_property
    def postgres_user(self) -> str | None:
        """The system user that PostgreSQL runs as; None: ours, which is not root."""
        if os.getuid() != 0:
            return None
        data = self.postgres_home / "data"
        if data.exists():
            return data.owner()
        known = {entry.pw_name for entry in pwd.getpwall()}
        return next(name for name in ("postgres", "nobody") if name in known)

    def prepare(self) -> None:
        """Makes the folders, closed to other users; as root other users may pass through, so that PostgreSQL can."""
        self.state.mkdir(parents=True, exist_ok=True)
        self.state.chmod(0o711 if os.getuid() == 0 else 0o700)
        (self.state / "log").mkdir(mode=0o700, exist_ok=True)
        for user in {None, self.postgres_user}:
            for folder in (self.run_folder(user), self.temporary_folder(user)):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if user:
                    shutil.chown(folder, user)
        if self.postgres_user:
            self.postgres_home.chmod(0o711)

    def run_folder(self, user: str | None) -> Path:
        """Returns where the ids and launchers of programs lie that run as the system user `user` (None: ours)."""
        return self.state / "run" if user is None else self.postgres_home / "run"

    def temporary_folder(self, user: str | None) -> Path:
        """Returns the TMPDIR of programs that run as the system user `user` (None: ours); each start empties it."""
        return self.run_folder(user).with_name("tmp")

    def empty_temporary_folders(self) -> None:
        """Removes what killed programs left in them."""
        for user in {None, self.postgres_user}:
            shutil.rmtree(self.temporary_folder(user))
        self.prepare()

    def erase(self, *, keep_logs_in: Path | None = None) -> None:
        """Removes everything that the run kept; its logs move to the given folder."""
        if keep_logs_in and (self.state / "log").exists():
            keep_logs_in.parent.mkdir(parents=True, exist_ok=True)
            (self.state / "log").rename(keep_logs_in)
        for folder in {self.postgres_home, self.state}:
            shutil.rmtree(folder, ignore_errors=True)


def up_instance() -> Instance:
    """Returns the instance of `./dev up`: .local/up in the repository, or POLITY_STATE; it keeps the ports it had."""
    named = os.environ.get("POLITY_STATE")
    state = Path(named).expanduser().resolve() if named else REPOSITORY / ".local" / "up"
    return Instance(state, Ports.chosen(kept=kept_ports(state)))


def kept_ports(state: Path) -> dict[str, int]:
    """Returns the ports of the last start in this folder, none before the first."""
    try:
        found: dict[str, int] = json.loads((state / "ports.json").read_text())
    except FileNotFoundError:
        return {}
    return found


def keep_ports(instance: Instance) -> None:
    """Writes down the ports for the next start and for the other commands.

    Raises CommandError when the pages would move: Keycloak lets people return only to where its realm was made for.
    """
    before = kept_ports(instance.state).get("gateway", instance.ports.gateway)
    if before != instance.ports.gateway:
        raise CommandError(
            f"Sign-in was set up for http://localhost:{before}: "
            f"set POLITY_PORT_GATEWAY={before}, or begin anew with ./dev reset."
        )
    write_private(instance.state / "ports.json", json.dumps(dataclasses.asdict(instance.ports)))


def write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner can read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        handle.write(text)
    draft.replace(path)


def new_secrets() -> dict[str, str]:
    """Returns a password or key, made at random, for each thing of a run that has one."""
    made = {name: secrets.token_urlsafe(24) for name in SINGLE_SECRETS}
    made |= {f"database_{name}": secrets.token_urlsafe(24) for name in DATABASES}
    made["webhook_keys"] = _link_keys()
    return made | {f"{purpose}_link_keys": _link_keys() for purpose in ("answer", "mandate")}


def _link_keys() -> str:
    return json.dumps({"k1": base64.b64encode(secrets.token_bytes(32)).decode()})


def _enterable(folder: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in folder.parents if parent.exists())
