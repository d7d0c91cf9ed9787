"""The portal's features, put together."""

from fastapi import APIRouter
from polity_chassis.service import Service
from polity_chassis.settings import load

from polity_portal.answers import routes as answers
from polity_portal.auth import routes as auth
from polity_portal.auth.state import open_auth
from polity_portal.demo import routes as demo
from polity_portal.office import routes as office
from polity_portal.partners import routes as partners
from polity_portal.public import routes as public
from polity_portal.settings import PortalSettings
from polity_portal.web import not_found, static_files
from polity_portal.web.portal import open_portal

FEATURES = (public, answers, auth, office, demo, partners)


def service() -> Service:
    """Returns the portal with the settings of its environment."""
    return service_with(load(PortalSettings))


def service_with(settings: PortalSettings) -> Service:
    opening = [APIRouter(lifespan=open_portal), APIRouter(lifespan=open_auth)]
    of_features = [router for feature in FEATURES for router in feature.ROUTERS]
    # The last one answers every address that no other page has.
    routers = [*opening, *of_features, static_files.router, not_found.router]
    return Service(name="portal", settings=settings, routers=routers)
