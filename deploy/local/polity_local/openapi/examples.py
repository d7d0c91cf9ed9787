"""For docs/partners/examples.md: of each type that partners can subscribe to, the HTTP request that is posted."""

from datetime import datetime, timedelta
from typing import Any

from polity_notifications.domain.signing import derive, shown
from polity_notifications.domain.webhooks import PUBLIC_FACTS, TEST_TYPE
from polity_notifications.usecases.ask_for_webhooks import as_posted
from polity_notifications.webhooks.secrets import signed_headers

from polity_local.openapi.webhooks import SAID_OF_A_TEST, WEBHOOK_ID, example, example_of_a_test, said_of
from polity_local.running.instance import REPOSITORY

FILES = (
    REPOSITORY / "docs" / "partners" / "examples.md",
    REPOSITORY / "services" / "portal" / "polity_portal" / "static" / "partners" / "examples.md",
)
"""As it is read in the repository, and as the portal serves it."""
SECRET = derive(b"the example's, and nobody's secret", WEBHOOK_ID, 1)
WAY = timedelta(seconds=1)
"""From when it happened to when it was signed."""
HEAD = f"""# What is posted, request by request

Generated from the contracts' examples by `python -m polity_local.openapi`: change those, not this. One line is one line
of the request, its body too, for every byte of the body is signed. Lines end with CR LF, and nothing follows the body.

The secret of these examples is `{shown(SECRET)}`. Whoever checks them with a
library turns its look at the time off: they were signed at their `webhook-timestamp`, and a receiver refuses what is
older than five minutes.
"""


def page() -> str:
    """Returns the page."""
    parts = [f"## `{name}`\n\n{said}\n\n```http\n{request(body)}\n```\n" for name, said, body in _examples()]
    return "\n".join([HEAD, *parts])


def request(body: dict[str, Any]) -> str:
    """Returns the request by which the event is posted, with LF for its ends of lines."""
    text = as_posted(body)
    signed = signed_headers([SECRET], body["id"], text, datetime.fromisoformat(body["time"]) + WAY)
    headers = {
        "Host": "partner.example",
        "User-Agent": "Polity-Webhooks/1",
        "Accept": "*/*",
        **signed,
        "Accept-Encoding": "gzip, deflate",
        "Content-Length": str(len(text.encode())),
    }
    return "\n".join(["POST /hooks HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", text])


def _examples() -> list[tuple[str, str, dict[str, Any]]]:
    """Returns wire name, what it says, and event of every type."""
    facts = [(name, said_of(fact), example(name, fact)) for name, fact in sorted(PUBLIC_FACTS.items())]
    return [*facts, (TEST_TYPE, SAID_OF_A_TEST, example_of_a_test())]
