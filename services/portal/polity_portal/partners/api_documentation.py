"""The documentation of the HTTP API."""

from fastapi import Request, Response

from polity_portal.client.openapi import operations, platform_document
from polity_portal.web.page_routes import OPEN, page_router
from polity_portal.web.rendering import page

router = page_router()


@router.api_route("/docs", methods=["GET", "HEAD"], **OPEN)
async def documentation(request: Request) -> Response:
    """Shows Swagger UI where scripts run, a plain table where they don't."""
    return page(request, "partners/api_documentation.html", index=True, operations=operations(platform_document()))
