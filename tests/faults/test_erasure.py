"""An erased person is nowhere: a byte scan of every store finds what was planted before and none of it afterwards."""

import base64

import pytest
from partners import COMMITMENT, Partners
from planted import Planted, flush_databases, rewrite_databases
from polity_local.demo.counting import look
from scene import Scene, until

ONLY_IN_ITS_DATABASE = {"signatory_name", "signatory_office", "form_name", "reason", "nobodys_name"}
LETTERS = {"letter", "nobodys_letter"}
LATER = {"contact_name"}
"""Nobody is called so before the correction."""


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_an_erased_person_is_in_no_store(scene: Scene, partners: Partners) -> None:
    platform, planted, people = scene.platform, scene.planted, list(scene.people.values())
    await flush_databases(platform)
    # The scan can find; signatories never leave their database, nor letters their folder; no log, no trace and no other
    # file names anyone, ever.
    named = {*planted, "subject"} - LETTERS - LATER
    assert planted.found_on(platform) == {
        "postgres": named,
        "kafka": named - ONLY_IN_ITS_DATABASE,
        "proofs": LETTERS,
    }
    await corrected_and_others_are_gone(scene)

    for person in people:
        await scene.post(f"/v1/people/{person}/erasure", {})

    async def marked() -> bool:
        statement = "SELECT 1 FROM person_erasure WHERE person_id::text = ANY ($1::text[]) AND marked_at IS NOT NULL"
        return len(await scene.rows("membership", statement, people)) == len(people)

    async def account_gone() -> bool:
        waiting = await scene.rows("membership", "SELECT 1 FROM account_erasure WHERE subject = $1", scene.subject)
        return not waiting and await scene.account_status() == 404

    async def letter_removed() -> bool:
        return "proofs" not in planted.found_on(platform)

    async def compacted() -> bool:
        return planted.found_on(platform)["kafka"] == {"subject"}

    async def rewritten() -> bool:
        # A transaction that was open somewhere keeps what it may still read, so once may not be enough.
        await rewrite_databases(platform)
        return "postgres" not in planted.found_on(platform)

    await until(letter_removed, "the letter is still there")
    await until(marked, "no marker was sent")
    await until(account_gone, "the account is still there")
    assert await scene.rows("keycloak", "SELECT 1 FROM offline_user_session WHERE user_id = $1", scene.subject) == []
    await until(compacted, "Kafka keeps something")
    await until(rewritten, "PostgreSQL keeps something")
    # The account is gone; its id stays in the log of who might act, where it names nobody any more.
    assert planted.found_on(platform) == {"kafka": {"subject"}}
    # What is public of it was told to partners all the same, and names nobody.
    seen = await look(platform, scene.demo.campaign_id, [])
    facts = {fact: COMMITMENT for _, fact in seen.commitment_facts}
    assert len(facts) == 1
    assert await partners.have(scene.http, scene.subscribed, facts) == []
    told = [body for one in scene.subscribed for _, body in partners.endpoints.posts.get(one.path, [])]
    assert len(told) >= 2
    assert planted.found_in("".join(told).encode()) == set()


async def corrected_and_others_are_gone(scene: Scene) -> None:
    """Without anybody's erasure: the name that was not right, and whoever is named beside contact and signatory."""
    platform, planted, gone = scene.platform, scene.planted, {"former_name", "nobodys_name", "nobodys_letter"}
    await scene.correct_name()
    await scene.post(f"/v1/invitations/{scene.others}/erasure", {})

    async def nowhere() -> bool:
        await rewrite_databases(platform)
        return not any(gone & found for found in planted.found_on(platform).values())

    await until(nowhere, "a name that was given up is still there")
    left = set(planted) - gone
    assert planted.found_on(platform) == {
        "postgres": (left | {"subject"}) - LETTERS,
        "kafka": (left | {"subject"}) - LETTERS - ONLY_IN_ITS_DATABASE,
        "proofs": {"letter"},
    }


def test_the_scan_knows_the_usual_ways_to_write_a_value() -> None:
    planted = Planted()
    for number in range(6):
        text = "é" * number + planted["holder_email"] + "@demo.example"
        written = (text.encode(), base64.b64encode(text.encode()), text.encode("utf-16-le"), text.encode("utf-16-be"))
        for content in (*written, text.encode().hex().encode(), text.upper().encode()):
            assert planted.found_in(b"\0\1" + content) == {"holder_email"}
    assert planted.found_in(planted.mark.encode()) == {"a part of some value"}
    assert planted.found_in(Planted()["holder_email"].encode()) == set()
