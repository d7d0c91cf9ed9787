"""The page for every address that no other page has. Must be included last."""

from fastapi import Response

from polity_portal.web.errors import NotFound
from polity_portal.web.page_routes import OPEN, page_router

router = page_router()


@router.api_route("/{path:path}", methods=["GET", "HEAD"], **OPEN)
async def missing(path: str) -> Response:
    raise NotFound
