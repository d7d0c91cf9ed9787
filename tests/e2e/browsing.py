"""A person at a browser who has no mouse, and an eye on every page they come to.

`Person` moves by Tab and answers by Enter, Space and the arrows; each stop must show its focus. `look` lets axe-core
read the page in light and dark, and refuses what runs over the edge, a wrong `lang` or `dir`, and a control that only
a mouse reaches.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, ElementHandle, Locator, Page, expect
from polity_portal.i18n.languages import LANGUAGES

HEIGHT = 900
EVERY_READER = [(language, width) for language in ("en", "es", "ar") for width in (1280, 390)]
READERS = EVERY_READER if os.environ.get("POLITY_EVERY_READER") else [("en", 1280), ("es", 390), ("ar", 390)]
"""Languages and widths in which every page is seen and every journey is made; all of them by ./dev journeys --all."""
TABS_AT_MOST = 700
"""More stops than any of our pages has."""
TABS_AT_ONCE = 10
"""More than a date has stops inside itself, so that a walk which finds nothing new in as many is over."""

RULES = {"rules": {"target-size": {"enabled": True}}, "resultTypes": ["violations"]}
"""Everything axe-core knows that is no experiment, and the one rule of WCAG 2.2 that it leaves out by default."""

MARKED = """
  // A date has stops inside itself, where the browser's own buttons have the focus.
  const marked = e => {
    const style = getComputedStyle(e), outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1;
    return e.matches(':focus-visible, input[type=date]:focus-within') && (outlined || style.boxShadow !== 'none');
  };
"""

WATCH = (
    """([target]) => {"""
    + MARKED
    + """
  window.watching?.abort();
  window.watching = new AbortController();
  const options = {capture: true, signal: window.watching.signal};
  const stops = window.stops = new Set(), unmarked = window.unmarked = new Set(), unseen = window.unseen = new Set();
  const stop = here => {
    stops.add(here);
    here.scrollIntoView({block: 'nearest', inline: 'nearest'});
    const box = here.getBoundingClientRect();
    if (!marked(here)) unmarked.add(here);
    if (box.width <= 1 || box.height <= 1 || box.right <= 0 || box.left >= innerWidth
      || box.bottom <= 0 || box.top >= innerHeight) unseen.add(here);
  };
  addEventListener('focusin', e => stop(e.target), options);
  if (!target) return document.activeElement?.blur();
  // Who holds the key lets go of it there.
  addEventListener('keydown', e => {
    if (e.key === 'Tab' && document.activeElement === target) e.preventDefault();
  }, options);
  if (document.activeElement === target) stop(target);
}"""
)

SEEN = """([target]) => {
  const told = e => e.outerHTML.slice(0, 160);
  return {
    stops: stops.size, there: document.activeElement === target,
    unmarked: [...unmarked].map(told), unseen: [...unseen].map(told),
  };
}"""

MISSED = """() => {
  const stops = [...window.stops], shown = e => e.checkVisibility({visibilityProperty: true})
    && e.getBoundingClientRect().width > 0;
  const told = e => e.outerHTML.slice(0, 160);
  const controls = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
  const grouped = e => e.type === 'radio' && stops.some(s => s.type === 'radio' && s.name === e.name);
  const unreached = [...document.querySelectorAll(controls)].filter(
    e => shown(e) && !e.disabled && !stops.includes(e) && !grouped(e));
  const clickable = [...document.querySelectorAll('body *')].filter(
    e => shown(e) && (e.onclick || getComputedStyle(e).cursor === 'pointer')
      && !e.closest(controls + ', label, option') && !e.disabled);
  const disguised = [...document.querySelectorAll('a[href][role=button]')];
  axe.setup(document);
  const nameless = stops.filter(e => document.contains(e) && !axe.commons.text.accessibleText(e).trim());
  axe.teardown();
  return {
    unreached: unreached.map(told), 'the focus does not show': [...unmarked].map(told),
    'the focus is out of sight': [...unseen].map(told),
    mouse_only: clickable.map(told), 'deaf to the space bar': disguised.map(told), nameless: nameless.map(told),
  };
}"""

OVER_THE_EDGE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll('body *')]
    .filter(e => { const box = e.getBoundingClientRect(); return box.right > width + 1 || box.left < -1; })
    .filter(e => !e.closest('.scroll, .skip')).map(e => e.outerHTML.slice(0, 160)).slice(0, 5)
    .concat([`${document.documentElement.scrollWidth} px wide`]);
}"""


OUT_OF_LINE = """() => [...document.querySelectorAll('table')].flatMap(table => {
  const heads = [...table.tHead?.rows[0]?.cells ?? []], cells = [...table.tBodies[0]?.rows[0]?.cells ?? []];
  // Where each row is a block of its own the heads are hidden, and each cell says its own.
  if (heads.length !== cells.length || heads.some(e => e.getBoundingClientRect().width <= 1)) return [];
  return heads.filter((e, n) => Math.abs(e.getBoundingClientRect().left - cells[n].getBoundingClientRect().left) > 1)
    .filter(e => getComputedStyle(e.parentElement.parentElement).position !== 'absolute')
    .map(e => e.outerHTML.slice(0, 160));
})"""


@cache
def axe() -> str:
    """The text of axe-core as its pinned package carries it."""
    return (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


def told(violations: list[dict[str, Any]]) -> list[str]:
    """Axe's violations, one line for each element."""
    return [
        f"{v['id']}: {node['html'][:160]} at {node['target']}: {' '.join(node['failureSummary'].split())}"
        for v in violations
        for node in v["nodes"]
    ]


@dataclass
class Person:
    """Somebody with a keyboard who reads one language on a window of one width."""

    context: BrowserContext
    page: Page
    language: str
    width: int
    complaints: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def say(self, message: str, **values: str) -> str:
        """The page's words for an English message of the catalogues."""
        spoken = LANGUAGES[self.language].say(message)
        return spoken % values if values else spoken

    def number(self, value: int) -> str:
        """The page's digits."""
        return LANGUAGES[self.language].number(value)

    async def open(self, address: str) -> None:
        """Goes to an address, as from a mail or the address bar."""
        await self.page.goto(address)

    def control(self, role: Any, name: str | re.Pattern[str], within: Locator | None = None) -> Locator:
        exact = isinstance(name, str)
        return (within or self.page).get_by_role(role, name=name, exact=exact)

    async def reach(self, target: Locator) -> Locator:
        """Tabs on until the target has the focus; every stop on the way must show that it has it."""
        await expect(target).to_have_count(1)
        handle = await target.element_handle()
        await self.page.evaluate(WATCH, [handle])
        seen = await self.page.evaluate(SEEN, [handle])
        for _ in range(TABS_AT_MOST // TABS_AT_ONCE):
            assert not seen["unmarked"], f"the focus does not show on {seen['unmarked'][0]}"
            assert not seen["unseen"], f"the focus is out of sight on {seen['unseen'][0]}"
            if seen["there"]:
                await expect(target).to_have_accessible_name(re.compile(r"\S"))
                return target
            seen = await self._tabs(handle)
        raise AssertionError(f"the keyboard does not reach {target}")

    async def _tabs(self, target: ElementHandle | None = None) -> dict[str, Any]:
        """Holds the Tab key for some stops, up to the target; returns what was seen of all since the watch began."""
        keyboard = self.page.keyboard
        await asyncio.gather(*[keyboard.down("Tab") for _ in range(TABS_AT_ONCE)])
        await keyboard.up("Tab")
        seen: dict[str, Any] = await self.page.evaluate(SEEN, [target])
        return seen

    async def press(self, role: Any, name: str | re.Pattern[str], within: Locator | None = None) -> None:
        """Reaches a link or a button by its name and follows it."""
        await self.reach(self.control(role, name, within))
        await self.page.keyboard.press("Enter")

    async def go(self, role: Any, name: str | re.Pattern[str], within: Locator | None = None) -> None:
        """The same where another page answers: returns once that page is there and has told what a form came to."""
        await self.follow(self.control(role, name, within))

    async def follow(self, target: Locator) -> None:
        """Reaches what leads to another page and goes there."""
        await self.reach(target)
        sent = await target.evaluate("e => e.form?.method === 'post'")
        before = await self.page.title()
        async with self.page.expect_navigation():
            await self.page.keyboard.press("Enter")
        if sent and await self.page.title() == before:
            # A reader of screens says a page's title and what has the focus, and of the rest nothing by itself.
            await expect(self.page.locator("main :focus")).to_have_accessible_name(re.compile(r"\S"))

    async def write(self, label: str | re.Pattern[str], text: str, within: Locator | None = None) -> None:
        """Types into the field with this label, over what stands there."""
        await self.reach(self.control("textbox", label, within))
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.type(text)

    async def pick(self, label: str | re.Pattern[str], place: int, within: Locator | None = None) -> None:
        """Moves down to the option at this place (0 is the first) of the list with this label."""
        listed = await self.reach(self.control("combobox", label, within))
        await self.page.keyboard.press("Home")
        for _ in range(place):
            await self.page.keyboard.press("ArrowDown")
        assert await listed.evaluate("e => e.selectedIndex") == place

    async def tick(self, label: str | re.Pattern[str], within: Locator | None = None) -> None:
        box = await self.reach(self.control("checkbox", label, within))
        await self.page.keyboard.press("Space")
        await expect(box).to_be_checked()

    async def attach(self, field_id: str, file: Any) -> None:
        """Opens the file field by the space bar and chooses a file."""
        await self.page.wait_for_load_state("load")
        await self.reach(self.page.locator(field_id))
        async with self.page.expect_file_chooser() as chooser:
            await self.page.keyboard.press("Space")
        await (await chooser.value).set_files(file)

    async def look(self, *, walk: bool = False, but_for: str | None = None) -> None:
        """Judges the page as it stands, but for the part with that selector.

        `walk` goes through all its stops too, and loses the focus by it.
        """
        page, address = self.page, self.page.url
        self.seen.append(address)
        html = page.locator("html")
        await expect(html).to_have_attribute("lang", self.language)
        await expect(html).to_have_attribute("dir", LANGUAGES[self.language].direction)
        found = [f"over the edge: {line}" for line in await page.evaluate(OVER_THE_EDGE)]
        found += [f"heads out of line: {line}" for line in await page.evaluate(OUT_OF_LINE)]
        found += await self._violations(but_for)
        if walk:
            found += [f"{fault}: {line}" for fault, lines in (await self._walk()).items() for line in lines]
        assert not found, f"{address} in {self.language} at {self.width} px:\n" + "\n".join(found[:20])

    async def _violations(self, but_for: str | None) -> list[str]:
        found, part = [], {"include": "html", "exclude": but_for or []}
        for scheme, rules in (("light", RULES), ("dark", {"runOnly": ["color-contrast"]})):
            if scheme == "dark":
                await self.page.emulate_media(color_scheme="dark")
            result = await self.page.evaluate("([part, rules]) => axe.run(part, rules)", [part, rules])
            found += [f"{scheme} {line}" for line in told(result["violations"])]
        await self.page.emulate_media(color_scheme="light")
        return found

    async def _walk(self) -> dict[str, list[str]]:
        """Tabs once through the page; returns what was not reached, what only a mouse reaches, and what has no name."""
        await self.page.evaluate(WATCH, [None])
        stops = -1
        for _ in range(TABS_AT_MOST // TABS_AT_ONCE):
            seen = await self._tabs()
            if seen["stops"] == stops:
                break
            stops = seen["stops"]
        missed: dict[str, list[str]] = await self.page.evaluate(MISSED)
        return missed


@asynccontextmanager
async def person(browser: Browser, language: str, width: int, **options: Any) -> AsyncIterator[Person]:
    """Yields somebody in a browser of their own; what their browser complained about meanwhile fails at the end."""
    context = await browser.new_context(
        viewport={"width": width, "height": HEIGHT}, locale=language, reduced_motion="reduce", **options
    )
    await context.add_init_script(axe())
    page = await context.new_page()
    page.set_default_timeout(20_000)
    someone = Person(context, page, language, width)

    def note(message: ConsoleMessage) -> None:
        refused = re.search(r"status of (409|412|422)\b", message.text)
        if message.type in ("error", "warning") and not refused:
            someone.complaints.append(f"{page.url}: {message.text}")

    # Somebody always listens: a chooser that opens while nobody does is the browser's own, and no second one opens.
    page.on("filechooser", lambda _: None)
    page.on("console", note)
    page.on("pageerror", lambda fault: someone.complaints.append(f"{page.url}: {fault}"))
    try:
        yield someone
        assert not someone.complaints, "\n".join(someone.complaints)
    finally:
        await context.close()
