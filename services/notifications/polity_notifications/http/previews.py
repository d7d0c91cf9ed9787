"""How a message will read before anybody is asked to get it. Who it is for is told by the caller, but for the name."""

from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from polity_chassis.authorization.access import access, role
from polity_chassis.web.dependencies import DatabaseDep
from polity_chassis.web.instants import Instant
from polity_chassis.web.problems import Problem
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from polity_notifications.http.deliveries import campaign
from polity_notifications.mail.catalogue import direction
from polity_notifications.mail.writing import Incomplete, Writer
from polity_notifications.settings import Settings
from polity_notifications.storage import previews

router = APIRouter(tags=["deliveries"])


def _known(zone: str) -> str:
    try:
        # Kept once found; the list of all zones would be read from the disk each time.
        ZoneInfo(zone)
    except (LookupError, ValueError, OSError):
        # ValueError: a path that leads out. OSError: a folder of zones, such as Europe.
        raise PydanticCustomError("unknown_time_zone", "unknown_time_zone") from None
    return zone


class ReaderIn(BaseModel):
    """The local government that is written to, its IANA zone, and the language (BCP 47) of its contact."""

    model_config = ConfigDict(extra="forbid")

    local_government: Annotated[str, Field(min_length=1, max_length=1000)]
    time_zone: Annotated[str, Field(max_length=100), AfterValidator(_known)]
    language: Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", max_length=100)]
    reply_by: Instant


class PreviewOut(BaseModel):
    """Subject and text as they will be sent; the HTML part says the same.

    Words in brackets stand for the contact's name, an ellipsis for the secret at the end of the link.
    """

    language: str
    direction: Literal["ltr", "rtl"]
    subject: str
    text: str


@router.post("/v1/deliveries/preview", **access(role("secretariat", campaign)))
async def post_preview(campaign_id: UUID, body: ReaderIn, request: Request, database: DatabaseDep) -> PreviewOut:
    """Returns the invitation to the campaign as this reader would get it. Nothing is kept or sent.

    What is asked for travels in the body, so that no address tells who may be invited. 503 until the
    network is known here.
    """
    settings = request.app.state.runtime.settings
    assert isinstance(settings, Settings)
    async with database.transaction() as session:
        letter = await previews.invitation(
            session,
            campaign_id,
            place=body.local_government,
            zone=body.time_zone,
            language=body.language,
            reply_by=body.reply_by,
        )
    try:
        written = Writer(settings.public_url, settings.answer_link_keys).preview(letter)
    except Incomplete:
        raise Problem("unavailable", "unavailable") from None
    return PreviewOut(
        language=written.language, direction=direction(written.language), subject=written.subject, text=written.text
    )
