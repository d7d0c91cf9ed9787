"""Mandates: granting, accepting, listing and ending them, and what the caller may do."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from polity_chassis.authorization.access import SIGNED_IN, access
from polity_chassis.authorization.links import sign, verify
from polity_chassis.authorization.tokens import CallerDep
from polity_chassis.web.dependencies import DatabaseDep, NowDep, RuntimeDep
from polity_chassis.web.headers import language_of
from polity_chassis.web.idempotency import IdempotencyDep
from polity_chassis.web.pagination import Page, PageDep, cut, link_next
from pydantic import BaseModel, Field

from polity_membership.api.access_rules import OPERATOR_OR_OF_MANDATE, OPERATOR_OR_OF_NETWORK
from polity_membership.api.fields import Body, Email, Language, Line
from polity_membership.errors import LinkRevoked, LinkUnknown
from polity_membership.local_governments.errors import LocalGovernmentUnknown
from polity_membership.mandates.domain import Mandate
from polity_membership.mandates.errors import MandateAlreadyLinked, MandateHasEnded, RoleNotGrantable
from polity_membership.mandates.queries import MandateFilter, list_mandates, mandates_under
from polity_membership.mandates.usecases.accept_mandate import accept_mandate
from polity_membership.mandates.usecases.end_mandate import end_mandate
from polity_membership.mandates.usecases.grant_mandate import GrantMandate, Holder, grant_mandate
from polity_membership.settings import MembershipSettings

router = APIRouter(prefix="/v1", tags=["mandates"])


def _settings(runtime: RuntimeDep) -> MembershipSettings:
    assert isinstance(runtime.settings, MembershipSettings)
    return runtime.settings


SettingsDep = Annotated[MembershipSettings, Depends(_settings)]


class HolderIn(Body):
    name: Line
    email: Email
    language: Language


class MandateIn(Body):
    """`role` is `secretariat`, or `representative` of the local government named."""

    person: HolderIn
    role: Annotated[str, Field(max_length=40)]
    local_government_id: UUID | None = None


class GrantedOut(BaseModel):
    """`link` is the token that whoever signs in presents to /v1/mandate-links."""

    mandate_id: UUID
    person_id: UUID
    link: str


class LinkIn(Body):
    link: Annotated[str, Field(max_length=300)]


class MandateOut(BaseModel):
    mandate_id: UUID
    role: str
    scope_id: UUID | None


class NamedMandateOut(MandateOut):
    scope_name: str | None


MandateStatus = Literal["waiting", "active", "ended"]


class ListedMandateOut(MandateOut):
    """`status` is waiting until its person has signed in by the link, then active until it ends.

    `person_name` is None once the person was erased; `local_government_name` is that of a representative's scope.
    """

    status: MandateStatus
    person_id: UUID
    person_name: str | None
    local_government_name: str | None
    granted_at: datetime
    linked_at: datetime | None
    ended_at: datetime | None


class MeOut(BaseModel):
    subject: str
    mandates: list[NamedMandateOut]


@router.get("/me", **access(SIGNED_IN))
async def get_me(request: Request, caller: CallerDep, database: DatabaseDep) -> MeOut:
    """Shows what the caller may do, and for whom."""
    async with database.transaction() as session:
        rows = await mandates_under(session, caller.subject)
    language = language_of(request.headers.get("accept-language"))
    return MeOut(subject=caller.subject, mandates=[_named(row, language) for row in rows])


@router.get("/networks/{network_id}/mandates", **access(OPERATOR_OR_OF_NETWORK))
async def get_mandates(
    *,
    network_id: UUID,
    request: Request,
    response: Response,
    database: DatabaseDep,
    page: PageDep,
    role: Annotated[Literal["secretariat", "representative"] | None, Query()] = None,
    status: Annotated[MandateStatus | None, Query()] = None,
    local_government_id: Annotated[UUID | None, Query(description="Whose representatives.")] = None,
) -> Page[ListedMandateOut]:
    """Lists the mandates for the network and for the local governments of its register, the newest first."""
    wanted = MandateFilter(network_id, role, status, local_government_id)
    async with database.transaction() as session:
        found = await list_mandates(session, wanted, page)
    rows, cursor = cut(found, page, lambda row: (row["id"],))
    link_next(request, response, cursor)
    return Page(items=[ListedMandateOut(mandate_id=row["id"], **row) for row in rows], next=cursor)


@router.post(
    "/networks/{network_id}/mandates",
    status_code=201,
    **access(OPERATOR_OR_OF_NETWORK, RoleNotGrantable, LocalGovernmentUnknown),
)
async def post_mandate(
    *, network_id: UUID, body: MandateIn, database: DatabaseDep, now: NowDep, key: IdempotencyDep, settings: SettingsDep
) -> GrantedOut:
    """Grants a mandate; the link is for the person, who signs in and presents it."""
    holder = Holder(**body.person.model_dump())
    command = GrantMandate(network_id, body.role, holder, body.local_government_id)
    ids = await grant_mandate(database, command, now, key)
    return GrantedOut(**ids, link=sign(settings.mandate_link_keys, "mandate", UUID(ids["mandate_id"]), 1))


@router.post("/mandate-links", **access(SIGNED_IN, LinkUnknown, LinkRevoked, MandateHasEnded, MandateAlreadyLinked))
async def post_mandate_link(
    body: LinkIn, caller: CallerDep, database: DatabaseDep, now: NowDep, settings: SettingsDep
) -> MandateOut:
    """Links the caller's sign-in to the mandate of the link."""
    link = verify(settings.mandate_link_keys, "mandate", body.link)
    return _shown(await accept_mandate(database, link.id, link.generation, caller.subject, now))


@router.post("/mandates/{mandate_id}/end", **access(OPERATOR_OR_OF_MANDATE))
async def post_mandate_end(mandate_id: UUID, database: DatabaseDep, now: NowDep) -> MandateOut:
    """Ends the mandate; doing so twice changes nothing."""
    return _shown(await end_mandate(database, mandate_id, now))


def _shown(mandate: Mandate) -> MandateOut:
    return MandateOut(mandate_id=mandate.id, role=mandate.role, scope_id=mandate.scope_id)


def _named(row: Mapping[Any, Any], language: str) -> NamedMandateOut:
    names = row["network_name"] or {}
    name = row["place_name"] or names.get(language) or names.get(row["fallback_language"])
    return NamedMandateOut(mandate_id=row["id"], role=row["role"], scope_id=row["scope_id"], scope_name=name)
