"""How a sender's slots are shared among partners."""

from uuid import UUID

from polity_notifications.domain.webhook_shares import Claimant, shares


def claimant(number: int, owner: str, *, failing: bool = False, due: bool = True) -> Claimant:
    return Claimant(UUID(int=number), owner, failing, due)


def dealt(claimants: list[Claimant], busy: dict[int, int], *, most: int = 64, slots: int = 120) -> dict[int, int]:
    found = shares(claimants, {UUID(int=number): count for number, count in busy.items()}, most=most, slots=slots)
    return {webhook_id.int: count for webhook_id, count in found.items()}


def test_an_owner_alone_leaves_half_to_whoever_comes_next() -> None:
    assert dealt([claimant(1, "a")], {}) == {1: 60}


def test_owners_share_alike_whatever_the_number_of_their_endpoints() -> None:
    assert dealt([claimant(1, "a"), claimant(2, "b"), claimant(3, "b")], {}) == {1: 40, 2: 20, 3: 20}


def test_one_endpoint_gets_no_more_than_it_may_have_in_hand() -> None:
    assert dealt([claimant(1, "a")], {}, most=8) == {1: 8}
    assert dealt([claimant(1, "a")], {1: 6}, most=8) == {1: 2}
    assert dealt([claimant(1, "a")], {1: 8}, most=8) == {}


def test_who_has_the_least_in_hand_comes_first() -> None:
    assert list(dealt([claimant(1, "a"), claimant(2, "b"), claimant(3, "c")], {1: 2, 2: 1})) == [3, 2, 1]


def test_an_endpoint_in_hand_counts_as_its_owners_though_nothing_of_it_is_due() -> None:
    assert dealt([claimant(1, "a", due=False), claimant(2, "a"), claimant(3, "b")], {1: 30}) == {3: 40, 2: 20}


def test_few_places_are_dealt_out_alike() -> None:
    newcomers = [claimant(number, f"new {number}") for number in range(2, 6)]
    assert dealt([claimant(1, "a"), *newcomers], {1: 110}) == {2: 2, 3: 2, 4: 3, 5: 3}
    assert sum(dealt([claimant(1, "a"), *newcomers], {1: 118}).values()) == 2


def test_no_more_is_taken_than_there_are_places() -> None:
    assert dealt([claimant(1, "a"), claimant(2, "b")], {1: 120}) == {}
    many = [claimant(number, f"owner {number}") for number in range(1, 200)]
    assert sum(dealt(many, {}).values()) == 120


def test_a_failing_endpoint_gets_one_at_a_time() -> None:
    assert dealt([claimant(1, "a", failing=True), claimant(2, "b")], {}) == {1: 1, 2: 40}
    assert dealt([claimant(1, "a", failing=True)], {1: 1}) == {}


def test_an_endpoint_of_which_nothing_is_due_gets_nothing() -> None:
    assert dealt([claimant(1, "a", due=False), claimant(2, "b")], {1: 1}) == {2: 40}
