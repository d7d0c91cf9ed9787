"""Hands mails to the mail server over a connection that is kept between them."""

import asyncio
import contextlib
import time
from dataclasses import dataclass

import aiosmtplib

from polity_notifications.mail.message import Posted
from polity_notifications.settings import Settings

TIMEOUT_SECONDS = 20
"""For handing over one mail, a new connection included."""
IDLE_SECONDS = 10
"""How long a connection that nobody needs stays open."""


class NotTaken(Exception):
    """The server did not take the mail. `code` is SMTP's, None when it could not be spoken to; no text of its.

    `for_good`: trying again is useless, by a permanent negative reply (RFC 5321, 4.2.1) to the recipient or the mail.
    """

    def __init__(self, code: int | None, *, for_good: bool = False) -> None:
        super().__init__(str(code))
        self.code = code
        self.for_good = for_good


@dataclass(slots=True)
class Connection:
    """One connection, opened when first needed and again after it broke."""

    settings: Settings
    _client: aiosmtplib.SMTP | None = None
    _used: float = 0.0

    async def send(self, posted: Posted) -> None:
        """Returns once the server has taken the mail; raises NotTaken, after TIMEOUT_SECONDS at the latest."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._send(await self._connected(), posted)
        except TimeoutError:
            self.drop()
            raise NotTaken(None) from None
        self._used = time.monotonic()

    async def _send(self, client: aiosmtplib.SMTP, posted: Posted) -> None:
        try:
            await client.sendmail(self.settings.mail_from, [posted.recipient], posted.content)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            raise _refused(refused.recipients[0].code) from None
        except aiosmtplib.SMTPDataError as refused:
            raise _refused(refused.code) from None
        except aiosmtplib.SMTPResponseException as refused:
            # Of the sender or the session: a fault of ours that would fail every mail alike, so it is waited out.
            self.drop()
            raise NotTaken(refused.code) from None
        except (aiosmtplib.SMTPException, OSError):
            self.drop()
            raise NotTaken(None) from None

    def drop(self) -> None:
        """Closes the connection at once; the next mail opens another."""
        if self._client is not None:
            self._client.close()
        self._client = None

    async def rest(self) -> None:
        """Takes leave of the server when the connection has been idle for IDLE_SECONDS."""
        if self._client is None or time.monotonic() - self._used < IDLE_SECONDS:
            return
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await self._client.quit()
        self.drop()

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        settings = self.settings
        client = aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_username,
            password=settings.smtp_password,
            use_tls=settings.smtp_tls == "tls",
            start_tls=settings.smtp_tls == "starttls",
            timeout=TIMEOUT_SECONDS,
        )
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError):
            # A refused sign-in is a fault of our settings, never of the mail.
            client.close()
            raise NotTaken(None) from None
        self._client = client
        return client


def _refused(code: int) -> NotTaken:
    return NotTaken(code, for_good=500 <= code <= 599)
