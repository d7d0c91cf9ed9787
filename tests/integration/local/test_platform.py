"""The whole platform in one call: its addresses answer, its people sign in, and who is killed comes back."""

import httpx
from polity_local.commands.table import addresses
from polity_local.parts.services import ROLES
from polity_local.platform import Platform


def test_every_address_of_the_table_answers(platform: Platform) -> None:
    table = addresses(platform.place)
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


def test_no_service_holds_more_than_its_share_of_memory(platform: Platform) -> None:
    ours = [name for name in platform.stack.programs if name.split("-")[0] in ROLES]
    megabytes = {name: platform.memory(name) >> 20 for name in ours}
    assert len(ours) > len(ROLES)
    assert {name: size for name, size in megabytes.items() if not 20 < size <= 150} == {}
