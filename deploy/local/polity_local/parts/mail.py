"""The mail catcher: takes mails and shows them on a page; none of it leaves this machine."""

import sys

from polity_local.running.instance import Instance
from polity_local.running.program import Program, answers


def program(instance: Instance) -> Program:
    """Returns sendria with its SMTP port and its page."""
    folder = instance.state / "mail"
    return Program(
        name="mail",
        command=(
            *(
                sys.executable,
                "-m",
                "polity_local.parts.mail_catcher",
                "--foreground",
                "--no-quit",
                "--db",
                str(folder / "mails.sqlite"),
            ),
            *("--smtp-ip", "127.0.0.1", "--smtp-port", str(instance.ports.smtp)),
            *("--http-ip", "127.0.0.1", "--http-port", str(instance.ports.mail)),
        ),
        ports=("smtp", "mail"),
        prepare=lambda: folder.mkdir(mode=0o700, exist_ok=True),
        healthy=lambda: answers(f"http://127.0.0.1:{instance.ports.mail}/api/messages/"),
    )
