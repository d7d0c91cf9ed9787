"""Every route has one rule, and every kind of caller meets it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import APIRouter, Depends, FastAPI, Response
from polity_chassis.authorization.access import LINK, OPERATOR, PUBLIC, SIGNED_IN, LinkDep, access, role
from polity_chassis.authorization.guarded_routes import Unguarded, routes_with_rules
from polity_chassis.authorization.links import BadLink, LinkKeys, sign, verify
from polity_chassis.clock import utc_now
from polity_chassis.database.engine import Database
from polity_chassis.database.tables import authority, consumer_position
from sqlalchemy import delete, func, insert
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request
from starlette.routing import Route

NETWORK, FOREIGN, CAMPAIGN = uuid4(), uuid4(), uuid4()
KEYS = LinkKeys.model_validate({"k1": "a" * 44})


async def network_of(session: AsyncSession, request: Request) -> UUID | None:
    """The network of the campaign in the path, as a service finds it in its table."""
    return NETWORK if request.path_params["campaign_id"] == str(CAMPAIGN) else None


SECRETARIAT = role("secretariat", scope="network_id")
router = APIRouter(prefix="/v1")


@router.get("/open", **access(PUBLIC))
@router.get("/signed-in", **access(SIGNED_IN))
@router.get("/networks/{network_id}", **access(SECRETARIAT))
@router.post("/networks/{network_id}", **access(SECRETARIAT))
@router.get("/campaigns/{campaign_id}", **access(role("secretariat", scope=network_of)))
@router.get("/operations", **access(OPERATOR))
@router.get("/networks/{network_id}/mandates", **access(SECRETARIAT | OPERATOR))
async def route() -> dict[str, bool]:
    return {"reached": True}


@router.get("/answer", **access(LINK))
async def answer_route(link: LinkDep) -> dict[str, Any]:
    return {"id": str(link.id), "generation": link.generation}


def check_link(token: str) -> Any:
    return verify(KEYS, "answer", token)


@pytest.fixture
async def app(make_app: Callable[..., FastAPI], chassis_database: Database) -> FastAPI:
    """The application, with an operator, a secretariat, one whose mandate ended, and a fresh copy of mandates."""
    people = [("ops", "operator", None), ("secretary", "secretariat", NETWORK), ("former", "secretariat", NETWORK)]
    async with chassis_database.engine.begin() as session:
        await session.execute(delete(authority))
        for subject, role_name, scope_id in people:
            row = {"mandate_id": uuid4(), "person_id": uuid4(), "role": role_name, "scope_id": scope_id}
            ended = utc_now() if subject == "former" else None
            await session.execute(insert(authority).values(**row, language="en", subject=subject, ended_at=ended))
    await stand(chassis_database, timedelta(0))
    return make_app(router, verify_link=check_link)


async def stand(database: Database, ago: timedelta | None) -> None:
    async with database.engine.begin() as session:
        await session.execute(delete(consumer_position))
        if ago is not None:
            place = {"consumer": "test-authority", "topic": "mandates", "partition": 0, "next_offset": 1}
            at = func.clock_timestamp() - ago
            await session.execute(insert(consumer_position).values(**place, at_end_at=at))


CALLERS = ("nobody", "anna", "former", "secretary", "ops")
WALK = [
    # method, path, the status for each of CALLERS (`nobody` sends no token)
    ("GET", "/v1/open", (200, 200, 200, 200, 200)),
    ("GET", "/v1/signed-in", (401, 200, 200, 200, 200)),
    ("GET", f"/v1/networks/{NETWORK}", (401, 404, 404, 200, 404)),
    ("GET", f"/v1/networks/{FOREIGN}", (401, 404, 404, 404, 404)),
    ("GET", "/v1/networks/not-an-id", (401, 404, 404, 404, 404)),
    ("POST", f"/v1/networks/{NETWORK}", (401, 404, 404, 200, 404)),
    ("GET", f"/v1/campaigns/{CAMPAIGN}", (401, 404, 404, 200, 404)),
    ("GET", f"/v1/campaigns/{FOREIGN}", (401, 404, 404, 404, 404)),
    ("GET", "/v1/operations", (401, 403, 403, 403, 200)),
    ("GET", f"/v1/networks/{NETWORK}/mandates", (401, 404, 404, 200, 200)),
    ("GET", "/v1/answer", (401, 401, 401, 401, 401)),
    ("GET", "/health/live", (200, 200, 200, 200, 200)),
]


@pytest.mark.parametrize(("method", "path", "statuses"), WALK, ids=[f"{m}-{n}" for n, (m, _, _) in enumerate(WALK)])
async def test_each_kind_of_caller_gets(
    app: FastAPI, client_for: Any, realm: Any, method: str, path: str, statuses: tuple[int, ...]
) -> None:
    async with client_for(app) as client:
        for caller, status in zip(CALLERS, statuses, strict=True):
            headers = {} if caller == "nobody" else {"Authorization": f"Bearer {realm.token(caller)}"}
            answer = await client.request(method, path, headers=headers)
            assert answer.status_code == status, caller


async def test_a_missing_row_and_a_hidden_one_look_alike(app: FastAPI, client_for: Any, realm: Any) -> None:
    async with client_for(app) as client:
        headers = {"Authorization": f"Bearer {realm.token('anna')}"}
        hidden = await client.get(f"/v1/campaigns/{CAMPAIGN}", headers=headers)
        missing = await client.get(f"/v1/campaigns/{FOREIGN}", headers=headers)
    alike = [{**answer.json(), "trace_id": None} for answer in (hidden, missing)]
    assert (alike[0], hidden.status_code) == (alike[1], 404)


async def test_a_genuine_link_opens_its_route_and_any_other_is_unknown(app: FastAPI, client_for: Any) -> None:
    mine = uuid4()
    async with client_for(app) as client:
        good = await client.get("/v1/answer", headers={"Authorization": f"Link {sign(KEYS, 'answer', mine, 3)}"})
        assert good.json() == {"id": str(mine), "generation": 3}
        assert good.headers["cache-control"] == "no-store"
        for token in (sign(KEYS, "mandate", mine, 3), "words", "a" * 5000):
            bad = await client.get("/v1/answer", headers={"Authorization": f"Link {token}"})
            assert (bad.status_code, bad.json()["type"]) == (404, "urn:polity:problem:link_unknown")


@pytest.mark.parametrize("ahead", [timedelta(seconds=60), timedelta(), timedelta(seconds=-60)])
@pytest.mark.parametrize(
    ("ago", "status"),
    [(timedelta(seconds=61), 503), (None, 503), (timedelta(seconds=30), 200)],
    ids=["61 s ago", "never", "30 s ago"],
)
async def test_a_copy_of_mandates_that_is_too_old_by_the_databases_clock_decides_no_write(
    app: FastAPI,
    client_for: Any,
    realm: Any,
    chassis_database: Database,
    ago: timedelta | None,
    status: int,
    ahead: timedelta,
) -> None:
    app.state.runtime.clock = lambda: utc_now() + ahead
    await stand(chassis_database, ago)
    headers = {"Authorization": f"Bearer {realm.token('secretary')}"}
    async with client_for(app) as client:
        write = await client.post(f"/v1/networks/{NETWORK}", headers=headers)
        read = await client.get(f"/v1/networks/{NETWORK}", headers=headers)
    assert (write.status_code, read.status_code) == (status, 200)
    if status == 503:
        assert write.json()["type"] == "urn:polity:problem:authority_stale"
        assert int(write.headers["retry-after"]) > 0


async def test_a_service_with_its_own_lookup_is_never_stale(
    make_app: Callable[..., FastAPI], client_for: Any, realm: Any, chassis_database: Database
) -> None:
    async def holds(session: AsyncSession, subject: str, name: str, scope_id: UUID | None) -> UUID | None:
        return uuid4() if (subject, name, scope_id) == ("owner", "secretariat", FOREIGN) else None

    await stand(chassis_database, None)
    headers = {"Authorization": f"Bearer {realm.token('owner')}"}
    async with client_for(make_app(router, holds=holds, verify_link=check_link)) as client:
        assert (await client.post(f"/v1/networks/{FOREIGN}", headers=headers)).status_code == 200
        assert (await client.post(f"/v1/networks/{NETWORK}", headers=headers)).status_code == 404


async def test_every_route_shows_its_rule(app: FastAPI) -> None:
    found = {(method, path): rule.name for method, path, rule in routes_with_rules(app)}
    assert found["GET", "/v1/networks/{network_id}/mandates"] == "secretariat of network_id or operator"
    assert found["GET", "/metrics"] == "public"
    described = app.openapi()["paths"]
    for (method, path), name in found.items():
        if path in described:
            assert described[path][method.lower()]["x-access"] == name
    assert described["/v1/answer"]["get"]["security"] == [{"link": []}]


def _unruled(target: APIRouter) -> None:
    target.get("/v1/planted")(route)


def _labelled(target: APIRouter) -> None:
    target.get("/v1/planted", openapi_extra={"x-access": "public"})(route)


def _two_rules(target: APIRouter) -> None:
    target.get("/v1/planted", dependencies=[Depends(PUBLIC), Depends(SIGNED_IN)])(route)


def _plain_route(target: APIRouter) -> None:
    target.routes.append(Route("/v1/planted", lambda request: Response()))


def _mounted(target: APIRouter) -> None:
    target.mount("/v1/planted", FastAPI())


def _nested(target: APIRouter) -> None:
    inner = APIRouter()
    _unruled(inner)
    target.include_router(inner, prefix="/deep")


@pytest.mark.parametrize("plant", [_unruled, _labelled, _two_rules, _plain_route, _mounted, _nested])
async def test_an_application_with_an_unguarded_route_does_not_start(
    make_app: Callable[..., FastAPI], plant: Callable[[APIRouter], None]
) -> None:
    planted = APIRouter()
    plant(planted)
    with pytest.raises(Unguarded, match="planted"):
        make_app(planted)


async def test_routes_for_links_need_a_way_to_verify_them(make_app: Callable[..., FastAPI]) -> None:
    with pytest.raises(ValueError, match="verify links"):
        make_app(router)


def test_only_roles_can_be_joined() -> None:
    with pytest.raises(ValueError, match="roles"):
        SECRETARIAT | PUBLIC


def test_a_bad_link_says_nothing() -> None:
    assert str(BadLink()) == ""
