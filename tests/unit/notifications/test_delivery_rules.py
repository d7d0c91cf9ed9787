"""Which facts make which deliveries, how long they live and how often they are tried."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from polity_contracts.membership.commitments import CommitmentMade
from polity_contracts.membership.invitations import InvitationIssued
from polity_contracts.membership.values import Deadline
from polity_notifications.domain.deliveries import (
    Kind,
    Limits,
    ReachedMilestone,
    for_commitment,
    for_invitation,
    for_milestone,
    retry_after,
    retry_incomplete_after,
)

NOW = datetime(2030, 3, 1, tzinfo=UTC)
LIMITS = Limits(fresh=timedelta(days=14), waiting=timedelta(days=7))
IDS: dict[str, Any] = {"campaign_id": UUID(int=1), "network_id": UUID(int=2), "local_government_id": UUID(int=3)}


def invitation(reply_by: datetime, invitation_id: int = 4) -> InvitationIssued:
    return InvitationIssued(
        **IDS, invitation_id=UUID(int=invitation_id), contact_id=UUID(int=5), language="en",
        reply_by=Deadline(at=reply_by, time_zone="UTC"), link_generation=1, wave="1", issued_at=NOW,
    )  # fmt: skip


def commitment(contact_id: UUID | None) -> CommitmentMade:
    return CommitmentMade(
        **IDS, commitment_id=UUID(int=6), contact_id=contact_id, language="en", ordinal=9, themes=("a",),
        signed_on=date(2030, 3, 1), made_at=NOW,
    )  # fmt: skip


def test_an_invitation_ends_with_its_deadline_and_a_thank_you_with_none() -> None:
    assert for_invitation(invitation(NOW + timedelta(days=3)), 1, None).deadline == NOW + timedelta(days=3)
    asked = for_commitment(commitment(UUID(int=5)), 1, None)
    assert asked
    assert asked.deadline is None


def test_the_same_fact_makes_the_same_delivery_for_ever_and_another_another() -> None:
    first = for_invitation(invitation(NOW), 1, None)
    again = for_invitation(invitation(NOW), 2, "trace")
    other = for_invitation(invitation(NOW, invitation_id=40), 1, None)
    assert first.delivery_id == again.delivery_id != other.delivery_id


def test_a_commitment_without_a_contact_thanks_nobody() -> None:
    assert for_commitment(commitment(None), 1, None) is None
    asked = for_commitment(commitment(UUID(int=5)), 7, "trace")
    assert asked is not None
    assert (asked.kind, asked.ordinal, asked.sequence, asked.traceparent) == (Kind.THANK_YOU, 9, 7, "trace")


def test_each_person_hears_of_each_milestone_once() -> None:
    ids = {
        for_milestone(ReachedMilestone(UUID(int=1), threshold, threshold, None), UUID(int=person)).delivery_id
        for threshold in (10, 100)
        for person in (1, 2)
        for _ in range(2)
    }
    assert len(ids) == 4


def test_a_fact_is_too_old_after_its_limit() -> None:
    assert LIMITS.is_too_old(NOW - timedelta(days=15), NOW)
    assert not LIMITS.is_too_old(NOW - timedelta(days=14), NOW)


def test_retries_wait_longer_each_time_up_to_a_quarter_of_an_hour() -> None:
    assert [retry_after(attempts).total_seconds() for attempts in (1, 2, 3, 9, 60)] == [5, 10, 20, 900, 900]


def test_what_a_mail_lacks_is_waited_for_as_long_again_up_to_a_quarter_of_an_hour() -> None:
    waited = [timedelta(seconds=seconds) for seconds in (0, 1, 2, 60, 7200)]
    assert [retry_incomplete_after(one).total_seconds() for one in waited] == [2, 2, 2, 60, 900]
