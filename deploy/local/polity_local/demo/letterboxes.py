"""The mail catchers' pages of received mails, read as a program: sendria's of ./dev up, Mailpit's of the containers."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpx

from polity_local.demo.cities import ANSWER_LINK

AT_ONCE = 20
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.3
A_PAGE = 200


class Letterbox:
    """What sendria has received."""

    def __init__(self, catcher: httpx.AsyncClient) -> None:
        self.catcher = catcher
        self._read: dict[str, tuple[str, str]] = {}
        """By the mail's id: whom it is for, and the token of its link, empty without one."""

    async def links(self, addresses: Iterable[str]) -> dict[str, str]:
        """Returns the token in the invitation to each address, once all are there; raises TimeoutError."""
        wanted = set(addresses)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            await self._look()
            found = {address: token for address, token in self._read.values() if token}
            if wanted <= found.keys():
                return found
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(wanted - found.keys())} invitations did not reach {self.catcher.base_url}")
            await asyncio.sleep(POLL_SECONDS)

    async def _look(self) -> None:
        new = [mail async for mail in self._mails() if mail[0] not in self._read]
        gate = asyncio.Semaphore(AT_ONCE)

        async def read(number: str, recipient: str) -> None:
            async with gate:
                link = ANSWER_LINK.search(await self._text(number))
            self._read[number] = (recipient, link.group(1) if link else "")

        async with asyncio.TaskGroup() as group:
            for mail in new:
                group.create_task(read(*mail))

    async def _mails(self) -> AsyncIterator[tuple[str, str]]:
        """Yields the id and the recipient of each mail."""
        number = pages = 1
        while number <= pages:
            page = await self._page("/api/messages/", page=number)
            for mail in page["data"]:
                envelope = mail["recipients_envelope"]
                yield str(mail["id"]), str((json.loads(envelope) if isinstance(envelope, str) else envelope)[0])
            number, pages = number + 1, page["meta"]["pages_total"]

    async def _text(self, number: str) -> str:
        return (await self.catcher.get(f"/api/messages/{number}.plain")).raise_for_status().text

    async def _page(self, path: str, **parameters: int) -> Any:
        return (await self.catcher.get(path, params=parameters)).raise_for_status().json()


class Mailpit(Letterbox):
    """What Mailpit has received."""

    async def _mails(self) -> AsyncIterator[tuple[str, str]]:
        start, found = 0, A_PAGE
        while found == A_PAGE:
            mails = (await self._page("/api/v1/messages", start=start, limit=A_PAGE))["messages"]
            for mail in mails:
                yield str(mail["ID"]), str(mail["To"][0]["Address"])
            start, found = start + A_PAGE, len(mails)

    async def _text(self, number: str) -> str:
        return str((await self._page(f"/api/v1/message/{number}"))["Text"])
