"""What membership publishes of commitments."""

from datetime import date, datetime
from uuid import UUID

from polity_contracts import topics
from polity_contracts.envelope import Fact, Visibility


class CommitmentSubmitted(Fact):
    """A local government sent its pledge; it counts (CommitmentMade) once its signatory is confirmed."""

    type = "membership.commitment_submitted"
    topic = topics.COMMITMENTS.name
    visibility = Visibility.MEMBERS
    visibility_reason = "A pledge that waits may be returned: it becomes public when it counts."

    commitment_id: UUID
    campaign_id: UUID
    network_id: UUID
    local_government_id: UUID
    invitation_id: UUID
    contact_id: UUID
    language: str
    submitted_at: datetime
    answer_step: int | None = None


class CommitmentReturned(Fact):
    """The secretariat asked the local government to submit its pledge again; only those two know why."""

    type = "membership.commitment_returned"
    topic = topics.COMMITMENTS.name
    visibility = Visibility.MEMBERS
    visibility_reason = "A pledge that was returned did not become public."

    commitment_id: UUID
    campaign_id: UUID
    network_id: UUID
    local_government_id: UUID
    invitation_id: UUID
    contact_id: UUID
    language: str
    returned_at: datetime
    answer_step: int | None = None


class CommitmentMade(Fact):
    """A local government's pledge counts; `ordinal` numbers the campaign's commitments from 1 without a gap.

    Name and place are as the register had them then; None in facts that were published before they were told here.
    """

    type = "membership.commitment_made"
    topic = topics.COMMITMENTS.name
    visibility = Visibility.PUBLIC
    visibility_reason = "A pledge is made before the public: by whom, where, when, with which themes."

    commitment_id: UUID
    campaign_id: UUID
    network_id: UUID
    local_government_id: UUID
    name: str | None = None
    country: str | None = None
    """ISO 3166-1 alpha-2."""
    region: str | None = None
    """UN M49 sub-region code, three digits."""
    latitude: float | None = None
    longitude: float | None = None
    invitation_id: UUID | None = None
    contact_id: UUID | None = None
    language: str
    ordinal: int
    themes: tuple[str, ...]
    """Theme codes, the first ranked first."""
    signed_on: date
    made_at: datetime
    imported: bool = False
    """A pledge of an earlier wave, brought in with its own date: no occasion to write to anyone."""
    answer_step: int | None = None


class CommitmentWithdrawn(Fact):
    """A commitment that counted stands no longer; its ordinal is given to no other, and milestones stay reached."""

    type = "membership.commitment_withdrawn"
    topic = topics.COMMITMENTS.name
    visibility = Visibility.PUBLIC
    visibility_reason = "It was public that the pledge counted, so it is public that it does no longer."

    commitment_id: UUID
    campaign_id: UUID
    network_id: UUID
    local_government_id: UUID
    ordinal: int
    withdrawn_at: datetime
    answer_step: int | None = None
