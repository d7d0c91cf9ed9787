"""Keys go where Kafka's own default partitioner sends them."""

from aiokafka.partitioner import murmur2
from hypothesis import given
from hypothesis import strategies as st
from polity_chassis.messaging.publishing.partitioning import key_hash


@given(st.binary(min_size=1, max_size=80))
def test_a_keys_hash_is_murmur2_without_its_sign(key: bytes) -> None:
    assert key_hash(key) == murmur2(key) & 0x7FFFFFFF
