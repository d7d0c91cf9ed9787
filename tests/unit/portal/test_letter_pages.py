"""The letter that is printed and signed, and how its photo is sent without scripts."""

import re
from typing import Any

import httpx
import pytest
from polity_portal.web.rendering import ASSETS

TOKEN = "k1.AZmgAAAAcACAAAAAAAAAAw.1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
PAGE = f"/en/answer/{TOKEN}"
LETTER = f"{PAGE}/letter"
PROOFS = "/v1/answer/proofs"
JPEG = b"\xff\xd8\xff" + bytes(499_997)
SAVED = {
    "revision": 2,
    "saved_at": "2026-07-19T22:15:00Z",
    "signatory_name": "Ana Example",
    "signatory_office": None,
    "signed_on": "2026-07-18",
    "themes": ["water"],
}


@pytest.fixture(autouse=True)
def _uploads(canned: Any) -> None:
    canned.answers[f"POST {PROOFS}"] = httpx.Response(201, headers={"Location": f"{PROOFS}/one"})
    canned.answers[f"PATCH {PROOFS}/one"] = httpx.Response(204)


def upload(content: bytes, name: str = "letter.jpg") -> dict[str, Any]:
    return {"files": {"file": (name, content, "image/jpeg")}}


async def test_the_letter_says_who_pledges_what_to_whom_and_where_it_goes(visitor: httpx.AsyncClient) -> None:
    text = (await visitor.get(LETTER)).text.split("<article")[1].split("</article>")[0]
    for part in (
        "Committee on Human Rights", "Gwangju, South Korea", "10, 100, 1000 Human Rights Cities", "We pledge.",
        "Signature and stamp", "15 September 2026, 23:59 (Madrid, UTC+02:00)", "To choose from:", "Digital rights",
    ):  # fmt: skip
        assert part in text
    assert 'dir="auto"' in text


async def test_the_letter_is_in_the_languages_of_the_pages(visitor: httpx.AsyncClient) -> None:
    text = (await visitor.get(f"/ar/answer/{TOKEN}/letter")).text
    assert '<html lang="ar" dir="rtl">' in text
    assert "التوقيع والختم" in text
    assert "Nos comprometemos." in (await visitor.get(f"/es/answer/{TOKEN}/letter")).text


async def test_the_letter_is_filled_in_with_what_was_saved_and_saves_what_is_filled_in(
    visitor: httpx.AsyncClient, canned: Any
) -> None:
    canned.answers["GET /v1/answer/draft"] = SAVED
    text = (await visitor.get(LETTER)).text
    assert re.search(r'name="signatory_name"[^>]*value="Ana Example"', text)
    assert re.findall(r'<option value="(\w+)"[^>]* selected>', text) == ["water"]
    typed = {"page": "letter", "signatory_name": "Ana", "revision": "2"}
    answered = await visitor.post(f"{PAGE}/draft", data=typed)
    assert answered.headers["location"] == f"{LETTER}#saved"


async def test_a_letter_that_nobody_filled_in_leaves_its_date_to_the_pen(
    visitor: httpx.AsyncClient, canned: Any, answer: Any
) -> None:
    canned.answers["GET /v1/answer"] = answer("interested")
    date = r'id="signed_on"[^>]*value="([^"]*)"'
    assert re.findall(date, (await visitor.get(LETTER)).text) == [""]
    assert re.findall(date, (await visitor.get(PAGE)).text) == ["2026-07-20"]
    canned.answers["GET /v1/answer/draft"] = SAVED
    assert re.findall(date, (await visitor.get(LETTER)).text) == ["2026-07-18"]


async def test_two_who_fill_in_one_letter_choose_on_the_letter(
    visitor: httpx.AsyncClient, canned: Any, problem: Any
) -> None:
    canned.answers |= {"PUT /v1/answer/draft": problem(412, "stale_version"), "GET /v1/answer/draft": SAVED}
    page = await visitor.post(f"{PAGE}/draft", data={"page": "letter", "signatory_name": "Bea", "revision": "1"})
    assert page.status_code == 409
    assert 'class="letter"' in page.text
    assert "Take what was saved" in page.text


async def test_a_photo_is_passed_on_in_pieces_with_the_link(visitor: httpx.AsyncClient, canned: Any) -> None:
    answered = await visitor.post(LETTER, **upload(JPEG))
    assert (answered.status_code, answered.headers["location"]) == (303, f"{LETTER}#sent")
    begun, *pieces = [request for request in canned.asked if request.method in ("POST", "PATCH")]
    assert (begun.url.path, begun.headers["upload-length"]) == (PROOFS, "500000")
    assert [piece.headers["upload-offset"] for piece in pieces] == ["0", "200000", "400000"]
    assert b"".join(piece.content for piece in pieces) == JPEG
    assert {request.headers["authorization"] for request in (begun, *pieces)} == {f"Link {TOKEN}"}
    assert {request.headers["tus-resumable"] for request in (begun, *pieces)} == {"1.0.0"}
    # Its name may say whose it is.
    assert not any("letter.jpg" in str(request.headers) for request in canned.asked)


@pytest.mark.parametrize(
    ("content", "refusal", "words"),
    [
        (b"", None, "Please fill this in."),
        (bytes(10_000_001), None, "The file is too large."),
        (b"GIF89a", "proof_type_refused", "Said about proof_type_refused"),
        (JPEG, "too_many_proofs", "Said about too_many_proofs"),
    ],
)
async def test_what_is_wrong_with_a_file_is_said_at_its_field(
    visitor: httpx.AsyncClient, canned: Any, problem: Any, content: bytes, refusal: str | None, words: str
) -> None:
    if refusal:
        canned.answers[f"PATCH {PROOFS}/one"] = problem(415, refusal)
    page = await visitor.post(LETTER, **upload(content))
    assert page.status_code == 422
    assert re.search(rf'id="file-fault">{re.escape(words)}', page.text)
    assert bool(canned.bodies("POST", PROOFS)) == bool(refusal)


async def test_a_letter_that_arrived_is_acknowledged_on_both_pages(
    visitor: httpx.AsyncClient, canned: Any, answer: Any
) -> None:
    canned.answers["GET /v1/answer"] = answer(letter_received_at="2026-07-19T22:15:00Z")
    assert "Your letter arrived: 20 July 2026, 07:15 (Seoul" in (await visitor.get(LETTER)).text
    assert "Your signed letter has arrived." in (await visitor.get(PAGE)).text


async def test_after_the_pledge_there_is_no_letter_to_sign(
    visitor: httpx.AsyncClient, canned: Any, answer: Any
) -> None:
    canned.answers["GET /v1/answer"] = answer("committed")
    assert "Thank you, Gwangju" in (await visitor.get(LETTER)).text


async def test_the_letters_script_is_small(visitor: httpx.AsyncClient) -> None:
    assert f'<script src="{ASSETS["answers/letter.js"].address}" defer></script>' in (await visitor.get(LETTER)).text
    assert len(ASSETS["answers/letter.js"].content) <= 5000
    assert b"localStorage" not in ASSETS["answers/letter.js"].content
