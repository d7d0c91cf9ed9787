"""Whatever the order across keys, and however often and late facts come, the state in the end is the same."""

from itertools import count
from types import SimpleNamespace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger import Closed, Named, Noted, ledger, record
from polity_chassis.messaging.consuming.inbox import StoredInbox, apply_batch
from polity_chassis.messaging.consuming.records import RecordDecoder

KEYS, LENGTH = "abc", 6
examples = count()
one_fact = st.tuples(st.sampled_from(KEYS), st.integers(1, LENGTH))
deliveries = st.lists(st.lists(one_fact, max_size=12), max_size=8)
poison = st.sets(one_fact, max_size=2)
bounded = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


class Delivery:
    """Applies records as a consumer would, in transactions of one batch each."""

    def __init__(self, world, topic):
        self.world, self.number, self.topic = world, next(examples), topic
        self.consumer = ledger(f"{world.name}-{self.number}", (world.log, world.kept))
        object.__setattr__(self.consumer, "compacted", frozenset({world.kept}))
        self.decoder, self.inbox, self.offsets = RecordDecoder(self.consumer), StoredInbox(self.consumer.name), count()

    def record(self, key, sequence, fact):
        sent = record(f"{key}{self.number}", sequence, fact)
        return SimpleNamespace(topic=self.topic, partition=0, offset=next(self.offsets), **sent)

    async def apply(self, records):
        items = [self.decoder.decode(each) for each in records]
        for isolate_failures in (False, True):
            try:
                async with self.world.database.transaction() as session:
                    await apply_batch(session, self.consumer, self.inbox, items, isolate_failures=isolate_failures)
                return
            except Exception:
                if isolate_failures:
                    raise

    async def effects(self, key):
        return await self.world.effects(f"{key}{self.number}")


@bounded
@given(deliveries=deliveries)
async def test_any_interleaving_doubled_and_late_ends_in_the_same_state(world, deliveries):
    delivery = Delivery(world, world.log)

    def fact(sequence):
        return Closed() if sequence % 3 == 0 else Noted(amount=sequence)

    for batch in [*deliveries, [(key, n) for n in range(1, LENGTH + 1) for key in KEYS]]:
        await delivery.apply([delivery.record(key, n, fact(n)) for key, n in batch])

    assert [await delivery.effects(key) for key in KEYS] == [list(range(1, LENGTH + 1))] * len(KEYS)
    assert await world.rows("SELECT 1 FROM parked_message WHERE consumer = :name", name=delivery.consumer.name) == []


@bounded
@given(deliveries=deliveries, poison=poison)
async def test_each_key_stops_at_its_own_first_poison(world, deliveries, poison):
    delivery = Delivery(world, world.log)

    def made(key, sequence):
        return delivery.record(key, sequence, Noted(amount=-1 if (key, sequence) in poison else sequence))

    for batch in [*deliveries, [(key, n) for n in range(1, LENGTH + 1) for key in KEYS]]:
        await delivery.apply([made(key, n) for key, n in batch])

    for key in KEYS:
        stop = min((n for bad, n in poison if bad == key), default=LENGTH + 1)
        assert await delivery.effects(key) == list(range(1, stop))


@bounded
@given(deliveries=deliveries)
async def test_a_compacted_key_ends_at_its_newest_record(world, deliveries):
    delivery = Delivery(world, world.kept)
    for batch in deliveries:
        await delivery.apply([delivery.record(key, n, Named(amount=n)) for key, n in batch])

    for key in KEYS:
        seen = [n for batch in deliveries for k, n in batch if k == key]
        effects = await delivery.effects(key)
        assert effects == sorted(effects)
        assert effects[-1:] == ([max(seen)] if seen else [])
