"""Access rules: who may call a route. An application with a route that declares none does not start."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request

from polity_chassis.authorization.links import VerifiedLink
from polity_chassis.authorization.tokens import Caller, credentials, current_caller
from polity_chassis.messaging.publishing.cause import Acting, act_as
from polity_chassis.web.openapi import Refusal, refusals_of
from polity_chassis.web.problems import FieldError, Problem, not_found, shown_name
from polity_chassis.web.routes import READS, template_of

Holds = Callable[[AsyncSession, str, str, UUID | None], Awaitable[UUID | None]]
"""(session, subject, role, scope) → the person who holds the role there by that sign-in, None where nobody does; a
scope of None is the platform."""
CheckFresh = Callable[[AsyncSession], Awaitable[None]]
"""Raises Problem (503) when the copy of mandates is too old to decide a write with."""
Owner = Callable[[AsyncSession, Request], Awaitable[str | None]]
"""Finds the subject that made the row (None: no such row)."""
Scope = str | Callable[[AsyncSession, Request], Awaitable[UUID | None]]
"""The path parameter that is the scope, or a function that finds it by the row (None: no such row)."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A role that opens the route; `scope` None is a role for the whole platform."""

    role: str
    scope: Scope | Owner | None = None

    async def scope_id(self, session: AsyncSession, request: Request) -> UUID | None:
        """Returns the scope; raises Problem (404) where the row is missing or the parameter is no id."""
        if self.scope is None:
            return None
        if isinstance(self.scope, str):
            found: UUID | str | None = _uuid(request.path_params.get(self.scope))
        else:
            found = await self.scope(session, request)
        if not isinstance(found, UUID):
            raise not_found()
        return found

    async def held(self, session: AsyncSession, request: Request, subject: str) -> Acting | None:
        """Returns who acts if the subject holds the role; raises Problem (404) as `scope_id` does."""
        scope_id = await self.scope_id(session, request)
        person_id: UUID | None = await request.app.state.holds(session, subject, self.role, scope_id)
        return Acting(f"person:{person_id}", str(scope_id) if scope_id else None) if person_id else None


@dataclass(frozen=True, slots=True)
class Ownership(Grant):
    """Opens the route to the subject that made the row, as `scope` finds it."""

    async def held(self, session: AsyncSession, request: Request, subject: str) -> Acting | None:
        """Returns an unnamed actor if the row is the subject's; raises Problem (404) if there is no such row."""
        assert callable(self.scope)
        found = await self.scope(session, request)
        if found is None:
            raise not_found()
        return Acting() if found == subject else None


@dataclass(frozen=True, slots=True)
class Rule:
    """One route's rule, used as its dependency. `a | b` opens the route to holders of either."""

    name: str
    signed_in: bool = False
    link: bool = False
    grants: tuple[Grant, ...] = ()
    even_stale: bool = False
    """For routes that make a halted copy of the mandates continue: they can't wait until the copy is fresh."""

    def __or__(self, other: "Rule") -> "Rule":
        if not (self.grants and other.grants):
            raise ValueError("only rules of roles can be joined")
        return replace(self, name=f"{self.name} or {other.name}", grants=self.grants + other.grants)

    async def __call__(self, request: Request) -> None:
        """Lets the request through or raises Problem: 401, 403, 404 for a row not to be seen, 503."""
        request.state.private = self.link or self.signed_in
        if self.link:
            request.state.link = _link(request)
            act_as(Acting(f"link:{request.state.link.id}"))
        if self.signed_in:
            caller = await current_caller(request)
            if self.grants:
                await self._check(request, caller)

    async def _check(self, request: Request, caller: Caller) -> None:
        state = request.app.state
        async with state.runtime.database.reading.transaction() as session:
            if request.method not in READS and state.check_fresh and not self.even_stale:
                await state.check_fresh(session)
            for grant in self.grants:
                if acting := await grant.held(session, request, caller.subject):
                    act_as(acting)
                    return
        raise not_found() if any(grant.scope for grant in self.grants) else Problem("forbidden", "forbidden")


PUBLIC = Rule("public")
SIGNED_IN = Rule("signed_in", signed_in=True)
LINK = Rule("link", link=True)
OPERATOR = Rule("operator", signed_in=True, grants=(Grant("operator"),))
OPERATOR_EVEN_STALE = replace(OPERATOR, even_stale=True)


def role(name: str, scope: Scope) -> Rule:
    """Returns the rule for holders of a role in the scope of a path parameter or of the row."""
    shown = scope if isinstance(scope, str) else getattr(scope, "__name__", "row")
    return Rule(f"{name} of {shown}", signed_in=True, grants=(Grant(name, scope),))


def owner(find: Owner) -> Rule:
    """Returns the rule for the subject that made the row."""
    shown = getattr(find, "__name__", "row")
    return Rule(f"owner of {shown}", signed_in=True, grants=(Ownership("owner", find),))


def access(rule: Rule, *refusals: Refusal) -> dict[str, Any]:
    """Returns the keyword arguments of a route's decorator that guard it and say so in OpenAPI.

    `refusals` are the named errors that the route may answer with, besides those of its rule.
    """
    credentials: list[dict[str, list[str]]] = (
        [{"link" if rule.link else "bearer": []}] if rule.signed_in or rule.link else []
    )
    extra: dict[str, Any] = {"x-access": rule.name, "security": credentials}
    if refusals:
        extra["x-refusals"] = refusals_of(refusals)
    dependencies = [Depends(rule), Depends(known_parameters)]
    return {"dependencies": dependencies, "openapi_extra": extra}


async def known_parameters(request: Request) -> None:
    """Raises Problem (422) for a query parameter that the route doesn't have: it would be ignored."""
    if request.scope["query_string"]:
        known = request.app.state.query_parameters.get((request.method, template_of(request.scope)))
        unknown = sorted(request.query_params.keys() - known) if known is not None else []
        if unknown:
            errors = [FieldError(shown_name(name), "unknown_parameter") for name in unknown[:100]]
            raise Problem("invalid_request", "invalid", errors=errors)


def _link(request: Request) -> VerifiedLink:
    token = credentials(request, "Link")
    if token is None:
        raise Problem("unauthenticated", "unauthenticated", headers={"WWW-Authenticate": "Link"})
    verified: VerifiedLink = request.app.state.verify_link(token)
    return verified


async def current_link(request: Request) -> VerifiedLink:
    """Returns the link that the LINK rule has verified."""
    link: VerifiedLink = request.state.link
    return link


LinkDep = Annotated[VerifiedLink, Depends(current_link)]


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None
