"""What the API answers to everybody alike is asked for again by its ETag; what is for one caller is never kept."""

from typing import Any

import httpx
import pytest
from polity_portal.client.api import Api, link
from polity_portal.client.http_cache import HttpCache


class Versioned:
    """An API that has one version of everything, and says so."""

    def __init__(self) -> None:
        self.version = 1
        self.text = "x" * 1000
        self.headers: dict[str, str] = {}
        self.statuses: list[int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        etag = f'W/"{self.version}"'
        if request.headers.get("If-None-Match") == etag:
            self.statuses.append(304)
            return httpx.Response(304, headers={"ETag": etag})
        self.statuses.append(200)
        body = {"version": self.version, "for": request.headers.get("Authorization"), "text": self.text}
        return httpx.Response(200, json=body, headers={"ETag": etag, **self.headers})


@pytest.fixture
def served() -> Versioned:
    return Versioned()


def api_of(served: Versioned, **bounds: int) -> Api:
    client = httpx.AsyncClient(transport=httpx.MockTransport(served), base_url="http://api.test")
    return Api(client, cache=HttpCache(**bounds))


async def versions(api: Api, *paths: str, **more: Any) -> list[int]:
    return [(await api.get(path, **more))["version"] for path in paths]


async def test_what_has_not_changed_is_not_sent_again_in_any_language(served: Versioned) -> None:
    api = api_of(served)
    assert await versions(api, "/a", "/a") == [1, 1]
    assert await versions(api.in_language("ko"), "/a") == [1]
    assert served.statuses == [200, 304, 304]


async def test_what_has_changed_is_shown_at_once(served: Versioned) -> None:
    api = api_of(served)
    await versions(api, "/a")
    served.version = 2
    assert await versions(api, "/a", "/a") == [2, 2]
    assert served.statuses == [200, 200, 304]


async def test_other_parameters_are_another_answer(served: Versioned) -> None:
    api = api_of(served)
    await api.get("/a", q="Gwangju")
    await api.get("/a", q="Rosario")
    assert served.statuses == [200, 200]


async def test_an_answer_to_a_session_or_a_link_is_never_kept_nor_given_to_anyone(served: Versioned) -> None:
    api = api_of(served)
    for credentials in (link("one"), link("two"), None):
        assert (await api.get("/a", credentials=credentials))["for"] == credentials
    assert (await api.get("/a", credentials=link("one")))["for"] == link("one")
    assert served.statuses == [200] * 4


@pytest.mark.parametrize("header", [("Cache-Control", "no-store"), ("Vary", "Accept-Language")])
async def test_what_is_not_for_everybody_is_not_kept(served: Versioned, header: tuple[str, str]) -> None:
    served.headers = dict([header])
    await versions(api_of(served), "/a", "/a")
    assert served.statuses == [200, 200]


async def test_what_was_asked_for_longest_ago_makes_room(served: Versioned) -> None:
    api = api_of(served, most_bytes=2500)  # two answers
    await versions(api, "/a", "/b", "/a", "/c")
    served.statuses.clear()
    await versions(api, "/a", "/c", "/b")
    assert served.statuses == [304, 304, 200]


async def test_addresses_take_room_too_for_visitors_choose_them(served: Versioned) -> None:
    api = api_of(served, most_bytes=2500)
    await versions(api, "/a")
    await api.get("/b", q="x" * 1000)
    served.statuses.clear()
    await versions(api, "/a")
    assert served.statuses == [200]


async def test_what_is_larger_than_all_that_may_be_kept_makes_no_room_for_itself(served: Versioned) -> None:
    api = api_of(served, most_bytes=1100)
    await versions(api, "/a")
    served.text *= 2
    await versions(api, "/b", "/b", "/a")
    assert served.statuses == [200, 200, 200, 304]
