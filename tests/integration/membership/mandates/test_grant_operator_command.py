"""The command that makes the first operator of a new platform."""

import asyncio
import os
import sys
from typing import Any
from uuid import UUID

from polity_chassis.authorization.links import verify


async def _command(world: Any, *arguments: str) -> tuple[int, str, str]:
    keys = '{"k1": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}'
    settings = {
        "POLITY_PORT": "1",
        "POLITY_DATABASE_URL": world.database.url,
        "POLITY_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "POLITY_ISSUER": "http://realm.test",
        "POLITY_JWKS_URL": "http://realm.test/certs",
        "POLITY_ANSWER_LINK_KEYS": keys,
        "POLITY_MANDATE_LINK_KEYS": keys,
        "POLITY_FILES_URL": "memory://proofs",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "polity_membership", "grant-operator", *arguments,
        env={**os.environ, **settings}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_it_prints_one_link_that_makes_whoever_accepts_it_operator(world: Any) -> None:
    status, out, _ = await _command(world, "--name", "Omar", "--email", "omar@example.org", "--language", "es")
    assert status == 0
    link = out.strip()
    mandate_id = verify(world.keys, "mandate", link).id
    accepted = await world.call("POST", "/v1/mandate-links", {"link": link}, as_="omar", expect=200)
    assert accepted == {"mandate_id": str(mandate_id), "role": "operator", "scope_id": None}
    body = {"name": {"en": "N"}, "fallback_language": "en", "time_zone": "UTC"}
    network = await world.call("POST", "/v1/networks", body, as_="omar", expect=201)
    assert UUID(network["network_id"])


async def test_an_address_that_is_none_is_refused_in_one_sentence(world: Any) -> None:
    status, out, err = await _command(world, "--name", "Omar", "--email", "omar", "--language", "es")
    assert (status, out) == (2, "")
    assert "Traceback" not in err
    assert "bad_email" in err
