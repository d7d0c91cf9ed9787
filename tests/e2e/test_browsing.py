"""The journeys' eye sees what it is there for: each fault planted on a page is found."""

import pytest
from browsing import Person, person
from playwright.async_api import Browser, Route

pytestmark = pytest.mark.browser

GOOD = (
    "<!doctype html><html lang=en dir=ltr><title>A page</title><meta name=viewport content='width=device-width'>"
    "<style>{style}</style><main><h1>A page</h1><a href='#a' style='font-size:2rem'>A link</a> {planted}</main>"
)


async def shown(someone: Person, planted: str, style: str = "") -> None:
    await someone.page.set_content(GOOD.format(planted=planted, style=style))


@pytest.mark.parametrize(
    ("planted", "style", "words"),
    [
        ("<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw=' width=20 height=20>", "", "image-alt"),
        ("<p style='color:#aaa'>Faint words</p>", "", "light color-contrast"),
        (
            "<p class=d>Words</p>",
            "@media (prefers-color-scheme: dark) {.d {color: #ddd; background: #fff}}",
            "dark color-contrast",
        ),
        ("<div onclick='1' style='cursor:pointer'>Press me</div>", "", "mouse_only"),
        ("<button tabindex=-1 style='font-size:2rem'>Press me</button>", "", "unreached"),
        ("<a href='#b' role=button style='font-size:2rem'>Go on</a>", "", "deaf to the space bar"),
        ("<div tabindex=0 role=group>Words</div>", "", "nameless"),
        (
            "<table><thead><tr><th>City</th><th>Day</th></tr></thead><tbody><tr><td>A</td><td>B</td></tr></tbody></table>",
            "table {display: grid} thead, tbody {display: block} td {padding-inline: 2rem}",
            "heads out of line",
        ),
        ("<div style='inline-size:500px'>Words</div>", "", "500 px wide|over the edge"),
    ],
    ids=[
        "image",
        "faint",
        "faint in the dark",
        "mouse only",
        "left out",
        "disguised",
        "nameless",
        "out of line",
        "too wide",
    ],
)
async def test_a_planted_fault_is_found(chromium: Browser, planted: str, style: str, words: str) -> None:
    async with person(chromium, "en", 390) as someone:
        await shown(someone, "<p>Nothing wrong</p>")
        await someone.look(walk=True)
        await shown(someone, planted, style)
        with pytest.raises(AssertionError, match=words):
            await someone.look(walk=True)


async def test_a_focus_that_does_not_show_is_found(chromium: Browser) -> None:
    async with person(chromium, "en", 390) as someone:
        await shown(someone, "<button>Go on</button>")
        await someone.reach(someone.control("button", "Go on"))
        await shown(someone, "<button>Go on</button>", "button:focus {outline: none}")
        with pytest.raises(AssertionError, match="focus does not show"):
            await someone.reach(someone.control("button", "Go on"))


async def test_a_form_that_says_nothing_is_found(chromium: Browser) -> None:
    """What is there when a page opens is not announced, live region or not; what has the focus is."""
    answer = ["<p role=status>Saved</p>"]
    async with person(chromium, "en", 390) as someone:

        async def show(route: Route) -> None:
            form = "<form method=post><button style='font-size:2rem'>Save</button></form>"
            html = GOOD.format(planted=answer[0] + form, style="")
            await route.fulfill(content_type="text/html", body=html)

        await someone.page.route("http://page.example/", show)
        await someone.open("http://page.example/")
        with pytest.raises(AssertionError, match="main :focus"):
            await someone.go("button", "Save")
        answer[0] = "<p role=status id=told aria-labelledby=told tabindex=-1 autofocus>Saved</p>"
        await someone.go("button", "Save")


async def test_what_the_keyboard_does_not_reach_is_said(chromium: Browser) -> None:
    async with person(chromium, "en", 390) as someone:
        await shown(someone, "<button tabindex=-1>Go on</button>")
        with pytest.raises(AssertionError, match="keyboard does not reach"):
            await someone.reach(someone.control("button", "Go on"))


async def test_a_complaint_of_the_browser_is_heard(chromium: Browser) -> None:
    async def complain() -> None:
        async with person(chromium, "en", 390) as someone:
            await shown(someone, "")
            await someone.page.evaluate("console.error('broken on purpose')")

    with pytest.raises(AssertionError, match="broken on purpose"):
        await complain()
