"""Where things listen, and what a person is told when something else does."""

import dataclasses
import socket
from pathlib import Path

import pytest
from polity_local.errors import CommandError
from polity_local.running.instance import Instance, keep_ports, kept_ports
from polity_local.running.ports import BELOW_EPHEMERAL, Ports


def test_the_usual_ports_are_those_of_the_documentation() -> None:
    ports = Ports.chosen({})
    assert (ports.gateway, ports.postgres, ports.mail) == (8080, 10432, 10085)


def test_no_usual_port_is_one_that_an_outgoing_connection_or_a_test_run_may_have() -> None:
    numbers = dataclasses.astuple(Ports.chosen({}))
    assert len(set(numbers)) == len(numbers)
    assert all(1024 <= number < BELOW_EPHEMERAL.start for number in numbers)


def test_a_base_moves_all_ports_and_a_variable_moves_one() -> None:
    ports = Ports.chosen({"POLITY_PORT_BASE": "20000", "POLITY_PORT_MAIL": "4000"})
    assert (ports.gateway, ports.internal, ports.mail) == (20000, 20001, 4000)


def test_ports_of_an_earlier_start_are_kept_until_the_environment_says_otherwise() -> None:
    ports = Ports.chosen({"POLITY_PORT_MAIL": "4000"}, kept={"gateway": 9000, "mail": 9001})
    assert (ports.gateway, ports.mail, ports.internal) == (9000, 4000, 8081)


def test_pages_that_would_move_away_from_their_sign_in_are_refused(tmp_path: Path) -> None:
    keep_ports(Instance(tmp_path, Ports(gateway=9000)))
    keep_ports(Instance(tmp_path, Ports(gateway=9000, mail=9001)))
    with pytest.raises(CommandError, match="POLITY_PORT_GATEWAY=9000"):
        keep_ports(Instance(tmp_path, Ports(gateway=9002)))
    assert kept_ports(tmp_path)["mail"] == 9001


@pytest.mark.parametrize("value", ["0", "65536", "-1", "http", "8080.0"])
def test_a_value_that_is_no_port_is_refused_by_its_name(value: str) -> None:
    with pytest.raises(CommandError, match="POLITY_PORT_GATEWAY"):
        Ports.chosen({"POLITY_PORT_GATEWAY": value})


def test_a_busy_port_is_named_with_the_variable_that_moves_it() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(CommandError, match=rf"Port {taken} \(kafka\).*POLITY_PORT_KAFKA"):
            Ports(kafka=taken).refuse_busy(["kafka"])


def test_free_ports_are_distinct_and_below_those_of_outgoing_connections() -> None:
    ports = Ports.free()
    numbers = [ports.gateway, ports.kafka, ports.reporting_worker]
    assert len(set(numbers)) == 3
    assert all(15000 <= number < 32000 for number in numbers)
