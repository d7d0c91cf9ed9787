"""The page that says what a demonstration is."""

from fastapi import Request, Response

from polity_portal.web.page_routes import OPEN, page_router
from polity_portal.web.rendering import PUBLIC_CACHE, page

router = page_router()


@router.api_route("/{lang:lang}/about-the-demonstration", methods=["GET", "HEAD"], **OPEN)
async def about_the_demonstration(request: Request) -> Response:
    return page(request, "demo/about.html", cache=PUBLIC_CACHE)
