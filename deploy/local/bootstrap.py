"""Makes .venv from the locks with nothing but Python's standard library; `./dev` runs it when its stamp has changed."""

import ast
import errno
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TOOLS = REPOSITORY / ".local" / "tools"
ENVIRONMENT = REPOSITORY / ".venv"
STAMP = ENVIRONMENT / "polity-stamp"
SERVICES = sorted((REPOSITORY / "services").glob("*/pyproject.toml"))
MEMBERS = ("contracts", "chassis", "deploy/local", *(f"services/{path.parent.name}" for path in SERVICES))
LEAST_FREE_BYTES = 3 << 30

PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}
"""What a person has told pip must hold for uv too, which reads none of pip's settings."""


class Stop(Exception):
    """Its text is the one sentence that is printed."""


def main(stamp: str) -> int:
    """Returns 0 once .venv holds what the locks say, or 1 after one sentence on standard error."""
    try:
        (REPOSITORY / ".local").mkdir(exist_ok=True)
        with (REPOSITORY / ".local" / "bootstrap.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if not STAMP.exists() or STAMP.read_text() != stamp:
                # uv leaves locks in /tmp, which another user of the machine could not open.
                with tempfile.TemporaryDirectory(dir=REPOSITORY / ".local") as folder:
                    os.environ["TMPDIR"] = folder
                    install(stamp)
    except Stop as stop:
        sys.stderr.write(f"{stop}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    except OSError as fault:
        full = fault.errno == errno.ENOSPC
        sys.stderr.write(
            "The disk is full: free some space, then run the same command again.\n"
            if full
            else f"The tools could not be made: {fault.strerror} ({fault.filename}).\n"
        )
        return 1
    return 0


def install(stamp: str) -> None:
    """Installs uv, the locked dependencies and this repository's packages, then writes the stamp."""
    if shutil.disk_usage(REPOSITORY).free < LEAST_FREE_BYTES and not ENVIRONMENT.exists():
        raise Stop("Less than 3 GiB are free on this disk: free some space, then run the same command again.")
    sys.stderr.write("Installing the locked dependencies …\n")
    if not os.environ.get("PIP_CERT") and (bundle := os.environ.get("SSL_CERT_FILE")):
        os.environ["PIP_CERT"] = bundle
    uv = install_uv()
    variables = {**os.environ, **pip_settings()}
    variables.setdefault("UV_HTTP_TIMEOUT", "180")
    STAMP.unlink(missing_ok=True)
    python = str(ENVIRONMENT / "bin" / "python")
    make_environment(ENVIRONMENT, pip=False)
    # Two of the mail catcher's dependencies come as source: what builds them is pinned by hash as well.
    checked = ("--require-hashes", "--build-constraints", "deploy/local/build.txt", "--require-build-hashes")
    quiet = () if sys.stderr.isatty() else ("--quiet",)
    run((uv, "pip", "sync", *quiet, "--python", python, *checked, "requirements.lock"), variables, "dependencies")
    editable = [part for member in MEMBERS for part in ("-e", member)]
    command = (uv, "pip", "install", "--python", python, "--quiet", "--offline", "--no-deps", *editable)
    run(command, variables, "packages of this repository")
    STAMP.write_text(stamp)


def install_uv() -> str:
    """Returns the path of the pinned uv, installed by pip and checked against its hash."""
    uv, installed = TOOLS / "bin" / "uv", TOOLS / "installed"
    locked = f"{(REPOSITORY / 'deploy/local/bootstrap.txt').read_text()}{TOOLS}"
    if not (uv.exists() and installed.exists() and installed.read_text() == locked):
        shutil.rmtree(TOOLS, ignore_errors=True)
        make_environment(TOOLS, pip=True)
        pip = (str(TOOLS / "bin" / "python"), "-m", "pip", "--disable-pip-version-check")
        command = (*pip, "install", "--quiet", "--require-hashes", "-r", "deploy/local/bootstrap.txt")
        run(command, dict(os.environ), "installer uv")
        installed.write_text(locked)
    return str(uv)


def make_environment(folder: Path, *, pip: bool) -> None:
    """Makes a virtual environment, anew when its Python is gone or another one than ours."""
    python = folder / "bin" / "python"
    version = ("-c", "import sys; print(sys.version_info[:2], sys.prefix)")
    wanted = f"{sys.version_info[:2]} {folder}"
    if python.exists():
        found = subprocess.run((str(python), *version), capture_output=True, text=True, check=False)
        if found.stdout.strip() == wanted:
            return
    options = ("--clear",) if pip else ("--clear", "--without-pip")
    done = subprocess.run(
        (sys.executable, "-m", "venv", *options, str(folder)), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Stop(
            "Python could not make a virtual environment here: "
            "apt-get install python3-venv, and see that the disk has room."
        )


def pip_settings() -> dict[str, str]:
    """Returns pip's own settings, of its files and of PIP_* variables, under the names that uv reads."""
    command = (str(TOOLS / "bin" / "python"), "-m", "pip", "config", "list")
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found: dict[str, str] = {}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        name = PIP_TO_UV.get(key.rpartition(".")[2])
        if name and name not in os.environ:
            found[name] = " ".join(str(ast.literal_eval(value)).split())
    return found


def run(command: tuple[str, ...], variables: dict[str, str], what: str) -> None:
    """Runs one step in the repository; raises Stop when it fails, after its own words."""
    if subprocess.run(command, cwd=REPOSITORY, env=variables, check=False).returncode:
        raise Stop(
            f"The {what} could not be installed, for the reason above: put it right, then run the same command again."
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
