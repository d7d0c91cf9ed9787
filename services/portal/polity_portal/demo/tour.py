"""The tour's sample file, and hiding the tour or showing it again."""

from fastapi import Response
from fastapi.responses import PlainTextResponse

from polity_portal.auth.dependencies import SignedFormDep, VisitDep, cookie_name, is_secure
from polity_portal.demo.tour_steps import HIDING, sample_file
from polity_portal.web.forms import text_of
from polity_portal.web.page_routes import OPEN, page_router
from polity_portal.web.rendering import go_to

router = page_router()
YEAR_SECONDS = 365 * 24 * 3600


@router.get("/{lang:lang}/office/tour/cities.csv", **OPEN)
async def file(lang: str, visit: VisitDep) -> Response:
    headers = {"Content-Disposition": 'attachment; filename="three-cities.csv"', "Cache-Control": "no-store"}
    return PlainTextResponse(sample_file(lang), headers=headers, media_type="text/csv")


@router.post("/{lang:lang}/office/tour", **OPEN)
async def hide_or_show(visit: VisitDep, form: SignedFormDep) -> Response:
    """Hides or shows the tour in this browser, by a cookie."""
    # The fragment moves the focus there, so that screen readers announce it.
    leaving = go_to(f"{visit.office}#tour-1")
    name, secure = cookie_name(visit.portal, HIDING), is_secure(visit.portal)
    if text_of(form, "tour") == "hidden":
        leaving.set_cookie(name, "hidden", max_age=YEAR_SECONDS, httponly=True, secure=secure, samesite="lax")
    else:
        leaving.delete_cookie(name, httponly=True, secure=secure, samesite="lax")
    return leaving
