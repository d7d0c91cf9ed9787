"""A corrected contact's name before, and people who are nobody's contact and signed nothing, leave what is open."""

from typing import Any
from uuid import UUID

import pytest

BEFORE, AFTER = "Ximena Planted-Vieja", "Ximena Nueva"
JPEG = b"\xff\xd8\xff\xe0 a letter signed by hand"
TUS = {"Tus-Resumable": "1.0.0"}


async def correct(net: Any, name: str, place: str) -> None:
    body = {"name": name, "email": "x@city.example", "language": "es"}
    await net.post(f"/v1/local-governments/{place}/contact", body, expect=200)


async def city(net: Any, **changed: Any) -> tuple[str, dict[str, Any]]:
    """The link and the invitation of a city whose contact is BEFORE."""
    campaign_id, (link,) = await net.invited(1, **changed)
    (item,) = (await net.get(f"/v1/campaigns/{campaign_id}/invitations"))["items"]
    await correct(net, BEFORE, item["local_government_id"])
    return link, item


async def save(world: Any, link: str, **filled: Any) -> Any:
    return await world.call("PUT", "/v1/answer/draft", filled, link=link, expect=200, **{"If-Match": "*"})


async def draft(world: Any, link: str) -> Any:
    return await world.call("GET", "/v1/answer/draft", link=link, expect=200)


@pytest.mark.parametrize("typed", [BEFORE, BEFORE.upper(), "Sra. Vieja", "XIMENA PLANTED VIEJA"])
async def test_a_saved_form_that_names_them_keeps_all_but_them(world: Any, net: Any, typed: str) -> None:
    link, item = await city(net)
    seen = await save(world, link, signatory_name=typed, signatory_office="Mayor", themes=["water", "", ""])
    await correct(net, AFTER, item["local_government_id"])
    kept = await draft(world, link)
    assert (kept["signatory_name"], kept["signatory_office"], kept["themes"]) == (None, None, ["water", "", ""])
    # A page that is still open from before has to look again.
    body, held = {"signatory_name": typed}, {"If-Match": f'"{seen["revision"]}"'}
    await world.call("PUT", "/v1/answer/draft", body, link=link, expect=412, **held)


@pytest.mark.parametrize("typed", ["Somebody Else", "Ximena", "Viejas Artes"])
async def test_a_saved_form_of_somebody_else_stays(world: Any, net: Any, typed: str) -> None:
    link, item = await city(net)
    await save(world, link, signatory_name=typed, signatory_office="Mayor")
    await correct(net, AFTER, item["local_government_id"])
    assert (await draft(world, link))["signatory_name"] == typed


async def test_another_address_alone_changes_nothing_else(world: Any, net: Any) -> None:
    link, item = await city(net)
    await save(world, link, signatory_name=BEFORE, signatory_office="Mayor")
    body = {"name": BEFORE, "email": "other@city.example", "language": "es"}
    await net.post(f"/v1/local-governments/{item['local_government_id']}/contact", body, expect=200)
    assert (await draft(world, link))["signatory_name"] == BEFORE


@pytest.mark.parametrize(("reason", "kept"), [(f"{BEFORE} is ill", False), ("The council has not met", True)])
async def test_a_reason_that_speaks_of_them_is_emptied_and_another_is_not(
    world: Any, net: Any, reason: str, kept: bool
) -> None:
    declined, item = await city(net)
    await world.call("POST", "/v1/answer/decline", {"reason": reason}, link=declined, expect=200)
    other = await world.network()
    sent, returned = await city(other, counts_at_once=False)
    made = await other.commit(sent)
    await other.decide(made["commitment_id"], "return", reason=reason)
    await correct(net, AFTER, item["local_government_id"])
    await correct(other, AFTER, returned["local_government_id"])
    expected = reason if kept else None
    assert (await entries(world, item["invitation_id"]))["decline_reason"] == expected
    assert (await entries(world, returned["invitation_id"]))["return_reason"] == expected


NOTHING = {"drafts": 0, "letters": 0, "decline_reason": None, "return_reason": None}


async def entries(world: Any, invitation_id: str) -> dict[str, Any]:
    (row,) = await world.rows(
        """
        SELECT (SELECT count(*) FROM answer_draft WHERE invitation_id = invitation.id) AS drafts, decline_reason,
               (SELECT count(*) FROM proof WHERE invitation_id = invitation.id AND removal_asked_at IS NULL) AS letters,
               (SELECT return_reason FROM commitment WHERE invitation_id = invitation.id) AS return_reason
          FROM invitation WHERE id = :id
        """,
        id=UUID(invitation_id),
    )
    return dict(row)


async def letter(world: Any, link: str) -> str:
    begun = await world.call("POST", "/v1/answer/proofs", link=link, **TUS, **{"Upload-Length": str(len(JPEG))})
    headers = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    sent = await world.call("PATCH", begun.headers["location"], JPEG, link=link, **headers)
    assert sent.status_code == 204
    return str(begun.headers["location"].rpartition("/")[2])


async def test_the_secretariat_empties_what_names_people_without_a_row_of_their_own(world: Any, net: Any) -> None:
    link, item = await city(net)
    await save(world, link, signatory_name="Nobody's Contact")
    await letter(world, link)
    await world.call("POST", "/v1/answer/decline", {"reason": "Nobody's Contact is ill"}, link=link, expect=200)
    path = f"/v1/invitations/{item['invitation_id']}/erasure"
    for _ in range(2):
        assert await net.post(path, None, expect=202) == {"invitation_id": item["invitation_id"]}
        assert await entries(world, item["invitation_id"]) == NOTHING
    # The answer stays, and the city goes on.
    assert (await world.call("GET", "/v1/answer", link=link, expect=200))["status"] == "declined"
    await save(world, link, signatory_name="Another")


async def test_of_a_returned_commitment_the_reason_goes_and_its_form(world: Any, net: Any) -> None:
    link, item = await city(net, counts_at_once=False)
    made = await net.commit(link)
    await net.decide(made["commitment_id"], "return", reason="Who is Nobody's Contact?")
    await net.post(f"/v1/invitations/{item['invitation_id']}/erasure", None, expect=202)
    assert await entries(world, item["invitation_id"]) == NOTHING
    assert (await world.call("GET", "/v1/answer", link=link, expect=200))["commitment"]["status"] == "returned"


async def test_the_letter_that_a_commitment_rests_on_stays_until_its_signatory_is_erased(world: Any, net: Any) -> None:
    link, item = await city(net)
    proof, invitation = await letter(world, link), item["invitation_id"]
    says = {
        "signatory_name": "Ada", "signatory_office": "Mayor", "signed_on": "2026-01-31",
        "themes": ["water", "housing", "peace"], "proof_id": proof,
    }  # fmt: skip
    await net.post(f"/v1/invitations/{invitation}/commitment", says, expect=201)
    await net.post(f"/v1/invitations/{invitation}/erasure", None, expect=202)
    assert (await entries(world, invitation))["letters"] == 1
    signatory = (await net.get(f"/v1/invitations/{invitation}"))["signatory_id"]
    await net.post(f"/v1/people/{signatory}/erasure", None, expect=202)
    assert (await entries(world, invitation))["letters"] == 0


async def test_another_networks_secretariat_empties_nothing(world: Any, net: Any) -> None:
    link, item = await city(net)
    await save(world, link, signatory_name="Nobody's Contact")
    other = await world.network()
    await other.post(f"/v1/invitations/{item['invitation_id']}/erasure", None, expect=404)
    assert (await entries(world, item["invitation_id"]))["drafts"] == 1
