"""What ./dev up says first fits what it loaded."""

from pathlib import Path

import pytest
from polity_local.commands.table import LOADED, addresses
from polity_local.running.instance import Instance
from polity_local.running.ports import Ports


@pytest.mark.parametrize(("dates", "tour"), [("present", True), ("", True), ("letter", False), (None, True)])
def test_the_tour_is_named_where_there_is_one(tmp_path: Path, dates: str | None, tour: bool) -> None:
    if dates is not None:
        (tmp_path / LOADED).write_text(dates)
    said = addresses(Instance(tmp_path, Ports()))
    assert "client partner-demo, secret " in said
    assert ("follow the tour" in said) is tour
    assert ("there is no tour" in said) is not tour
