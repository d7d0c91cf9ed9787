"""What notifications is told besides what every service is told."""

from datetime import timedelta
from typing import Literal

from polity_chassis.authorization.links import LinkKeys
from polity_chassis.settings import ServiceSettings
from pydantic import Field

from polity_notifications.domain.deliveries import Limits


class Settings(ServiceSettings):
    answer_link_keys: LinkKeys = Field(
        repr=False,
        description='Secrets of the links to answer: JSON {"key id": "base64 of 32 bytes or more"}, the first signs.',
    )
    smtp_host: str = Field(description="Where mail is handed over: host name or IP address.")
    smtp_port: int = Field(ge=1, le=65535, description="TCP port of the mail server: 1 to 65535.")
    smtp_tls: Literal["none", "starttls", "tls"] = Field(
        description="How the way to the mail server is protected: none, starttls or tls."
    )
    smtp_username: str | None = Field(None, description="Who signs in to the mail server; empty: nobody does.")
    smtp_password: str | None = Field(None, repr=False, description="The password of that user.")
    smtp_connections: int = Field(4, ge=1, le=50, description="Connections to the mail server, 1 to 50 per worker.")
    mail_from: str = Field(
        pattern=r"^[^\s@<>,;\"]+@[^\s@<>,;\"]+$", description="The sender's address of every mail: name@domain."
    )
    mail_fresh_days: int = Field(
        14, ge=1, description="A fact older than these days makes no mail any more: it comes from a restore."
    )
    mail_waiting_days: int = Field(
        7, ge=1, description="Days after which a mail that could not be sent expires, for the secretariat to see."
    )
    webhook_keys: LinkKeys = Field(
        repr=False,
        description="Keys that partners' webhook secrets are derived from: JSON as POLITY_ANSWER_LINK_KEYS; the first "
        "makes new secrets. One that is taken out ends the secrets made with it.",
    )
    webhook_allow_loopback: bool = Field(
        False, description="Whether webhooks may go to this machine, also by http: for demonstrations alone."
    )
    webhook_posts_per_endpoint: int = Field(
        4, ge=1, le=100, description="Posts to one endpoint at a time and worker, 1 to 100; a failing one gets 1."
    )
    webhook_posts_at_once: int = Field(256, ge=1, le=5000, description="Posts to all endpoints at a time and worker.")

    @property
    def limits(self) -> Limits:
        """How old a fact may be to make a mail, and how long a mail may wait."""
        return Limits(timedelta(days=self.mail_fresh_days), timedelta(days=self.mail_waiting_days))
