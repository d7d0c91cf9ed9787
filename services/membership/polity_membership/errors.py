"""Every refusal of membership by name: `slug` is stable and public, `category` says what kind of answer it is."""

from typing import ClassVar


class Bad(ValueError):
    """A single value breaks a rule; `reason` is stable, `instead` are values that may have been meant."""

    def __init__(self, reason: str, *instead: str) -> None:
        super().__init__(reason)
        self.reason, self.instead = reason, instead


class Refused(Exception):
    """A rule of membership says no."""

    slug: ClassVar[str]
    category: ClassVar[str]


class LinkUnknown(Refused):
    """Forged, foreign or never issued: all the same to whoever asks."""

    slug = "link_unknown"
    category = "not_found"


class LinkRevoked(Refused):
    slug = "link_revoked"
    category = "gone"


class LinkExpired(Refused):
    slug = "link_expired"
    category = "gone"


class DeadlinePassed(Refused):
    """A campaign or an invitation that nobody could answer any more."""

    slug = "deadline_passed"
    category = "invalid"


class AlreadyCommitted(Refused):
    slug = "already_committed"
    category = "conflict"


class CommitmentIsWithdrawn(Refused):
    slug = "commitment_withdrawn"
    category = "conflict"


class NotSubmitted(Refused):
    """Only a pledge that waits for its confirmation can be confirmed or returned."""

    slug = "not_submitted"
    category = "conflict"


class NotCounted(Refused):
    """Only a commitment that counts can be withdrawn."""

    slug = "not_counted"
    category = "conflict"


class DeadlineNotLater(Refused):
    """An extension that would not lengthen the time to answer."""

    slug = "deadline_not_later"
    category = "invalid"


class ThemesInvalid(Refused):
    """Not exactly three different themes of the campaign."""

    slug = "themes_invalid"
    category = "invalid"


class SignedInFuture(Refused):
    slug = "signed_in_future"
    category = "invalid"


class MilestoneNotReached(Refused):
    slug = "milestone_not_reached"
    category = "conflict"


class MilestonesInvalid(Refused):
    slug = "milestones_invalid"
    category = "invalid"


class ThemesMissing(Refused):
    """A campaign with fewer themes than a commitment has to rank."""

    slug = "themes_missing"
    category = "invalid"


class FallbackMissing(Refused):
    """A text that isn't there in the fallback language."""

    slug = "fallback_missing"
    category = "invalid"


class RegisterChanged(Refused):
    """Somebody else added to the register since it was read."""

    slug = "register_changed"
    category = "unavailable"


class LocalGovernmentUnknown(Refused):
    slug = "local_government_unknown"
    category = "invalid"


class AlreadyMember(Refused):
    slug = "already_member"
    category = "conflict"


class TooManyInvitations(Refused):
    slug = "too_many_invitations"
    category = "invalid"


class RoleNotGrantable(Refused):
    slug = "role_not_grantable"
    category = "invalid"


class MandateAlreadyLinked(Refused):
    slug = "mandate_already_linked"
    category = "conflict"


class MandateHasEnded(Refused):
    slug = "mandate_ended"
    category = "gone"


class NotFound(Refused):
    """The row isn't there, or isn't for this caller."""

    slug = "not_found"
    category = "not_found"


class ProofTooLarge(Refused):
    """More bytes than a proof may have, or than were announced; or none at all."""

    slug = "proof_too_large"
    category = "content_too_large"


class ProofOpensTooLarge(Refused):
    """An image of more pixels than whoever looks at it could open."""

    slug = "proof_opens_too_large"
    category = "content_too_large"


class ProofTypeRefused(Refused):
    """Neither JPEG, PNG, WebP nor PDF by its content."""

    slug = "proof_type_refused"
    category = "unsupported_media_type"


class TooManyProofs(Refused):
    slug = "too_many_proofs"
    category = "conflict"


class OffsetMismatch(Refused):
    """A piece that doesn't begin where the last one ended."""

    slug = "offset_mismatch"
    category = "conflict"


class ProofUnknown(Refused):
    """No whole proof of this invitation."""

    slug = "proof_unknown"
    category = "invalid"


LINKED = (LinkUnknown, LinkRevoked, LinkExpired)
"""What a link may be refused for."""
GIVEN = (AlreadyCommitted, CommitmentIsWithdrawn)
"""A pledge was given before."""
PLEDGE = (*GIVEN, ThemesInvalid, SignedInFuture)
"""What a pledge may be refused for."""
