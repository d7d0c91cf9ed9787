"""Sendria, which refuses what goes to a domain that was mistyped, as a mail server would."""

from typing import Any

import sendria.cli
import sendria.smtp

from polity_local.demo.places import MISTYPED_DOMAIN


class Catcher(sendria.smtp.AsyncMessage):  # type: ignore[misc]  # it has no types
    """Takes every mail but those."""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        """Returns the reply to RCPT TO (RFC 5321, 4.1.1.3)."""
        if address.endswith(f"@{MISTYPED_DOMAIN}"):
            return "550 5.1.2 There is no such domain"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"


if __name__ == "__main__":
    sendria.smtp.AsyncMessage = Catcher
    sendria.cli.main()
