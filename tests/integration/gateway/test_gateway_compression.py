"""What is sent compressed, for poor lines, and what never is."""

from typing import Any

import pytest

LONG = {"X-Long": "x" * 2000}
"""The services here answer with what reached them."""


@pytest.mark.parametrize(
    "path",
    [
        "/", "/en/campaigns/x", "/ar/answer/x", "/ar/answer/x/letter", "/static/0/polity.css", "/openapi.json",
        "/v1/networks", "/v1/networks/x/members", "/v1/campaigns/x", "/v1/progress/x", "/v1/progress/x.csv",
        "/v1/progress/x/commitments", "/v1/progress/x/commitments.csv", "/v1/progress/x/commitments.geojson",
        "/v1/webhook-types",
    ],
)  # fmt: skip
def test_open_pages_their_files_and_public_data_are_compressed_for_who_takes_it(gateway: Any, path: str) -> None:
    plain = gateway.ask(path, headers=LONG).headers
    compressed = gateway.ask(path, headers={**LONG, "Accept-Encoding": "gzip"}).headers
    assert "content-encoding" not in plain
    assert (compressed["content-encoding"], compressed["vary"]) == ("gzip", "Accept-Encoding")
    assert compressed["etag"] == plain["etag"]


@pytest.mark.parametrize(
    "path",
    ["/en/office", "/en/office/campaigns/x", "/en/mandate/x", "/v1/answer", "/v1/me", "/v1/progress/x/answers"],
)
def test_nothing_that_holds_a_secret_or_takes_a_token_is_compressed(gateway: Any, realm: Any, path: str) -> None:
    answer = gateway.ask(path, headers={**LONG, "Accept-Encoding": "gzip"}, token=realm.token())
    assert (answer.status, "content-encoding" in answer.headers) == (200, False)
