"""Holds the OpenAPI document against Spectral's and Redocly's rules, where Node is.

`python -m polity_local.openapi.rules`, one step of ./dev lint. Both tools are pinned with their digests in
deploy/openapi/package-lock.json, and fetched at the first use.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from polity_local.openapi.document import DOCUMENT
from polity_local.parts.jvm import cache, only_one
from polity_local.running.instance import REPOSITORY

RULES = REPOSITORY / "deploy" / "openapi"
OLDEST_NODE = (20, 19)
"""What the pinned Redocly needs."""
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "npm_config_update_notifier": "false"}


def main() -> int:
    """Returns 0 when both find nothing, or when there is no Node here, which is said; 1 with their words otherwise."""
    if missing := _missing():
        sys.stdout.write(f"skipped, {missing}\n")
        return 0
    tools = _installed()
    if tools is None:
        return 1
    spectral = (tools / "spectral", "lint", "--ruleset", RULES / ".spectral.yaml", "--fail-severity=warn", DOCUMENT)
    redocly = (tools / "redocly", "lint", "--config", RULES / "redocly.yaml", DOCUMENT)
    return max(_run(*spectral), _run(*redocly))


def _missing() -> str:
    """Returns why the tools can't run here; empty when they can."""
    node = shutil.which("node")
    if not (node and shutil.which("npm")):
        return "there is no Node here"
    said = subprocess.run((node, "--version"), capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", said)
    if found is None or (int(found[1]), int(found[2])) < OLDEST_NODE:
        return f"Node is {said.strip() or 'broken'} here and has to be {'.'.join(map(str, OLDEST_NODE))} or newer"
    return ""


def _installed() -> Path | None:
    """Returns the folder of the tools, fetched now where they are not there; None when that failed, which is said."""
    digest = hashlib.sha256((RULES / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = cache() / f"openapi-rules-{digest}"
    tools = folder / "node_modules" / ".bin"
    with only_one(cache() / "openapi-rules.lock"):
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(RULES / name, folder)
            # No package's own scripts: what is run is what was locked.
            done = _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)
            if done:
                return None
            (folder / "complete").touch()
    return tools


def _run(*command: str | Path, cwd: Path = REPOSITORY) -> int:
    """Runs the command and shows its words only when it failed; returns its status."""
    environment = {**os.environ, **QUIET}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stdout.write(f"{done.stdout}{done.stderr}\n")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
