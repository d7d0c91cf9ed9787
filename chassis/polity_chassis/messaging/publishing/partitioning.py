"""Which partition a key belongs to: the same as for every other producer that leaves it to Kafka's default."""

_MIX = 0x5BD1E995
_BITS = 0xFFFFFFFF


def key_hash(key: bytes) -> int:
    """Returns the number from 0 to 2^31 - 1 that, modulo the partition count, is the partition of `key`.

    Kafka's default partitioner: murmur2 without its sign bit (org.apache.kafka.common.utils.Utils).
    """
    whole = len(key) & ~3
    value = 0x9747B28C ^ len(key)
    for start in range(0, whole, 4):
        word = int.from_bytes(key[start : start + 4], "little") * _MIX & _BITS
        value = (value * _MIX ^ (word ^ word >> 24) * _MIX) & _BITS
    if whole < len(key):
        value = (value ^ int.from_bytes(key[whole:], "little")) * _MIX & _BITS
    value = (value ^ value >> 13) * _MIX & _BITS
    return (value ^ value >> 15) & 0x7FFFFFFF
