"""What has served its time goes, slice by slice, and nothing before."""

import importlib
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from polity_membership.answers.domain import KEPT_AFTER_DEADLINE
from polity_membership.proofs.files import Files
from polity_membership.proofs.usecases.remove_proofs import remove_proofs
from polity_membership.retention.usecases import forget_old

TIME_TO_ANSWER = timedelta(days=30)
AN_HOUR = timedelta(hours=1)


async def save(world: Any, link: str, **filled: Any) -> None:
    body = {"signatory_name": "Ada Signer", **filled}
    await world.call("PUT", "/v1/answer/draft", body, link=link, expect=200, **{"If-Match": "*"})


async def saved(world: Any, campaign_id: str) -> int:
    found = "SELECT 1 FROM answer_draft JOIN invitation ON id = invitation_id WHERE campaign_id = :id"
    return len(await world.rows(found, id=UUID(campaign_id)))


async def test_a_saved_form_goes_a_while_after_the_time_to_answer_is_over(world: Any, net: Any) -> None:
    campaign_id, (link,) = await net.invited(1)
    await save(world, link)
    world.moved = TIME_TO_ANSWER + KEPT_AFTER_DEADLINE - AN_HOUR
    await forget_old(world.database, world.now())
    assert await saved(world, campaign_id) == 1
    world.moved += 2 * AN_HOUR
    await forget_old(world.database, world.now())
    assert await saved(world, campaign_id) == 0


async def test_who_was_given_more_time_keeps_the_form(world: Any, net: Any) -> None:
    campaign_id, links = await net.invited(2)
    for link in links:
        await save(world, link)
    world.moved = TIME_TO_ANSWER + AN_HOUR
    (item, _) = (await net.get(f"/v1/campaigns/{campaign_id}/invitations"))["items"]
    later = {"at": (world.now() + TIME_TO_ANSWER).isoformat(), "time_zone": "Europe/Madrid"}
    await net.post(f"/v1/invitations/{item['invitation_id']}/extension", {"reply_by": later}, expect=200)
    world.moved += KEPT_AFTER_DEADLINE
    await forget_old(world.database, world.now())
    assert await saved(world, campaign_id) == 1


async def test_what_was_returned_late_is_kept_as_long_from_then(world: Any, net: Any) -> None:
    campaign_id, (link,) = await net.invited(1, counts_at_once=False)
    sent = await net.commit(link)
    world.moved = TIME_TO_ANSWER + KEPT_AFTER_DEADLINE + AN_HOUR
    await net.decide(sent["commitment_id"], "return", reason="Sign it, please")
    world.moved += KEPT_AFTER_DEADLINE - 2 * AN_HOUR
    await forget_old(world.database, world.now())
    assert await saved(world, campaign_id) == 1
    world.moved += 3 * AN_HOUR
    await forget_old(world.database, world.now())
    assert await saved(world, campaign_id) == 0


async def test_many_go_slice_by_slice(world: Any, net: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # The package's name for the use case hides its module.
    monkeypatch.setattr(importlib.import_module("polity_membership.retention.usecases"), "SLICE", 2)
    campaign_id, links = await net.invited(5)
    for link in links:
        await save(world, link)
    world.moved = TIME_TO_ANSWER + KEPT_AFTER_DEADLINE + AN_HOUR
    assert await forget_old(world.database, world.now()) >= 5
    assert await saved(world, campaign_id) == 0


ERASED = "SELECT 1 FROM person_erasure WHERE person_id = :id"


async def test_how_an_erasure_went_can_be_asked_for_a_time(world: Any, net: Any) -> None:
    await net.register(2)
    done, waiting = [
        UUID(place["contact_id"]) for place in (await net.get(f"/v1/networks/{net.id}/local-governments"))["items"]
    ]
    for person in (done, waiting):
        await net.post(f"/v1/people/{person}/erasure", {}, expect=202)
    mark = "UPDATE person_erasure SET marked_at = now() - CAST(:ago AS interval) WHERE person_id = :id RETURNING 1"
    for days, left in ((89, 1), (91, 0)):
        await world.rows(mark, id=done, ago=timedelta(days=days))
        await forget_old(world.database, world.now())
        assert len(await world.rows(ERASED, id=done)) == left
    # However long Kafka is away.
    await world.rows(
        "UPDATE person_erasure SET asked_at = asked_at - CAST(:ago AS interval) RETURNING 1", ago=timedelta(days=400)
    )
    await forget_old(world.database, world.now())
    assert len(await world.rows(ERASED, id=waiting)) == 1
    # That they were erased is known for ever.
    assert await world.rows("SELECT 1 FROM person WHERE id = :id AND erased_at IS NOT NULL", id=done)


async def test_erased_accounts_are_forgotten_and_those_that_wait_are_not(world: Any) -> None:
    add = """
    INSERT INTO account_erasure (subject, asked_at, due_at, attempts, done_at)
    VALUES (:subject, now(), now(), 0, CAST(:done AS timestamptz)) RETURNING id
    """
    ids = {}
    for name, ago in (("old", 91), ("new", 89), ("waiting", None)):
        done = ago and world.now() - timedelta(days=ago)
        (row,) = await world.rows(add, subject=None if done else str(uuid4()), done=done)
        ids[name] = row["id"]
    await forget_old(world.database, world.now())
    left = {row["id"] for row in await world.rows("SELECT id FROM account_erasure")}
    assert {name for name, id_ in ids.items() if id_ in left} == {"new", "waiting"}
    await world.rows("DELETE FROM account_erasure RETURNING 1")


JPEG = b"\xff\xd8\xff\xe0 a letter signed by hand"
TUS = {"Tus-Resumable": "1.0.0"}


async def letter(world: Any, link: str) -> UUID:
    begun = await world.call("POST", "/v1/answer/proofs", link=link, **TUS, **{"Upload-Length": str(len(JPEG))})
    place = begun.headers["location"]
    headers = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert (await world.call("PATCH", place, JPEG, link=link, **headers)).status_code == 204
    return UUID(place.rpartition("/")[2])


async def test_of_removed_letters_the_rows_go_too_but_for_those_that_commitments_rest_on(world: Any, net: Any) -> None:
    _, (link, other) = await net.invited(2)
    removed, proof = await letter(world, link), await letter(world, other)
    (invitation,) = await world.rows("SELECT invitation_id FROM proof WHERE id = :id", id=proof)
    says = {
        "signatory_name": "Ada", "signatory_office": "Mayor", "signed_on": "2026-01-31",
        "themes": ["water", "housing", "peace"], "proof_id": str(proof),
    }  # fmt: skip
    made = await net.post(f"/v1/invitations/{invitation['invitation_id']}/commitment", says, expect=201)
    await net.commit(link)
    (pledge,) = await world.rows("SELECT signatory_id FROM commitment WHERE id = :id", id=UUID(made["commitment_id"]))
    await net.post(f"/v1/people/{pledge['signatory_id']}/erasure", {}, expect=202)
    rows = "SELECT id FROM proof WHERE id = ANY(:ids)"
    for ago in (timedelta(), timedelta(days=89), timedelta(days=91)):
        await remove_proofs(world.database, Files(world.files_url), world.now())
        await forget_old(world.database, world.now())
        assert len(await world.rows(rows, ids=[removed, proof])) == 2
        past = "UPDATE proof SET removed_at = now() - CAST(:ago AS interval) WHERE id = ANY(:ids) RETURNING 1"
        await world.rows(past, ids=[removed, proof], ago=ago)
    await forget_old(world.database, world.now())
    assert await world.rows(rows, ids=[removed, proof]) == [{"id": proof}]
