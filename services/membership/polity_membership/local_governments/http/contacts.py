"""Correcting how the contact of a local government is reached."""

from uuid import UUID

from fastapi import APIRouter
from polity_chassis.authorization.access import access
from polity_chassis.web.dependencies import DatabaseDep, NowDep
from pydantic import BaseModel

from polity_membership.api.access_rules import OF_LOCAL_GOVERNMENT
from polity_membership.api.fields import Body, Email, Language, Line
from polity_membership.local_governments.usecases import CorrectContact, correct_contact

router = APIRouter(prefix="/v1/local-governments/{local_government_id}", tags=["register"])


class ContactIn(Body):
    name: Line
    email: Email
    language: Language


class ContactOut(BaseModel):
    """Who it is, by id alone: the name and address stay with the services that write to them."""

    contact_id: UUID


@router.post("/contact", **access(OF_LOCAL_GOVERNMENT))
async def post_contact(local_government_id: UUID, body: ContactIn, database: DatabaseDep, now: NowDep) -> ContactOut:
    """Corrects the contact's name, address and language, or records the contact of a local government that has none.

    What is written from now on goes to the new address. Sending the same again changes nothing.
    """
    command = CorrectContact(local_government_id, body.name, body.email, body.language)
    return ContactOut(contact_id=await correct_contact(database, command, now))
