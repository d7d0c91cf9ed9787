"""Every fact the platform publishes, by its wire name."""

from polity_contracts.envelope import Fact
from polity_contracts.membership import (
    campaigns,
    commitments,
    invitations,
    local_governments,
    mandates,
    networks,
    people,
)

FACTS: dict[str, type[Fact]] = {
    fact.type: fact
    for module in (networks, local_governments, campaigns, invitations, commitments, mandates, people)
    for fact in vars(module).values()
    if isinstance(fact, type) and issubclass(fact, Fact) and fact is not Fact
}
