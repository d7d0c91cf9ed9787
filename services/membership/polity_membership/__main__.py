"""`python -m polity_membership <role...>`, or `grant-operator` for the first operator of a new platform."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from uuid import UUID

from polity_chassis.authorization.links import sign
from polity_chassis.clock import utc_now
from polity_chassis.database.engine import Database
from polity_chassis.messaging.publishing.cause import Acting, act_as
from polity_chassis.process import run
from polity_chassis.settings import load

from polity_membership.app import service
from polity_membership.errors import InvalidValue
from polity_membership.mandates.usecases.grant_mandate import Holder, grant_operator
from polity_membership.reference_data.reference import reference
from polity_membership.settings import MembershipSettings
from polity_membership.tabular_import.domain.field_parsers import language
from polity_membership.values.addresses import email
from polity_membership.values.texts import line_of_text


def main(argv: Sequence[str]) -> int:
    """Returns the process's exit status."""
    if argv[:1] == ["grant-operator"]:
        return _grant_operator(argv[1:])
    return run(service, argv)


def _grant_operator(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("grant-operator", description="Prints the link token of an operator's mandate.")
    for option in ("--name", "--email", "--language"):
        parser.add_argument(option, required=True)
    given = parser.parse_args(argv)
    try:
        holder = Holder(line_of_text(given.name), email(given.email), language(given.language, reference().languages))
    except InvalidValue as bad:
        parser.error(bad.reason)
    settings = load(MembershipSettings)
    act_as(Acting("service:membership"))
    mandate_id = asyncio.run(_granted(settings, holder))
    sys.stdout.write(sign(settings.mandate_link_keys, "mandate", mandate_id, 1) + "\n")
    return 0


async def _granted(settings: MembershipSettings, holder: Holder) -> UUID:
    database = Database(settings.database_url, application_name="membership grant-operator", pool_size=1)
    try:
        return UUID((await grant_operator(database, holder, utc_now()))["mandate_id"])
    finally:
        await database.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
