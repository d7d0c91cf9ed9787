"""Membership's wiring."""

from functools import partial

from polity_chassis.authorization.links import verify
from polity_chassis.operations.orphans import orphans_router
from polity_chassis.service import Service
from polity_chassis.settings import load
from polity_contracts import topics

from polity_membership.api.titles import register_membership_titles
from polity_membership.mandates.queries import holds
from polity_membership.recovery.usecases import settle_orphans
from polity_membership.routers import ROUTERS
from polity_membership.settings import MembershipSettings
from polity_membership.worker import (
    erase_accounts,
    forget_what_is_over,
    keep_people_compacting,
    keep_people_current,
    remove_files,
)

AGGREGATES = {
    topics.NETWORKS.name: ("network",),
    topics.LOCAL_GOVERNMENTS.name: ("local_government",),
    topics.CAMPAIGNS.name: ("campaign",),
    topics.INVITATIONS.name: ("invitation",),
    topics.COMMITMENTS.name: ("commitment",),
    topics.PEOPLE.name: ("person", "people_marker"),
    topics.MANDATES.name: ("mandate",),
}


def service(settings: MembershipSettings | None = None) -> Service:
    """Returns the service with the settings given, else those of the environment."""
    chosen = settings or load(MembershipSettings)
    register_membership_titles()
    reaches_accounts = chosen.identity_admin_url and chosen.erasure_client_secret
    return Service(
        name="membership",
        settings=chosen,
        routers=(*ROUTERS, orphans_router("membership", AGGREGATES, settle_orphans)),
        aggregates=AGGREGATES,
        background=(
            keep_people_compacting,
            keep_people_current,
            remove_files,
            forget_what_is_over,
            *([erase_accounts] if reaches_accounts else []),
        ),
        holds=holds,
        verify_link=partial(verify, chosen.answer_link_keys, "answer"),
    )
