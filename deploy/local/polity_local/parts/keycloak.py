"""Keycloak 26: built once per machine in the cache, its data in our PostgreSQL, its realm from deploy/identity.

Its own start script runs Java as a child, which a kill would leave behind: Java is started directly.
"""

import hashlib
import json
import shutil
import zipfile
from pathlib import Path
from string import Template

from polity_local.parts import jvm
from polity_local.running.instance import DEMO_PASSWORD, REPOSITORY, Instance, write_private
from polity_local.running.program import Program, answers, run_step

BUILD_OPTIONS = ("--db=postgres", "--health-enabled=true", "--http-relative-path=/auth", "--features-disabled=kerberos")
LINKED = ("bin", "lib", "conf", "providers", "themes", "version.txt")
JAVA_OPTIONS = (
    *("-Dfile.encoding=UTF-8", "-Duser.language=en", "-Duser.country=US", "-XX:+ExitOnOutOfMemoryError"),
    "-Djava.util.concurrent.ForkJoinPool.common.threadFactory="
    "io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory",
    "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
    *("-Dpicocli.disable.closures=true", "-Dquarkus-log-max-startup-records=10000", "-Dkc.config.built=true"),
    # After the database was away each connection kept from before would otherwise fail one sign-in.
    *(
        "-Dquarkus.datasource.jdbc.validation-query-sql=SELECT 1",
        "-Dquarkus.datasource.jdbc.foreground-validation-interval=1S",
    ),
    *(f"--add-opens=java.base/java.{name}=ALL-UNNAMED" for name in ("util", "util.concurrent", "security", "lang")),
    "--enable-native-access=ALL-UNNAMED",
)
HEAP = ("-Xms64m", "-Xmx384m", "-XX:MaxMetaspaceSize=256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


def program(instance: Instance) -> Program:
    """Returns Keycloak behind the gateway under /auth; its administrator's password is in the instance's secrets."""
    home = instance.state / "keycloak"
    return Program(
        name="keycloak",
        command=(*_java(instance, home), *HEAP, _ENTRY, "start", "--optimized", "--import-realm", *_options(instance)),
        environment={
            "KC_DB_PASSWORD": instance.secrets["database_keycloak"],
            "KC_BOOTSTRAP_ADMIN_USERNAME": "admin",
            "KC_BOOTSTRAP_ADMIN_PASSWORD": instance.secrets["keycloak_admin"],
        },
        ports=("keycloak", "keycloak_management"),
        needs=("postgres",),
        prepare=lambda: _prepare(instance, home),
        healthy=lambda: answers(f"http://127.0.0.1:{instance.ports.keycloak_management}/auth/health/ready"),
    )


_ENTRY = "io.quarkus.bootstrap.runner.QuarkusEntryPoint"


def _java(instance: Instance, home: Path) -> tuple[str, ...]:
    places = (f"-Dkc.home.dir={home}", f"-Djboss.server.config.dir={home / 'conf'}")
    return (
        *jvm.java(instance.temporary_folder(None)),
        *JAVA_OPTIONS,
        *places,
        "-cp",
        str(home / "lib" / "quarkus-run.jar"),
    )


def _options(instance: Instance) -> tuple[str, ...]:
    ports = instance.ports
    return (
        *("--http-enabled=true", "--http-host=127.0.0.1", f"--http-port={ports.keycloak}"),
        *("--http-management-host=127.0.0.1", f"--http-management-port={ports.keycloak_management}"),
        *(f"--hostname={instance.public_url}/auth", "--proxy-headers=xforwarded", "--cache=local"),
        *(f"--db-url=jdbc:postgresql://127.0.0.1:{ports.postgres}/keycloak", "--db-username=keycloak"),
        f"--spi-theme--folder--dir={REPOSITORY / 'deploy' / 'identity' / 'themes'}",
        *("--db-pool-initial-size=2", "--db-pool-max-size=20", "--http-pool-max-threads=32", "--log-level=info"),
    )


def _prepare(instance: Instance, home: Path) -> None:
    built = _built(instance)
    # It keeps packed copies of a theme's files here, and would serve those of before for ever.
    shutil.rmtree(home / "data" / "tmp", ignore_errors=True)
    for folder in (home, home / "data", home / "data" / "import"):
        folder.mkdir(mode=0o700, exist_ok=True)
    for name in LINKED:
        link = home / name
        link.unlink(missing_ok=True)
        link.symlink_to(built / name)
    realm = Template((REPOSITORY / "deploy" / "identity" / "realm.json").read_text())
    write_private(home / "data" / "import" / "polity-realm.json", realm.safe_substitute(_names(instance)))


def _names(instance: Instance) -> dict[str, str]:
    return {
        "PUBLIC_URL": instance.public_url,
        "PORTAL_CLIENT_SECRET": instance.secrets["portal_client"],
        "PARTNER_CLIENT_SECRET": instance.secrets["partner_client"],
        "ERASURE_CLIENT_SECRET": instance.secrets["erasure_client"],
        "DEMO_PASSWORD": DEMO_PASSWORD,
    }


def _built(instance: Instance) -> Path:
    """Returns the built Keycloak in the cache; builds it when it is missing or a file of it has changed."""
    (archive,) = jvm.places("keycloak")
    key = hashlib.sha256(" ".join((archive.name, *BUILD_OPTIONS)).encode()).hexdigest()[:12]
    target = jvm.cache() / f"keycloak-{key}"
    with jvm.only_one(jvm.cache() / "keycloak-build.lock"):
        if not _intact(target):
            shutil.rmtree(target, ignore_errors=True)
            jvm.locked_files("keycloak")
            _build(instance, archive, target)
    return target


def _build(instance: Instance, archive: Path, target: Path) -> None:
    draft = target.with_name(f"{target.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    with zipfile.ZipFile(archive) as source:
        source.extractall(draft)
    (unpacked,) = draft.iterdir()
    unpacked.rename(target)
    draft.rmdir()
    command = (*_java(instance, target), "-Xmx512m", _ENTRY, "build", *BUILD_OPTIONS)
    run_step("Building Keycloak", command, instance.log("keycloak"))
    manifest = {str(path.relative_to(target)): _sha256(path) for path in _files(target)}
    (target / "manifest.json").write_text(json.dumps(manifest))


def _intact(target: Path) -> bool:
    try:
        manifest: object = json.loads((target / "manifest.json").read_text())
        return manifest == {str(path.relative_to(target)): _sha256(path) for path in _files(target)}
    except (OSError, ValueError):
        return False


def _files(target: Path) -> list[Path]:
    return [path for name in LINKED for path in (target / name).rglob("*") if path.is_file()]


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
