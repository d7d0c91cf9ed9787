"""What an invitation was answered is counted on its row, over its facts and its commitment's, whatever clocks say."""

from datetime import timedelta
from typing import Any

import pytest

EARLIER = {
    "wave": "2021", "committed_at": "2021-12-10", "signed_on": "2021-12-09", "signatory_name": "Invented Signatory",
    "signatory_office": "Mayor", "theme1": "water", "theme2": "housing", "theme3": "peace",
}  # fmt: skip


async def steps(world: Any, invitation: str, *commitments: str) -> list[tuple[str, int | None]]:
    """The answers to the invitation in their order, as its facts and those of its commitment say."""
    facts = [fact for key in (invitation, *commitments) for fact in await world.facts(key)]
    counted = [(data.get("answer_step"), name) for name, _, data in facts if "answer_step" in data]
    return [(name, step) for step, name in sorted(counted)]


@pytest.mark.parametrize("apart", [timedelta(), timedelta(seconds=-60)], ids=["one clock", "clocks apart"])
async def test_each_answer_has_the_next_step(world: Any, net: Any, apart: timedelta) -> None:
    campaign, (link,) = await net.invited(1, counts_at_once=False)
    (invitation,) = (await net.get(f"/v1/campaigns/{campaign}/invitations"))["items"]
    await world.call("POST", "/v1/answer/interest", link=link, expect=200)
    # Each answer may come to another process, whose clock is behind.
    world.moved += apart
    await world.call("POST", "/v1/answer/decline", {}, link=link, expect=200)
    world.moved += apart
    commitment = (await net.commit(link))["commitment_id"]
    world.moved += apart
    await net.decide(commitment, "return", reason="The office is missing")
    await net.commit(link)
    await net.decide(commitment, "confirmation")
    await net.decide(commitment, "withdrawal")

    assert await steps(world, invitation["invitation_id"], commitment) == [
        ("interest_expressed", 1),
        ("invitation_declined", 2),
        ("commitment_submitted", 3),
        ("commitment_returned", 4),
        ("commitment_submitted", 5),
        ("commitment_made", 6),
        ("commitment_withdrawn", 7),
    ]


async def test_what_changes_nothing_is_no_step(world: Any, net: Any) -> None:
    campaign, (link,) = await net.invited(1)
    (invitation,) = (await net.get(f"/v1/campaigns/{campaign}/invitations"))["items"]
    for _ in range(2):
        await world.call("POST", "/v1/answer/interest", link=link, expect=200)
    await net.post(f"/v1/invitations/{invitation['invitation_id']}/revocation", None, expect=200)
    assert await steps(world, invitation["invitation_id"]) == [("interest_expressed", 1), ("invitation_revoked", 2)]


async def test_an_earlier_commitment_is_the_next_step_of_an_open_invitation(world: Any, net: Any) -> None:
    campaign, (link,) = await net.invited(1)
    (invitation,) = (await net.get(f"/v1/campaigns/{campaign}/invitations"))["items"]
    await world.call("POST", "/v1/answer/interest", link=link, expect=200)
    row = {**EARLIER, "local_government_id": invitation["local_government_id"]}
    file = f"{','.join(row)}\n{','.join(row.values())}\n".encode()
    imports = f"/v1/campaigns/{campaign}/commitment-imports"
    await net.post(imports, file, expect=200, **{"Content-Type": "text/csv"})
    (made,) = await world.rows("SELECT id, answer_step FROM commitment WHERE campaign_id::text = :id", id=campaign)
    assert made["answer_step"] == 2
    assert await steps(world, invitation["invitation_id"], made["id"]) == [
        ("interest_expressed", 1),
        ("commitment_made", 2),
    ]
