"""Reading a record never fails, whatever its bytes; failures are told apart by whose they are."""

from types import SimpleNamespace

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polity_chassis.database.errors import describe, is_infrastructure
from polity_chassis.messaging.consuming.records import Consumer, RecordDecoder
from polity_contracts.envelope import Fact
from sqlalchemy.exc import DBAPIError


class Noted(Fact):
    type = "test.noted"
    topic = "test-log"
    amount: int


async def ignore(_session, _facts):
    pass


DECODER = RecordDecoder(Consumer("test", ("test-log",), {Noted: ignore}))
GOOD = [
    ("ce_id", b"0192a8d0-0000-7000-8000-000000000001"),
    ("ce_source", b"test"),
    ("ce_type", b"test.noted"),
    ("ce_time", b"2026-11-21T10:00:00Z"),
    ("ce_dataschema", b"urn:polity:test.noted:1"),
    ("ce_sequence", b"7"),
]
raw = st.one_of(st.none(), st.binary(max_size=40))
names = st.one_of(st.sampled_from([name for name, _ in GOOD]), st.text(max_size=8))


def read(key=b"k", value=b'{"amount": 1}', headers=GOOD):
    return DECODER.decode(
        SimpleNamespace(topic="test-log", partition=0, offset=3, key=key, value=value, headers=headers)
    )


def changed(name, value):
    return [(n, value if n == name else v) for n, v in GOOD]


def test_a_good_record_is_received_with_all_it_says():
    item = read(headers=[*GOOD, ("traceparent", b"00-" + b"1" * 32 + b"-" + b"2" * 16 + b"-01")])
    assert item.reason is None
    assert (item.received.key, item.received.sequence, item.received.offset) == ("k", 7, 3)
    assert item.received.fact == Noted(amount=1)
    assert item.received.occurred_at.isoformat() == "2026-11-21T10:00:00+00:00"
    assert item.received.traceparent.endswith("-01")


def test_a_stranger_s_header_does_no_harm():
    assert read(headers=[*GOOD, ("x", b"\xff"), ("y", None)]).received


@given(key=raw, value=raw, headers=st.lists(st.tuples(names, raw), max_size=8))
def test_reading_never_raises_and_keeps_only_what_a_table_can_hold(key, value, headers):
    item = read(key, value, headers)
    assert item.received or item.reason
    assert item.topic_key is None or ("\0" not in item.topic_key[1] and 0 < len(item.topic_key[1]) <= 255)
    assert item.sequence is None or 0 < item.sequence < 2**63


@pytest.mark.parametrize(
    ("changes", "reason", "sequence"),
    [
        ({"value": b'{"amount": '}, "data", 7),
        ({"value": None}, "data", 7),
        ({"headers": changed("ce_type", b"test.unheard_of")}, "unknown_type", 7),
        ({"headers": changed("ce_type", None)}, "unknown_type", 7),
        ({"headers": changed("ce_dataschema", b"urn:polity:test.noted:2")}, "unknown_version", 7),
        ({"headers": changed("ce_sequence", b"-1")}, "headers", None),
        ({"headers": changed("ce_sequence", b"9" * 30)}, "headers", None),
        ({"headers": changed("ce_sequence", None)}, "headers", None),
        ({"headers": changed("ce_time", b"2026-11-21T10:00:00")}, "headers", 7),
        ({"headers": [*changed("ce_source", b"\xff"), ("ce_time", b"\xff")]}, "headers", 7),
        ({"key": b"\xff"}, "key", None),
        ({"key": None}, "key", None),
        ({"key": b"a\0b"}, "key", None),
        ({"key": b"k" * 300}, "key", None),
    ],
)
def test_what_is_wrong_is_named_and_the_number_kept_where_it_can_be_read(changes, reason, sequence):
    item = read(**changes)
    assert (item.reason, item.sequence, item.received) == (reason, sequence, None)


def test_a_type_of_the_platform_without_a_handler_is_passed_over():
    item = read(headers=changed("ce_type", b"membership.network_founded"))
    assert (item.reason, item.received, item.sequence) == (None, None, 7)


def failing(cause):
    error = DBAPIError("INSERT INTO person VALUES ('Ana')", {}, cause)
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "machinery"),
    [
        (failing(asyncpg.CannotConnectNowError("starting up")), True),
        (failing(asyncpg.DeadlockDetectedError("deadlock")), True),
        (failing(asyncpg.UndefinedTableError("no table")), True),
        (failing(asyncpg.DiskFullError("full")), True),
        (failing(asyncpg.InterfaceError("connection is closed")), True),
        (ConnectionRefusedError(), True),
        (failing(asyncpg.CheckViolationError("negative")), False),
        (failing(asyncpg.CharacterNotInRepertoireError("NUL")), False),
        (failing(asyncpg.exceptions._base.DataError("an integer is required")), False),
        (failing(asyncpg.ProgramLimitExceededError("index row too large")), False),
        (KeyError("theme"), False),
    ],
)
def test_only_the_machinery_s_failures_are_waited_out(error, machinery):
    assert is_infrastructure(error) is machinery


def test_of_personal_data_a_failure_tells_its_kinds_only():
    error = failing(asyncpg.UniqueViolationError("Key (email)=(ana@example.org) already exists"))
    assert "ana" not in describe(error, personal=True).lower()
    assert "23505" in describe(error, personal=True)
    assert "email" in describe(error, personal=False)
