"""The whole platform in one call: its addresses answer, its people sign in, and who is killed comes back."""

from pathlib import Path

import httpx
from polity_local.commands.table import addresses
from polity_local.parts.services import ROLES
from polity_local.running.platform import Platform


def test_every_address_of_the_table_answers(platform: Platform) -> None:
    table = addresses(platform.instance)
    pages = [word for word in table.split() if word.startswith("http://")]
    assert len(pages) == 4
    assert [httpx.get(page, follow_redirects=True).status_code for page in pages] == [200] * 4


def test_a_demo_user_gets_a_token_that_the_gateway_and_membership_accept(platform: Platform) -> None:
    bearer = {"Authorization": f"Bearer {platform.token('nobody')}"}
    answer = httpx.get(f"{platform.url}/v1/me", headers=bearer)
    assert (answer.status_code, answer.json()["mandates"]) == (200, [])
    assert httpx.get(f"{platform.url}/v1/me").status_code == 401


def test_a_killed_service_is_well_again_under_another_id(platform: Platform) -> None:
    killed = platform.kill("reporting-api")
    platform.wait_started_again("reporting-api", killed)
    assert platform.pid("reporting-api") != killed
    assert httpx.get(f"{platform.service_url('reporting')}/health/ready").status_code == 200


def test_no_service_holds_more_than_its_share_of_memory(memory_at_rest: dict[str, int]) -> None:
    ours = {name: size >> 20 for name, size in memory_at_rest.items() if name.split("-")[0] in ROLES}
    assert len(ours) > len(ROLES)
    assert {name: size for name, size in ours.items() if not 20 < size <= 150} == {}


def test_no_work_brings_a_service_near_what_its_container_may_hold(platform: Platform) -> None:
    """Whatever ran before: in a whole run, imports of 10,000 rows. docker-compose.yml ends a service at 384 MiB."""
    peaks = {name: _peak(platform.pid(name)) for name in platform.stack.programs if name.split("-")[0] in ROLES}
    assert {name: peak for name, peak in peaks.items() if not 20 < peak < 384 * 0.9} == {}


def _peak(pid: int) -> int:
    """The most MiB that the process ever held at once."""
    status = Path("/proc", str(pid), "status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))) >> 10
