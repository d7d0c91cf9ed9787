"""What is sent compressed, for poor lines, and what never is."""

from typing import Any

import pytest

LONG = {"X-Long": "x" * 2000}
"""The services here answer with what reached them."""


@pytest.mark.parametrize(
    "path", ["/", "/en/campaigns/x", "/ar/answer/x", "/ar/answer/x/letter", "/static/0/polity.css", "/openapi.json"]
)
def test_open_pages_and_their_files_are_compressed_for_who_takes_it(gateway: Any, path: str) -> None:
    plain = gateway.ask(path, headers=LONG).headers
    compressed = gateway.ask(path, headers={**LONG, "Accept-Encoding": "gzip"}).headers
    assert "content-encoding" not in plain
    assert (compressed["content-encoding"], compressed["vary"]) == ("gzip", "Accept-Encoding")


@pytest.mark.parametrize(
    "path", ["/en/office", "/en/office/campaigns/x", "/en/mandate/x", "/v1/networks", "/v1/answer"]
)
def test_nothing_that_holds_a_sessions_secret_is_compressed_nor_the_api(gateway: Any, path: str) -> None:
    answer = gateway.ask(path, headers={**LONG, "Accept-Encoding": "gzip"})
    assert (answer.status, "content-encoding" in answer.headers) == (200, False)
