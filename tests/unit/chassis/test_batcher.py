"""Many callers, few transactions: each has an answer of its own."""

import asyncio
from collections.abc import Sequence

import pytest
from polity_chassis import batcher
from polity_chassis.batcher import LARGEST_BATCH, QUEUES_AT_ONCE, Batcher


class Odd(Exception):
    pass


class Doubling:
    """Doubles even numbers and refuses odd ones; 13 breaks the whole batch, 666 finds the database away."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()
        self.batcher = Batcher(self.act, key_of=lambda number: number % 1000, queues_of=self.queues_of)

    async def queues_of(self, numbers: Sequence[int]) -> Sequence[None]:
        return [None] * len(numbers)

    async def act(self, numbers: Sequence[int]) -> Sequence[int | Exception]:
        self.batches.append(list(numbers))
        self.begun.set()
        await self.go_on.wait()
        if 13 in numbers:
            raise ZeroDivisionError
        if 666 in numbers:
            raise ConnectionRefusedError
        return [Odd() if number % 2 else 2 * number for number in numbers]

    async def ask(self, *numbers: int) -> list[int | BaseException]:
        """Asks for all at once while the first batch is held up."""
        asking = asyncio.gather(*(self.batcher.run(number) for number in numbers), return_exceptions=True)
        await self.begun.wait()
        await asyncio.sleep(0)
        self.go_on.set()
        return await asking


async def test_what_comes_while_a_batch_is_under_way_is_the_next_batch() -> None:
    doubling = Doubling()
    first = asyncio.create_task(doubling.batcher.run(2))
    await doubling.begun.wait()
    assert await doubling.ask(4, 6) == [8, 12]
    assert await first == 4
    assert doubling.batches == [[2], [4, 6]]


async def test_who_is_being_read_when_the_first_asks_is_in_the_first_batch() -> None:
    doubling = Doubling()
    doubling.go_on.set()

    async def a_few_turns_later(turns: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await doubling.batcher.run(2 * turns)

    assert await asyncio.gather(*map(a_few_turns_later, (1, 2, 4, 7, 11))) == [4, 8, 16, 28, 44]
    assert doubling.batches == [[2, 4, 8, 14, 22]]


async def test_a_refusal_is_one_callers_own() -> None:
    doubling = Doubling()
    two, three, four = await doubling.ask(2, 3, 4)
    assert (two, type(three), four) == (4, Odd, 8)
    assert doubling.batches == [[2, 3, 4]]


async def test_a_command_that_breaks_its_batch_breaks_alone() -> None:
    doubling = Doubling()
    two, thirteen, four = await doubling.ask(2, 13, 4)
    assert (two, type(thirteen), four) == (4, ZeroDivisionError, 8)
    assert doubling.batches == [[2, 13, 4], [2], [13], [4]]


async def test_nothing_is_tried_again_where_the_database_is_away() -> None:
    doubling = Doubling()
    assert [type(answer) for answer in await doubling.ask(2, 666, 4)] == [ConnectionRefusedError] * 3
    assert doubling.batches == [[2, 666, 4]]


async def test_two_about_the_same_are_never_in_one_batch() -> None:
    doubling = Doubling()
    assert await doubling.ask(2, 1002, 4, 2002) == [4, 2004, 8, 4004]
    assert doubling.batches == [[2, 4], [1002], [2002]]


async def test_a_batch_has_an_end() -> None:
    doubling = Doubling()
    await doubling.ask(*range(0, 2 * LARGEST_BATCH + 2, 2))
    assert [len(batch) for batch in doubling.batches] == [LARGEST_BATCH, 1]


async def test_who_hangs_up_disturbs_nobody() -> None:
    doubling = Doubling()
    gone = asyncio.create_task(doubling.batcher.run(8))
    staying = asyncio.create_task(doubling.batcher.run(2))
    await doubling.begun.wait()
    gone.cancel()
    doubling.go_on.set()
    assert await staying == 4
    with pytest.raises(asyncio.CancelledError):
        await gone


class Locked(Exception):
    """As PostgreSQL says that a lock could not be had in time."""

    sqlstate = "55P03"


class Locking:
    """Every command needs the lock of its own number; those in `held` are not to be had."""

    def __init__(self, *held: int) -> None:
        self.held, self.trying, self.most = set(held), 0, 0
        self.batcher = Batcher(self.act, key_of=lambda number: number, queues_of=self.queues_of)

    async def queues_of(self, numbers: Sequence[int]) -> Sequence[int]:
        return numbers

    async def act(self, numbers: Sequence[int]) -> Sequence[int]:
        self.trying += 1
        self.most = max(self.most, self.trying)
        await asyncio.sleep(0.001)
        self.trying -= 1
        if self.held & set(numbers):
            raise Locked
        return numbers


async def test_queues_before_many_locks_take_turns_so_that_none_waits_for_another_s_lock() -> None:
    locking = Locking(*range(20))
    asking = [asyncio.create_task(locking.batcher.run(number)) for number in range(20)]
    await asyncio.sleep(0.1)
    assert locking.most == QUEUES_AT_ONCE
    locking.held.remove(19)
    assert await asking[19] == 19
    assert not any(task.done() for task in asking[:19])
    assert await locking.batcher.run(99) == 99
    locking.held.clear()
    assert await asyncio.gather(*asking) == list(range(20))


async def test_patience_ends_and_the_caller_hears_of_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batcher, "PATIENCE_SECONDS", 0.05)
    locking = Locking(1)
    with pytest.raises(Locked):
        await locking.batcher.run(1)
    locking.held.clear()
    assert await locking.batcher.run(1) == 1
