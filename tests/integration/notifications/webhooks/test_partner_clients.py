"""The receivers that partners are shown: short, of published libraries only, and able to take what is posted."""

import os
import shutil
import socket
import subprocess
import sys
import time
from asyncio import to_thread
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from polity_notifications.usecases.manage_webhooks import resend_delivery, rotate_secret

SHOWN = Path(__file__).parents[4] / "docs" / "partners"
NODE_LIBRARY = "standardwebhooks@1.0.0"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[str]) -> None:
    for _ in range(300):
        assert process.poll() is None, "the receiver ended by itself"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=0.1).close()
        except OSError:
            try:
                process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        else:
            return
    raise AssertionError("the receiver doesn't listen")


def started(command: Sequence[str], folder: Path, variables: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(command, cwd=folder, env={**os.environ, **variables}, stdout=subprocess.PIPE, text=True)


async def received(partners: Any, command: Sequence[str], folder: Path) -> list[str]:
    """Subscribes the receiver, posts two facts to it, one of them twice, and one forged; returns what it printed."""
    world, port = partners.world, free_port()
    # The clients check by the machine's clock.
    world.clock.now = datetime.now(UTC)  # noqa: TID251
    url = f"http://127.0.0.1:{port}/hooks"
    told = await partners.subscribe(url)
    process = started(command, folder, {"WEBHOOK_SECRET": told.secret, "PORT": str(port)})
    try:
        await to_thread(wait_for, port, process)
        await rotate_secret(world.database, told.webhook_id, world.settings.webhook_keys, None)
        await partners.told(partners.commitment(1), partners.commitment(2))
        await partners.sender.settle()
        await again(partners)
        await forged(url)
    finally:
        process.terminate()
        printed, _ = await to_thread(process.communicate, timeout=10)
    assert await partners.statuses() == ["delivered"] * 2
    assert [row["status_code"] for row in await partners.attempts()] == [204, 204, 204]
    return printed.splitlines()


async def again(partners: Any) -> None:
    delivery_id: UUID = (await partners.rows())[0]["delivery_id"]
    await resend_delivery(partners.world.database, delivery_id)
    await partners.sender.settle()


async def forged(url: str) -> None:
    headers = {
        "webhook-id": "msg",
        "webhook-timestamp": str(int(time.time())),
        "webhook-signature": "v1,Zm9yZ2Vk",
    }
    async with aiohttp.ClientSession() as session, session.post(url, data=b'{"id": "x"}', headers=headers) as answer:
        assert answer.status == 400


def expected(rows: Sequence[dict[str, Any]]) -> list[str]:
    return sorted(f"membership.commitment_made {row['subject']}" for row in rows)


@pytest.mark.parametrize("name", ["receive.py", "receive.mjs"])
def test_a_receiver_has_eighteen_written_lines_at_most(name: str) -> None:
    lines = [line for line in (SHOWN / name).read_text().splitlines() if line.strip()]
    assert len(lines) <= 18
    assert not any("polity_" in line for line in lines)


async def test_the_receiver_in_python_takes_each_fact_once(partners: Any, tmp_path: Path) -> None:
    shutil.copy(SHOWN / "receive.py", tmp_path)
    printed = await received(partners, [sys.executable, "receive.py"], tmp_path)
    assert sorted(printed) == expected(await partners.rows())


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the receiver and its library; skips where there is no Node or no way to the library."""
    if not (shutil.which("node") and (npm := shutil.which("npm"))):
        pytest.skip("Node isn't installed: the receiver in JavaScript is not tried")
    folder = tmp_path_factory.mktemp("node")
    shutil.copy(SHOWN / "receive.mjs", folder)
    command = [npm, "install", "--silent", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", NODE_LIBRARY]
    try:
        subprocess.run(command, cwd=folder, check=True, timeout=90, capture_output=True)
    except subprocess.SubprocessError:
        pytest.skip(f"{NODE_LIBRARY} can't be fetched: the receiver in JavaScript is not tried")
    return folder


async def test_the_receiver_in_javascript_takes_each_fact_once(partners: Any, node: Path) -> None:
    printed = await received(partners, ["node", "receive.mjs"], node)
    assert sorted(printed) == expected(await partners.rows())
