"""The fields of a form that was sent, and whether it came from our own pages."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from polity_portal.web.errors import FormRefused
from polity_portal.web.portal import portal_of

FIELD_LIMIT = 100
LARGEST_FORM_FIELDS = 3000
"""Of the largest form: the cells of many rows."""


def is_cross_site(request: Request) -> bool:
    """Returns whether the form was sent by another site.

    Our pages send no referrer, so browsers write `Origin: null` for our own forms too; Sec-Fetch-Site tells then.
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin", "null")
    ours = portal_of(request).settings.public_url
    return site not in ("same-origin", "none") or origin not in ("null", ours)


def refuse_cross_site(request: Request) -> None:
    """Raises FormRefused if the form was sent by another site."""
    if is_cross_site(request):
        raise FormRefused


async def open_form(request: Request) -> FormData:
    """Returns the fields of a form that needs no session, because its address is secret or it changes nothing."""
    refuse_cross_site(request)
    return await request.form(max_files=0, max_fields=FIELD_LIMIT)


async def open_upload(request: Request) -> FormData:
    """Returns the fields of such a form, with at most one file."""
    refuse_cross_site(request)
    return await request.form(max_files=1, max_fields=FIELD_LIMIT)


OpenFormDep = Annotated[FormData, Depends(open_form)]
OpenUploadDep = Annotated[FormData, Depends(open_upload)]


def text_of(form: FormData, name: str) -> str:
    """Returns the field without outer spaces; an empty string if it is missing or a file."""
    value = form.get(name, "")
    return "" if isinstance(value, UploadFile) else value.strip()


def texts_of(form: FormData, name: str) -> list[str]:
    """Returns every value of a field that may be given more than once; files are left out."""
    return [value for value in form.getlist(name) if isinstance(value, str)]
