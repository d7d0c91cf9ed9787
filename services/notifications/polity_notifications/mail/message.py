"""A written mail as the bytes that go over SMTP (RFC 5322, MIME), to exactly one recipient."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from uuid import UUID

from polity_chassis.web.headers import clean_header

from polity_notifications.domain.addresses import one_address
from polity_notifications.mail.writing import Written

_POLICY = SMTP.clone(cte_type="7bit")
"""Not every server takes eight bits."""


@dataclass(frozen=True, slots=True)
class Posted:
    recipient: str
    content: bytes


def message_id(delivery_id: UUID, sender: str) -> str:
    """Returns the Message-ID of the delivery's mail, the same at every attempt."""
    return f"<{delivery_id}@{sender.rpartition('@')[2]}>"


def message(written: Written, *, delivery_id: UUID, sender: str, name: str, address: str, now: datetime) -> Posted:
    """Returns the mail.

    Raises UnsafeAddress, and UnsafeHeader for a name (the network's too) or a subject that holds a line end.
    """
    recipient = one_address(address)
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = Address(clean_header(written.sender_name), addr_spec=sender)
    mail["To"] = Address(clean_header(name), addr_spec=recipient)
    mail["Subject"] = clean_header(written.subject)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = message_id(delivery_id, sender)
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = written.language
    mail.set_content(written.text)
    mail.add_alternative(written.html, subtype="html")
    return Posted(recipient, mail.as_bytes())
