"""What partners are told of the facts there are is what there is."""

import re
from pathlib import Path

import pytest
from polity_notifications.domain.webhooks import PUBLIC_FACTS, TEST_TYPE
from polity_portal.i18n.wording import WEBHOOK_TYPES

PARTNERS = Path(__file__).parents[3] / "docs" / "partners"
ROW = re.compile(r"^\| `(membership\.\w+)` \|.*\[schema\]\((\S+)\) \| \[example\]\((\S+)\) \|$", re.MULTILINE)


def test_the_catalogue_names_every_type_with_its_schema_and_an_example() -> None:
    rows = ROW.findall((PARTNERS / "README.md").read_text("utf-8"))
    assert sorted(name for name, *_ in rows) == sorted(PUBLIC_FACTS)
    for name, schema, example in rows:
        assert name in schema
        assert name in example
        assert (PARTNERS / schema).exists()
        assert (PARTNERS / example).exists()


def test_the_pages_have_words_for_every_type_and_for_those_that_old_subscriptions_name() -> None:
    assert WEBHOOK_TYPES.keys() == PUBLIC_FACTS.keys() | {TEST_TYPE, "membership.local_government_registered"}


SERVED = PARTNERS.parents[1] / "services" / "portal" / "polity_portal" / "static" / "partners"


@pytest.mark.parametrize(
    ("written", "served"),
    [
        ("README.md", "webhooks.md"),
        ("examples.md", "examples.md"),
        ("receive.py", "receive.py.txt"),
        ("receive.mjs", "receive.mjs.txt"),
    ],
)
def test_the_pages_serve_what_is_documented(written: str, served: str) -> None:
    told = f"copy docs/partners/{written} to the portal's static/partners/{served}"
    assert (SERVED / served).read_text("utf-8") == (PARTNERS / written).read_text("utf-8"), told
