"""The routes of static files."""

from fastapi import Request, Response
from fastapi.responses import PlainTextResponse

from polity_portal.web.errors import NotFound
from polity_portal.web.page_routes import OPEN, page_router
from polity_portal.web.rendering import ASSETS, compress

router = page_router()
FOREVER = "public, max-age=31536000, immutable"


@router.api_route("/static/{digest}/{name:path}", methods=["GET", "HEAD"], **OPEN)
async def static(digest: str, name: str, request: Request) -> Response:
    """Returns the file if the digest is that of its content. Any other is not found, so that caches stay right."""
    found = ASSETS.get(name)
    if found is None or found.digest != digest:
        raise NotFound
    headers = {"Cache-Control": FOREVER, "ETag": f'"{found.digest}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    response = Response(found.content, media_type=found.media_type, headers=headers)
    compress(request, response, found.gzipped)
    return response


@router.get("/robots.txt", **OPEN)
async def robots() -> Response:
    return PlainTextResponse("User-agent: *\nDisallow: /auth/\nDisallow: /v1/\n")


@router.get("/favicon.ico", **OPEN)
async def icon() -> Response:
    headers = {"Cache-Control": "public, max-age=86400"}
    return Response(ASSETS["web/mark.svg"].content, media_type="image/svg+xml", headers=headers)
