"""The page that explains the HTTP API."""

from fastapi import Request, Response

from polity_portal.openapi import operations, platform_document
from polity_portal.rendering import page
from polity_portal.routing import OPEN, pages

router = pages()


@router.api_route("/docs", methods=["GET", "HEAD"], **OPEN)
async def documentation(request: Request) -> Response:
    """Swagger UI where scripts run, a plain table where they don't."""
    return page(request, "documentation.html", index=True, operations=operations(platform_document()))
