"""A bucket of S3 for tests: S3Proxy, which serves the protocol from a folder, as a process of this machine."""

import contextlib
import secrets
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from polity_local.errors import CommandError
from polity_local.parts import jvm
from polity_local.running.ports import Ports

NAME = "polity"
ANSWERS_WITHIN_SECONDS = 60
HEAP = ("-Xms32m", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


@dataclass(frozen=True, slots=True)
class Bucket:
    """An empty bucket at `url` (s3://…); `environment` says by the standard variables where and whose it is."""

    url: str
    environment: dict[str, str]


@contextlib.contextmanager
def bucket() -> Iterator[Bucket]:
    """Yields a bucket whose server runs as long as the caller; raises CommandError when it does not start."""
    (archive,) = jvm.locked_files("s3proxy")
    port = Ports.free().membership
    made = bucket_at(port)
    with tempfile.TemporaryDirectory() as instance:
        folder = Path(instance)
        (folder / "data" / NAME).mkdir(parents=True)
        settings = folder / "s3proxy.conf"
        settings.write_text(_settings(made, folder / "data"))
        command = (*jvm.java(folder), *HEAP, "-jar", str(archive), "--properties", str(settings))
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            if not answers(made):
                raise CommandError(f"S3Proxy does not answer: {(folder / 'log').read_text()[-500:]}")
            yield made
        finally:
            server.terminate()
            server.wait()


def bucket_at(port: int) -> Bucket:
    """Returns the bucket that a server on this port of this machine is to have, with new credentials."""
    return Bucket(
        f"s3://{NAME}",
        {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": secrets.token_hex(8),
            "AWS_SECRET_ACCESS_KEY": secrets.token_hex(16),
        },
    )


def answers(bucket: Bucket) -> bool:
    """Tells whether its server speaks HTTP, once it does or the time for its start is over."""
    deadline = time.monotonic() + ANSWERS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(bucket.environment["AWS_ENDPOINT_URL"])
            return True
        time.sleep(0.1)
    return False


def _settings(bucket: Bucket, folder: Path) -> str:
    given = {
        "s3proxy.endpoint": bucket.environment["AWS_ENDPOINT_URL"],
        "s3proxy.authorization": "aws-v2-or-v4",
        "s3proxy.identity": bucket.environment["AWS_ACCESS_KEY_ID"],
        "s3proxy.credential": bucket.environment["AWS_SECRET_ACCESS_KEY"],
        "jclouds.provider": "filesystem-nio2",
        "jclouds.filesystem.basedir": str(folder),
    }
    return "".join(f"{name}={value}\n" for name, value in given.items())
