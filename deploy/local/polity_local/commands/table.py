"""Where everything is: what ./dev up prints."""

import io

from rich.console import Console
from rich.table import Table

from polity_local.running.instance import DEMO_PASSWORD, Instance

TOUR = "First: open the pages, choose the office, sign in as secretariat, and follow the tour there: ten minutes."


LOOK = "First: open the pages. The dates are the letter's of 2022, so nobody can answer any more and there is no tour."


LOADED = "demonstration-loaded"
"""The file of the state folder that says with which dates the demonstration was loaded; once there was `letter`."""


def addresses(instance: Instance) -> str:
    """Returns the table of pages, viewers and sign-ins as text, and where to begin with what was loaded."""
    stamp = instance.state / LOADED
    dates = stamp.read_text().strip() if stamp.exists() else ""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    rows = {
        "Pages": f"{instance.public_url}/",
        "API documentation": f"{instance.public_url}/docs",
        "Trace viewer": f"http://localhost:{instance.ports.zipkin}/zipkin/",
        "Mail": f"http://localhost:{instance.ports.mail}/",
        "Sign in as": f"secretariat, secretariat2, operations, city or nobody; password {DEMO_PASSWORD}",
        "Partner system": f"client partner-demo, secret {instance.secrets['partner_client']}",
    }
    for row in rows.items():
        table.add_row(*row)
    text = io.StringIO()
    Console(file=text, width=120).print(table)
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    return "\n".join([*lines, "", LOOK if dates == "letter" else TOUR])
