"""Erasing people."""

from uuid import UUID

from fastapi import APIRouter
from polity_chassis.authorization.access import access
from polity_chassis.web.dependencies import DatabaseDep, NowDep
from pydantic import BaseModel

from polity_membership.api.access_rules import OPERATOR_OR_KNOWING_PERSON
from polity_membership.erasures.usecases.erase_person import erase_person

router = APIRouter(prefix="/v1/people", tags=["people"])


class ErasureOut(BaseModel):
    person_id: UUID


@router.post("/{person_id}/erasure", status_code=202, **access(OPERATOR_OR_KNOWING_PERSON))
async def post_erasure(person_id: UUID, database: DatabaseDep, now: NowDep) -> ErasureOut:
    """Erases the person here at once, and in every other service when the fact arrives there."""
    await erase_person(database, person_id, now)
    return ErasureOut(person_id=person_id)
