"""What the relay reads next, against a model of PostgreSQL's numbers, transactions and snapshots."""

from dataclasses import dataclass, field

import polity_chassis.messaging.publishing.in_flight_rows as in_flight_module
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polity_chassis.messaging.publishing.in_flight_rows import InFlightRows


@dataclass
class Model:
    """Transactions by id; `rows` are the committed ones, by number, with the key that their transaction locked."""

    next_xid: int = 100
    last_ended: int = 99
    next_number: int = 1
    running: dict[int, list[int]] = field(default_factory=dict)
    key_of: dict[int, int] = field(default_factory=dict)
    rows: dict[int, int] = field(default_factory=dict)

    def write(self, key: int) -> None:
        """One more fact of the key, in the transaction that holds its lock or in a new one."""
        xid = next((xid for xid in self.running if self.key_of[xid] == key), self.next_xid)
        if xid == self.next_xid:
            self.key_of[xid] = key
            self.next_xid += 1
        self.running.setdefault(xid, []).append(self.next_number)
        self.next_number += 1

    def end(self, which: int, commit: bool) -> None:
        if self.running:
            xid = sorted(self.running)[which % len(self.running)]
            numbers = self.running.pop(xid)
            self.last_ended = max(self.last_ended, xid)
            if commit:
                self.rows |= dict.fromkeys(numbers, self.key_of[xid])

    @property
    def xmin(self) -> int:
        """As PostgreSQL has it: who began after the last that ended is in no snapshot, so xmin may be their own id."""
        return min(self.running, default=self.last_ended + 1)


class Reader:
    """Reads as a turn does: what it read is sent, and deleted before the next read unless the cursor advances."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.in_flight = InFlightRows(last_taken=model.next_number - 1, next_xid=model.next_xid)
        self.sent: list[int] = []
        self.undeleted: list[int] = []

    def read(self, limit: int = 3) -> None:
        rows, in_flight = self.model.rows, self.in_flight
        wanted = sorted(number for number in rows if number > in_flight.cursor or number in set(in_flight.missing))
        numbers = wanted[:limit]
        in_flight.observe(numbers, xmin=self.model.xmin, next_xid=self.model.next_xid, cut=len(wanted) > len(numbers))
        self.sent += numbers
        for number in self.undeleted:
            rows.pop(number, None)
        self.undeleted = numbers
        if not in_flight.settled:
            self.delete()

    def delete(self) -> None:
        for number in self.undeleted:
            self.model.rows.pop(number, None)
        self.undeleted = []


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["write", "write", "write", "commit", "commit", "rollback", "read", "read", "restart"]),
        st.integers(1, 4),
    ),
    min_size=20,
    max_size=80,
)


@pytest.mark.parametrize("many", [2, 10_000])
@settings(max_examples=500, deadline=None)
@given(steps=STEPS)
def test_every_committed_row_is_sent_in_the_order_of_its_key(steps: list[tuple[str, int]], many: int) -> None:
    model, committed = Model(), {}
    reader = Reader(model)
    sent: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_flight_module, "MOST_LISTED", many)
        for step, value in [*steps, *[("commit", 0)] * 5, *[("read", 3)] * 60]:
            match step:
                case "write":
                    model.write(value)
                case "commit" | "rollback":
                    before = dict(model.rows)
                    model.end(value, step == "commit")
                    committed |= {n: k for n, k in model.rows.items() if n not in before}
                case "read":
                    reader.read(value)
                case "restart":
                    sent += reader.sent
                    reader = Reader(model)
    sent += reader.sent
    first_time = list(dict.fromkeys(sent))
    assert set(first_time) == set(committed)
    for key in set(committed.values()):
        of_key = [number for number in first_time if committed[number] == key]
        assert of_key == sorted(of_key)
    assert reader.in_flight.missing == []
    if "restart" not in dict(steps):
        assert len(sent) == len(first_time)


def test_a_rolled_back_number_is_forgotten_once_its_transaction_has_ended() -> None:
    in_flight = InFlightRows(last_taken=0, next_xid=10)
    in_flight.observe([], xmin=10, next_xid=10, cut=False)
    in_flight.observe([1, 3], xmin=10, next_xid=12, cut=False)
    assert in_flight.missing == [2]
    in_flight.observe([], xmin=11, next_xid=13, cut=False)
    assert in_flight.missing == [2]
    in_flight.observe([], xmin=12, next_xid=13, cut=False)
    assert in_flight.missing == []


def test_a_start_reads_from_the_oldest_row_until_the_transactions_of_before_have_ended() -> None:
    in_flight = InFlightRows(last_taken=50, next_xid=10)
    in_flight.observe([40, 52], xmin=9, next_xid=11, cut=False)
    assert (in_flight.cursor, in_flight.settled) == (0, False)
    in_flight.observe([45], xmin=10, next_xid=11, cut=False)
    assert (in_flight.cursor, in_flight.settled) == (50, True)


def test_a_missing_number_behind_the_limit_of_a_read_is_kept() -> None:
    in_flight = InFlightRows(last_taken=0, next_xid=10)
    in_flight.observe([1, 5], xmin=10, next_xid=12, cut=False)
    in_flight.observe([2], xmin=12, next_xid=12, cut=True)
    assert in_flight.missing == [3, 4]


def test_a_great_many_missing_numbers_are_read_again_instead_of_listed() -> None:
    in_flight = InFlightRows(last_taken=0, next_xid=10)
    in_flight.observe([7], xmin=10, next_xid=10, cut=False)
    in_flight.observe([7 + in_flight_module.MOST_LISTED * 100], xmin=10, next_xid=12, cut=False)
    assert (in_flight.cursor, in_flight.missing, in_flight.settled) == (7, [], False)


def test_older_missing_numbers_are_among_those_that_are_read_again() -> None:
    in_flight = InFlightRows(last_taken=0, next_xid=10)
    in_flight.observe([1, 3], xmin=10, next_xid=12, cut=False)
    in_flight.observe([3 + in_flight_module.MOST_LISTED * 100], xmin=10, next_xid=13, cut=False)
    assert in_flight.cursor == 1
