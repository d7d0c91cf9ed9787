"""Which rows the relay reads next, so that a late commit is neither lost nor read twice.

A transaction takes its numbers before it commits, so a number below the highest one seen may appear later. It is kept
as missing until every transaction that ran when it was first missed has ended: `xmin` is that of the reading
statement's own snapshot, and `next_xid` the lowest id that no transaction had when it ran. The outbox's trigger makes a
transaction take its id before it takes a number.
"""

from collections.abc import Sequence

MOST_LISTED = 10_000
"""More in_flight than this are not listed one by one: reading goes back to the lowest of them."""


class InFlightRows:
    """The cursor and the rows still in flight below it.

    `last_taken` is read before `next_xid`: a transaction that took a number up to it has a lower id.
    """

    def __init__(self, *, last_taken: int, next_xid: int) -> None:
        self._from = 0
        self._go_back(0, last_taken, next_xid)

    def _go_back(self, start: int, last_taken: int, next_xid: int) -> None:
        self._from = start
        self._final_to = last_taken
        self._unsettled_until: int | None = next_xid
        self._missing: dict[int, int] = {}

    @property
    def cursor(self) -> int:
        """Returns the number above which everything is to be read."""
        return self._from

    @property
    def missing(self) -> list[int]:
        """Returns the numbers up to the cursor that may still appear, ascending."""
        return list(self._missing)

    @property
    def settled(self) -> bool:
        """Returns whether the cursor advances: while it does not, what was read must be deleted before reading on."""
        return self._unsettled_until is None

    def observe(self, numbers: Sequence[int], *, xmin: int, next_xid: int, cut: bool) -> None:
        """Updates the cursor by what one statement read, ascending; `cut` if a limit may have left out later rows."""
        if self._unsettled_until is not None:
            if xmin < self._unsettled_until:
                return
            self._unsettled_until = None
        last = numbers[-1] if numbers else 0
        first = max(self._from, self._final_to) + 1
        seen = set(numbers)
        if last - first - len(seen) + len(self._missing) > MOST_LISTED:
            self._go_back(min(self._missing, default=first) - 1, max(self._from, last), next_xid)
            return
        self._missing |= dict.fromkeys(range(first, last), next_xid)
        self._missing = {
            number: noted
            for number, noted in self._missing.items()
            if number not in seen and (xmin < noted or (cut and number > last))
        }
        self._from = max(self._from, last, 0 if cut else self._final_to)
