"""The saved form of an answer, shared by whoever has the link: an officer fills it in, the mayor goes on with it."""

from datetime import date, datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Request, Response
from polity_chassis.authorization.access import LINK, LinkDep, access
from polity_chassis.web.dependencies import DatabaseDep, NowDep
from polity_chassis.web.etag import VERSION_REFUSALS, etag_of, require_version
from polity_chassis.web.instants import Day
from pydantic import BaseModel, Field, StringConstraints

from polity_membership.answers.domain import AnswerDraft, Filled
from polity_membership.answers.queries import draft_of
from polity_membership.answers.usecases.save_answer_draft import SaveAnswerDraft, save_answer_draft
from polity_membership.api.fields import Body, Line
from polity_membership.campaigns.domain import RANKED_THEMES
from polity_membership.errors import LINK_REFUSALS
from polity_membership.invitations.errors import ALREADY_ANSWERED
from polity_membership.invitations.queries import load_linked

router = APIRouter(prefix="/v1/answer/draft", tags=["answers"])
Rank = Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9_]{0,59})?$")]


class DraftIn(Body):
    """Whatever is known so far; in `themes` an empty text is a rank still to be given."""

    signatory_name: Line | None = None
    signatory_office: Line | None = None
    signed_on: Day | None = None
    themes: Annotated[list[Rank], Field(max_length=RANKED_THEMES, default_factory=list)]


class DraftOut(BaseModel):
    """`revision` is 0 and `saved_at` null while nothing is saved; the ETag is the revision, no earlier form's."""

    revision: int
    saved_at: datetime | None
    signatory_name: str | None
    signatory_office: str | None
    signed_on: date | None
    themes: list[str]


@router.get("", **access(LINK, *LINK_REFUSALS))
async def get_draft(link: LinkDep, response: Response, database: DatabaseDep, now: NowDep) -> DraftOut:
    """Shows what was saved last, empty fields when nothing is."""
    async with database.transaction() as session:
        invitation = await load_linked(session, link.id)
        invitation.check_link(link.generation, now)
        return _shown(response, await draft_of(session, invitation.id))


@router.put("", **access(LINK, *LINK_REFUSALS, *ALREADY_ANSWERED, *VERSION_REFUSALS))
async def put_draft(
    *, link: LinkDep, body: DraftIn, request: Request, response: Response, database: DatabaseDep, now: NowDep
) -> DraftOut:
    """Saves the form; over a saved one only with If-Match: 428 without, 412 when somebody else saved meanwhile."""
    filled = Filled(body.signatory_name, body.signatory_office, body.signed_on, tuple(body.themes))
    command = SaveAnswerDraft(link.id, link.generation, filled, partial(_check_revision, request))
    return _shown(response, await save_answer_draft(database, command, now))


def _check_revision(request: Request, revision: int) -> None:
    if revision or "if-match" in request.headers:
        require_version(request, etag_of(revision))


def _shown(response: Response, draft: AnswerDraft) -> DraftOut:
    response.headers["ETag"] = etag_of(draft.revision)
    filled = draft.filled
    return DraftOut(
        revision=draft.revision,
        saved_at=draft.saved_at,
        signatory_name=filled.signatory_name,
        signatory_office=filled.signatory_office,
        signed_on=filled.signed_on,
        themes=list(filled.themes),
    )
