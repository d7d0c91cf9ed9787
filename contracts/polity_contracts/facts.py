"""Every fact the platform publishes, by its wire name."""

from polity_contracts import invitations, membership, people
from polity_contracts.envelope import Fact

FACTS: dict[str, type[Fact]] = {
    fact.type: fact
    for module in (membership, invitations, people)
    for fact in vars(module).values()
    if isinstance(fact, type) and issubclass(fact, Fact) and fact is not Fact
}
