"""The Java parts are what their locks say, or they are not used."""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from jgo.maven import MavenContext
from polity_local.parts import jvm

NAME = "org/example/part/1.0/part-1.0.jar"
CONTENT = b"what was locked"


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A repository of packages on this machine: its folder and its address."""
    folder = tmp_path / "remote"
    (folder / NAME).parent.mkdir(parents=True)
    (folder / NAME).write_bytes(CONTENT)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def context(remote: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MavenContext:
    locks = tmp_path / "locks"
    locks.mkdir()
    (locks / "part.lock.toml").write_text(
        '[[dependencies]]\ngroupId = "org.example"\nartifactId = "part"\nversion = "1.0"\npackaging = "jar"\n'
        f'sha256 = "{hashlib.sha256(CONTENT).hexdigest()}"\n'
    )
    monkeypatch.setattr(jvm, "LOCKS", locks)
    return MavenContext(repo_cache=tmp_path / "cache", local_repos=[], remote_repos={"here": remote[1]})


def test_a_missing_file_is_fetched(context: MavenContext) -> None:
    (path,) = jvm.fetch("part", context)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("damage", [CONTENT[:4], b"another file", b""], ids=["cut short", "changed", "empty"])
def test_a_damaged_file_is_fetched_anew(context: MavenContext, damage: bytes) -> None:
    (path,) = jvm.fetch("part", context)
    path.write_bytes(damage)
    assert jvm.fetch("part", context)[0].read_bytes() == CONTENT


def test_a_file_that_differs_from_its_lock_is_refused_and_not_kept(
    context: MavenContext, remote: tuple[Path, str], tmp_path: Path
) -> None:
    (remote[0] / NAME).write_bytes(b"what somebody put there")
    with pytest.raises(RuntimeError, match="part"):
        jvm.fetch("part", context)
    assert not (tmp_path / "cache" / NAME).exists()


def test_every_part_is_locked_with_a_hash_for_each_file() -> None:
    for part in jvm.PARTS:
        text = (jvm.LOCKS / f"{part}.lock.toml").read_text()
        assert text.count("[[dependencies]]") == text.count("sha256 = ") > 0
