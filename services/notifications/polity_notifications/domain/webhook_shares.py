"""How many deliveries a sender takes in hand of each subscription, so that no partner takes the others' slots.

A sender's slots are shared among the owners who have something due or in hand and one more, who may come next: however
long some owners' backlogs are, and however slow their endpoints, slots are free for whoever has something due later.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Claimant:
    """A subscription with something due or in hand."""

    webhook_id: UUID
    owner: str
    failing: bool
    due: bool


def shares(claimants: Sequence[Claimant], busy: Mapping[UUID, int], *, most: int, slots: int) -> dict[UUID, int]:
    """Returns how many more to take of each subscription with something due, owners with the least in hand first.

    With those that are `busy`, all subscriptions come to `slots` at most, and each to `most` and its part of its
    owner's share, but to one at least; a failing one to one. Where slots are few, each gets as many of them.
    """
    in_hand: Counter[str] = Counter()
    for claimant in claimants:
        in_hand[claimant.owner] += busy.get(claimant.webhook_id, 0)
    endpoints = Counter(claimant.owner for claimant in claimants)
    share = slots // (len(in_hand) + 1)
    wanted = {}
    for claimant in sorted(claimants, key=lambda claimant: in_hand[claimant.owner]):
        limit = 1 if claimant.failing else max(1, min(most, share // endpoints[claimant.owner]))
        if claimant.due and (more := limit - busy.get(claimant.webhook_id, 0)) > 0:
            wanted[claimant.webhook_id] = more
    return _dealt(wanted, slots - sum(busy.values()))


def _dealt(wanted: Mapping[UUID, int], room: int) -> dict[UUID, int]:
    dealt = {}
    for left, (webhook_id, more) in zip(range(len(wanted), 0, -1), wanted.items(), strict=True):
        if room <= 0:
            break
        dealt[webhook_id] = min(more, max(1, room // left))
        room -= dealt[webhook_id]
    return dealt
