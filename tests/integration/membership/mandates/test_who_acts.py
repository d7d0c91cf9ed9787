"""Each fact says who acted and on whose behalf, by ids: its row in the outbox is what Kafka gets."""

import asyncio
from typing import Any
from uuid import UUID

SQL = "SELECT type, actor, on_behalf_of FROM outbox WHERE key = :key ORDER BY seq"


async def acted(world: Any, key: str | UUID) -> list[tuple[str, str | None, str | None]]:
    found = await world.rows(SQL, key=str(key))
    return [(row["type"].removeprefix("membership."), row["actor"], row["on_behalf_of"]) for row in found]


async def person_of(world: Any, subject: str) -> str:
    (row,) = await world.rows("SELECT person_id FROM mandate WHERE subject = :subject", subject=subject)
    return f"person:{row['person_id']}"


async def invitations_of(net: Any, campaign: str) -> list[Any]:
    found: list[Any] = (await net.get(f"/v1/campaigns/{campaign}/invitations"))["items"]
    return found


async def test_who_signed_in_acts_for_the_network_of_the_mandate(world: Any, net: Any) -> None:
    secretariat = await person_of(world, net.secretariat)
    campaign, links = await net.invited(2, counts_at_once=False)
    first, second = await invitations_of(net, campaign)
    commitment = (await net.commit(links[0]))["commitment_id"]
    await net.decide(commitment, "confirmation")
    await net.post(f"/v1/invitations/{second['invitation_id']}/revocation", None, expect=200)

    assert await acted(world, campaign) == [("campaign_opened", secretariat, net.id)]
    assert await acted(world, second["invitation_id"]) == [
        ("invitation_issued", secretariat, net.id),
        ("invitation_revoked", secretariat, net.id),
    ]
    by_link = ("commitment_submitted", f"link:{first['invitation_id']}", first["local_government_id"])
    assert await acted(world, commitment) == [by_link, ("commitment_made", secretariat, net.id)]


async def test_whoever_holds_the_link_acts_for_the_local_government(world: Any, net: Any) -> None:
    campaign, links = await net.invited(2)
    first, second = await invitations_of(net, campaign)
    await world.call("POST", "/v1/answer/decline", {}, link=links[0], expect=200)
    await world.call("POST", "/v1/answer/interest", link=links[0], expect=200)

    holder, city = f"link:{first['invitation_id']}", first["local_government_id"]
    assert (await acted(world, first["invitation_id"]))[1:] == [
        ("invitation_declined", holder, city),
        ("interest_expressed", holder, city),
    ]
    assert second["local_government_id"] != city


async def test_commitments_that_are_given_together_keep_whose_they_are(world: Any, net: Any) -> None:
    campaign, links = await net.invited(5, 5)
    made = await asyncio.gather(*map(net.commit, links))
    for commitment, invitation in zip(made, await invitations_of(net, campaign), strict=True):
        holder, city = f"link:{invitation['invitation_id']}", invitation["local_government_id"]
        assert await acted(world, commitment["commitment_id"]) == [("commitment_made", holder, city)]
    *_, (name, holder, _) = await acted(world, campaign)
    assert name == "milestone_reached"
    assert holder in {f"link:{each['invitation_id']}" for each in await invitations_of(net, campaign)}


async def test_operators_act_for_nobody_else_and_who_accepts_a_mandate_as_themselves(world: Any, net: Any) -> None:
    operator = await person_of(world, world.operator)
    assert await acted(world, net.id) == [("network_founded", operator, None)]
    (mandate,) = await world.rows("SELECT id FROM mandate WHERE subject = :subject", subject=net.secretariat)
    assert await acted(world, mandate["id"]) == [
        ("mandate_granted", operator, None),
        ("mandate_linked", await person_of(world, net.secretariat), net.id),
    ]
    (own,) = await world.rows("SELECT id FROM mandate WHERE subject = :subject", subject=world.operator)
    assert await acted(world, own["id"]) == [("mandate_granted", None, None), ("mandate_linked", operator, None)]
