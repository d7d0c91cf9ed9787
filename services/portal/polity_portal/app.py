"""The portal's parts, put together."""

from fastapi import APIRouter
from polity_chassis.service import Service
from polity_chassis.settings import load

from polity_portal.pages import (
    answer,
    documentation,
    files,
    home,
    imports,
    invite,
    letter,
    mandate,
    missing,
    office,
    office_campaign,
    office_mail,
    office_mandates,
    office_pledges,
    paper,
    public,
    sign_in,
    tour,
    webhooks,
)
from polity_portal.portal import open_portal
from polity_portal.settings import PortalSettings

AREAS = (
    home,
    public,
    answer,
    letter,
    mandate,
    sign_in,
    office,
    office_campaign,
    office_mail,
    office_mandates,
    office_pledges,
    tour,
    paper,
    invite,
    imports,
    webhooks,
    documentation,
    files,
    missing,
)


def service() -> Service:
    """The portal as its environment describes it."""
    return service_with(load(PortalSettings))


def service_with(settings: PortalSettings) -> Service:
    opening = APIRouter(lifespan=open_portal)
    return Service(name="portal", settings=settings, routers=[opening, *(area.router for area in AREAS)])
