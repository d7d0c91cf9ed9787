"""The mail catcher: takes mails and shows them on a page; none of it leaves this machine."""

import sys

from polity_local.place import Place
from polity_local.program import Program, answers


def program(place: Place) -> Program:
    """Returns sendria with its SMTP port and its page."""
    folder = place.state / "mail"
    return Program(
        name="mail",
        command=(
            *(
                sys.executable,
                "-m",
                "polity_local.mail_catcher",
                "--foreground",
                "--no-quit",
                "--db",
                str(folder / "mails.sqlite"),
            ),
            *("--smtp-ip", "127.0.0.1", "--smtp-port", str(place.ports.smtp)),
            *("--http-ip", "127.0.0.1", "--http-port", str(place.ports.mail)),
        ),
        ports=("smtp", "mail"),
        prepare=lambda: folder.mkdir(mode=0o700, exist_ok=True),
        healthy=lambda: answers(f"http://127.0.0.1:{place.ports.mail}/api/messages/"),
    )
