"""Refusals of commands on a proof."""

from polity_membership.errors import Refused


class ProofTooLarge(Refused):
    """More bytes than a proof may have, or than were announced; or none at all."""

    slug = "proof_too_large"
    category = "content_too_large"


class ProofOpensTooLarge(Refused):
    """The image has more pixels than a viewer could open."""

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
    """The piece doesn't begin where the last one ended."""

    slug = "offset_mismatch"
    category = "conflict"


class ProofUnknown(Refused):
    """The invitation has no complete proof with that id."""

    slug = "proof_unknown"
    category = "invalid"
