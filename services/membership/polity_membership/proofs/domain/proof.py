"""Proofs: the photo or scan of a letter that somebody signed on paper, sent in pieces over whatever line there is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from polity_membership.errors import NotFound
from polity_membership.proofs.domain.images import check_size
from polity_membership.proofs.errors import OffsetMismatch, ProofTooLarge, ProofTypeRefused

LARGEST_BYTES = 10_000_000
MOST_PROOFS = 20
"""Of one invitation: photographs fail and are taken again, but a link must not fill a disk."""
UNFINISHED_FOR = timedelta(days=1)
"""How long an upload that was broken off can be gone on with."""
BY_LINK = "link"
BY_SECRETARIAT = "secretariat"

_BEGINNINGS = {
    "image/jpeg": (b"\xff\xd8\xff", 0, b""),
    "image/png": (b"\x89PNG\r\n\x1a\n", 0, b""),
    "image/webp": (b"RIFF", 8, b"WEBP"),
}
"""How each type begins, and what stands at an offset."""
_PDF_WITHIN = 1024
"""Scanners put bytes before a document's header; readers look for it this far (PDF 1.7, implementation note 13)."""
ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "application/pdf": "pdf"}


def media_type_of(content: bytes) -> str:
    """Returns the type that the content itself shows, whatever it is called; raises ProofTypeRefused."""
    for media_type, (start, offset, mark) in _BEGINNINGS.items():
        if content.startswith(start) and content[offset:].startswith(mark):
            return media_type
    if b"%PDF-" in content[:_PDF_WITHIN]:
        return "application/pdf"
    raise ProofTypeRefused


@dataclass(slots=True)
class Proof:
    """`folder` is where its pieces lie, None once they are gone for good; it can be read from `finished_at` on.

    `removed_at` is when its files were deleted: one that was under way then may have come after it.
    """

    id: UUID
    invitation_id: UUID
    folder: str | None
    sent_by: str
    length_bytes: int
    created_at: datetime
    received_bytes: int = 0
    media_type: str | None = None
    finished_at: datetime | None = None
    removal_asked_at: datetime | None = None
    removed_at: datetime | None = None

    def check_length(self) -> None:
        """Raises ProofTooLarge, before any of its bytes came."""
        if not 0 < self.length_bytes <= LARGEST_BYTES:
            raise ProofTooLarge

    def expires_at(self) -> datetime:
        """Returns until when pieces are taken."""
        return self.created_at + UNFINISHED_FOR

    def check_there(self, now: datetime) -> None:
        """Raises NotFound for what is being removed, or would be if it hadn't just been asked for."""
        if self.removal_asked_at or (self.finished_at is None and now > self.expires_at()):
            raise NotFound

    def check_whole(self, now: datetime) -> None:
        """Raises NotFound for what hasn't arrived as a whole."""
        self.check_there(now)
        if self.finished_at is None:
            raise NotFound

    def receive(self, offset: int, piece: bytes, now: datetime) -> None:
        """Counts the piece in; its type is that of the first one. Raises as the names say; then nothing was counted."""
        self.check_there(now)
        if offset != self.received_bytes:
            raise OffsetMismatch
        if offset + len(piece) > self.length_bytes:
            raise ProofTooLarge
        if self.media_type is None and piece:
            media_type = media_type_of(piece)
            check_size(piece, media_type)
            self.media_type = media_type
        self.received_bytes += len(piece)
        if self.received_bytes == self.length_bytes and self.finished_at is None:
            self.finished_at = now
