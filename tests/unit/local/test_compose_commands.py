"""./dev compose-demo says in one sentence what is missing."""

from pathlib import Path

import pytest
from polity_local.commands import compose
from polity_local.errors import CommandError


def test_without_docker_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match="install Docker Engine"):
        compose.demo([])


def test_when_nothing_runs_it_says_how_to_start_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\necho "service keycloak is not running" >&2\nexit 1\n')
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match=r"keycloak is not running.*docker compose up"):
        compose.demo([])
