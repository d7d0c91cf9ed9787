"""The rules of campaigns, invitations, commitments, mandates and people, each by name."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from polity_contracts.membership.campaigns import Milestone
from polity_contracts.membership.values import Deadline
from polity_membership.campaigns.domain import Campaign
from polity_membership.campaigns.errors import DeadlinePassed, MilestoneNotReached, MilestonesInvalid, ThemesMissing
from polity_membership.commitments.domain import Commitment, CommitmentContent, commit
from polity_membership.commitments.errors import SignedInFuture, ThemesInvalid
from polity_membership.errors import LinkExpired, LinkRevoked, LinkUnknown, NotFound, Refused
from polity_membership.invitations.domain import Invitation
from polity_membership.invitations.errors import AlreadyCommitted, CommitmentIsWithdrawn, DeadlineNotLater
from polity_membership.mandates.domain import Mandate
from polity_membership.mandates.errors import MandateAlreadyLinked, MandateHasEnded
from polity_membership.networks.errors import FallbackMissing
from polity_membership.people.domain import Person

NOW = datetime(2030, 3, 1, 12, tzinfo=UTC)
DEADLINE = Deadline(at=NOW, time_zone="Europe/Madrid")
LATER = Deadline(at=NOW + timedelta(days=2), time_zone="Europe/Madrid")
TEXT = {"en": "Text", "es": "Texto"}
PLEDGE = CommitmentContent(("water", "housing", "peace"), date(2030, 3, 1))


def campaign(**changed: object) -> Campaign:
    values: dict[str, object] = {
        "id": uuid4(),
        "network_id": uuid4(),
        "title": TEXT,
        "objectives": TEXT,
        "commitment_text": TEXT,
        "fallback_language": "en",
        "themes": dict.fromkeys(("water", "housing", "peace", "culture"), TEXT),
        "milestones": (Milestone(threshold=2), Milestone(threshold=5)),
        "reply_by": DEADLINE,
        "demonstration": True,
        "opened_at": NOW - timedelta(days=1),
    }
    return Campaign(**(values | changed))  # type: ignore[arg-type]


def invitation(**changed: object) -> Invitation:
    values: dict[str, object] = {
        "id": uuid4(),
        "campaign_id": uuid4(),
        "network_id": uuid4(),
        "local_government_id": uuid4(),
        "contact_id": uuid4(),
        "language": "es",
        "wave": "first",
        "reply_by": DEADLINE,
        "issued_at": NOW,
        "fact_sequence": 1,
    }
    return Invitation(**(values | changed))  # type: ignore[arg-type]


def mandate(**changed: object) -> Mandate:
    values: dict[str, object] = {
        "id": uuid4(),
        "person_id": uuid4(),
        "role": "secretariat",
        "scope_id": uuid4(),
        "language": "en",
        "granted_at": NOW,
    }
    return Mandate(**(values | changed))  # type: ignore[arg-type]


def pledged(of: Campaign, by: Invitation, pledge: CommitmentContent = PLEDGE) -> tuple[Commitment, object]:
    return commit(of, by, pledge, commitment_id=uuid4(), signatory_id=uuid4(), now=NOW)


def extended() -> Invitation:
    one = invitation(status="interested")
    one.extend(LATER, NOW)
    return one


def test_commitments_are_counted_from_one_and_milestones_fall_on_their_ordinal() -> None:
    one = campaign()
    made = [pledged(one, invitation()) for _ in range(6)]
    assert [commitment.ordinal for commitment, _ in made] == [1, 2, 3, 4, 5, 6]
    assert [n for n, (_, milestone) in enumerate(made, 1) if milestone] == [2, 5]
    commitment, milestone = made[1]
    assert milestone is not None
    assert milestone.commitment_id == commitment.id  # type: ignore[attr-defined]


REFUSED: dict[str, tuple[Callable[[], object], type[Refused]]] = {
    "a second commitment": (
        lambda: pledged(campaign(), invitation(status="committed")), AlreadyCommitted,
    ),
    "two themes": (
        lambda: pledged(campaign(), invitation(), CommitmentContent(("water", "peace"), NOW.date())),
        ThemesInvalid,
    ),
    "four themes": (
        lambda: pledged(campaign(), invitation(), CommitmentContent((*PLEDGE.themes, "culture"), NOW.date())),
        ThemesInvalid,
    ),
    "one theme thrice": (
        lambda: pledged(campaign(), invitation(), CommitmentContent(("water",) * 3, NOW.date())),
        ThemesInvalid,
    ),
    "a theme that isn't the campaign's": (
        lambda: pledged(campaign(), invitation(), CommitmentContent(("water", "peace", "gold"), NOW.date())),
        ThemesInvalid,
    ),
    "a signature of the day after tomorrow": (
        lambda: pledged(campaign(), invitation(), CommitmentContent(PLEDGE.themes, date(2030, 3, 3))),
        SignedInFuture,
    ),
    "a link one second after the deadline": (
        lambda: invitation().check_link(1, NOW + timedelta(seconds=1)), LinkExpired,
    ),
    "the interested one's link after the deadline": (
        lambda: invitation(status="interested").check_link(1, NOW + timedelta(seconds=1)), LinkExpired,
    ),
    "a link of an earlier generation": (lambda: invitation(link_generation=3).check_link(2, NOW), LinkRevoked),
    "a link of a generation to come": (lambda: invitation(link_generation=3).check_link(4, NOW), LinkUnknown),
    "the newest link of a revoked invitation": (
        lambda: invitation(status="revoked", link_generation=2).check_link(2, NOW), LinkRevoked,
    ),
    "a pledge while another waits for its confirmation": (
        lambda: pledged(campaign(), invitation(status="submitted")), AlreadyCommitted,
    ),
    "a pledge after one was withdrawn": (
        lambda: pledged(campaign(), invitation(status="withdrawn")), CommitmentIsWithdrawn,
    ),
    "extending what was committed": (
        lambda: invitation(status="committed").extend(LATER, NOW), AlreadyCommitted,
    ),
    "extending a revoked invitation": (lambda: invitation(status="revoked").extend(LATER, NOW), LinkRevoked),
    "extending to an earlier deadline": (lambda: invitation(reply_by=LATER).extend(
        Deadline(at=NOW + timedelta(days=1), time_zone="Europe/Madrid"), NOW), DeadlineNotLater,
    ),
    "extending into the past": (
        lambda: invitation().extend(LATER, NOW + timedelta(days=9)), DeadlinePassed,
    ),
    "announcing what isn't reached": (lambda: campaign().announce(2, None, NOW), MilestoneNotReached),
    "announcing what is no milestone": (lambda: campaign().announce(3, None, NOW), NotFound),
    "revoking what was submitted": (lambda: invitation(status="submitted").revoke(NOW), AlreadyCommitted),
    "revoking what was committed": (lambda: invitation(status="committed").revoke(NOW), AlreadyCommitted),
    "a campaign that nobody could answer any more": (
        lambda: campaign(opened_at=DEADLINE.at).open(), DeadlinePassed,
    ),
    "milestones in falling order": (
        lambda: campaign(milestones=(Milestone(threshold=9), Milestone(threshold=1))).open(), MilestonesInvalid,
    ),
    "a milestone at nothing": (lambda: campaign(milestones=(Milestone(threshold=0),)).open(), MilestonesInvalid),
    "fewer themes than are ranked": (lambda: campaign(themes={"water": TEXT}).open(), ThemesMissing),
    "a title without the fallback": (lambda: campaign(title={"es": "Texto"}).open(), FallbackMissing),
    "a theme without the fallback": (
        lambda: campaign(themes={"a": TEXT, "b": TEXT, "c": {"es": "C"}}).open(), FallbackMissing,
    ),
    "a mandate that is somebody else's": (
        lambda: mandate(subject="first").accept("second", 1, NOW), MandateAlreadyLinked,
    ),
    "a mandate that has ended": (lambda: mandate(ended_at=NOW).accept("first", 1, NOW), MandateHasEnded),
    "an ended mandate, even its holder's": (
        lambda: mandate(subject="first", ended_at=NOW).accept("first", 1, NOW), MandateHasEnded,
    ),
    "a mandate link that was never issued": (lambda: mandate().accept("first", 2, NOW), LinkUnknown),
}  # fmt: skip


@pytest.mark.parametrize("rule", REFUSED)
def test_it_is_refused(rule: str) -> None:
    act, refusal = REFUSED[rule]
    with pytest.raises(refusal):
        act()


def test_a_refused_commitment_is_not_counted() -> None:
    one = campaign()
    with pytest.raises(ThemesInvalid):
        pledged(one, invitation(), CommitmentContent((), NOW.date()))
    assert one.commitments_count == 0


ALLOWED: dict[str, Callable[[], object]] = {
    "a link at the very deadline": lambda: invitation().check_link(1, NOW),
    "the old link after an extension": lambda: extended().check_link(1, NOW + timedelta(days=2)),
    "reading a submitted answer years later": lambda: invitation(status="submitted").check_link(
        1, NOW + timedelta(days=999)
    ),
    "reading a given answer years later": lambda: invitation(status="committed").check_link(
        1, NOW + timedelta(days=999)
    ),
    "committing without prior interest": lambda: pledged(campaign(), invitation()),
    "committing after interest": lambda: pledged(campaign(), invitation(status="interested")),
    "signing where it is tomorrow already": lambda: pledged(
        campaign(), invitation(), CommitmentContent(PLEDGE.themes, date(2030, 3, 2))
    ),
    "signing on paper long ago": lambda: pledged(
        campaign(), invitation(), CommitmentContent(PLEDGE.themes, date(2022, 7, 15))
    ),
    "a campaign without milestones": lambda: campaign(milestones=()).open(),
}


@pytest.mark.parametrize("rule", ALLOWED)
def test_it_is_allowed(rule: str) -> None:
    ALLOWED[rule]()


TWICE: dict[str, tuple[Callable[[], Any], Callable[[Any], object]]] = {
    "interest": (invitation, lambda it: it.express_interest(NOW)),
    "revocation": (invitation, lambda it: it.revoke(NOW)),
    "an extension": (invitation, lambda it: it.extend(LATER, NOW)),
    "the end of a mandate": (mandate, lambda it: it.end(NOW)),
    "accepting one's mandate": (mandate, lambda it: it.accept("me", 1, NOW)),
    "erasure": (lambda: Person(uuid4(), "A", "a@example.org", "en"), lambda it: it.erase(NOW)),
}


@pytest.mark.parametrize("what", TWICE)
def test_done_twice_it_is_one_fact(what: str) -> None:
    make, act = TWICE[what]
    aggregate = make()
    assert act(aggregate) is not None
    assert act(aggregate) is None


def test_a_commitment_is_not_undone_by_late_interest() -> None:
    one = invitation(status="committed")
    assert one.express_interest(NOW) is None
    assert one.status == "committed"


def test_revoking_moves_on_to_the_next_generation() -> None:
    one = invitation()
    revoked = one.revoke(NOW)
    assert revoked is not None
    assert revoked.link_generation == one.link_generation == 2


def test_an_erased_person_is_empty() -> None:
    person = Person(UUID(int=1), "Ada", "ada@example.org", "de", "Mayor")
    person.erase(NOW)
    assert (person.name, person.email, person.language, person.office) == (None, None, None, None)
    assert person.erased_at == NOW
