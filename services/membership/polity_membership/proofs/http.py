"""Proofs over HTTP: sent by tus 1.0 (core, creation, expiration), so that a broken line costs the last piece only."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response
from polity_chassis.authorization.access import LINK, PUBLIC, Rule, access
from polity_chassis.web.dependencies import DatabaseDep, NowDep
from polity_chassis.web.idempotency import IdempotencyDep
from polity_chassis.web.openapi import Refusal
from polity_chassis.web.problems import Problem
from pydantic import BaseModel

from polity_membership.api.access_rules import OF_INVITATION, OF_PROOF
from polity_membership.errors import LINK_REFUSALS, NotFound
from polity_membership.invitations.errors import ALREADY_ANSWERED
from polity_membership.proofs.domain.images import without_tags
from polity_membership.proofs.domain.proof import ENDINGS, LARGEST_BYTES, Proof
from polity_membership.proofs.errors import (
    OffsetMismatch,
    ProofOpensTooLarge,
    ProofTooLarge,
    ProofTypeRefused,
    TooManyProofs,
)
from polity_membership.proofs.files import Files, files_at
from polity_membership.proofs.queries import list_proofs, load_proof, pieces_of
from polity_membership.proofs.usecases.send_proof import Piece, Sender, begin_proof, find_proof, receive_piece
from polity_membership.settings import MembershipSettings

router = APIRouter(prefix="/v1", tags=["proofs"])
VERSION = {"Tus-Resumable": "1.0.0"}
EXTENSIONS = {
    **VERSION,
    "Tus-Version": "1.0.0",
    "Tus-Extension": "creation,expiration",
    "Tus-Max-Size": str(LARGEST_BYTES),
}
PIECE = "application/offset+octet-stream"
BYTES = {"schema": {"type": "string", "format": "binary"}}
LARGEST_PIECE_BYTES = 262_144
"""What the gateway holds of one request."""


def tus_version_unsupported() -> Problem:
    return Problem("tus_version_unsupported", "precondition", headers={"Tus-Version": VERSION["Tus-Resumable"]})


def not_an_upload_piece() -> Problem:
    return Problem("not_an_upload_piece", "unsupported_media_type", headers={"Accept": PIECE})


def _version(tus_resumable: Annotated[str | None, Header(description="1.0.0")] = None) -> None:
    if tus_resumable != VERSION["Tus-Resumable"]:
        raise tus_version_unsupported()


def _sender(request: Request) -> Sender:
    """The link that was verified, else the secretariat that was let in for the invitation of the path."""
    if link := getattr(request.state, "link", None):
        return Sender(link.id, link.generation)
    return Sender(UUID(request.path_params["invitation_id"]))


def _files(request: Request) -> Files:
    settings = request.app.state.runtime.settings
    assert isinstance(settings, MembershipSettings)
    return files_at(settings.files_url)


SenderDep = Annotated[Sender, Depends(_sender)]
FilesDep = Annotated[Files, Depends(_files)]
LengthDep = Annotated[int, Header(alias="Upload-Length", ge=0, lt=2**53, description="Bytes of the whole file.")]
OffsetDep = Annotated[int, Header(alias="Upload-Offset", ge=0, lt=2**53, description="Where the piece begins.")]


def tus(rule: Rule, *refusals: Refusal, **described: Any) -> dict[str, Any]:
    """Returns a route's guard, and after it the check that the caller speaks tus 1.0.

    `described` goes to OpenAPI.
    """
    guarded = access(rule, *LINK_REFUSALS, tus_version_unsupported(), *refusals)
    return {
        **guarded,
        "dependencies": [*guarded["dependencies"], Depends(_version)],
        "openapi_extra": {**guarded["openapi_extra"], **described},
    }


def _answered(status: int, *more: str) -> dict[int | str, dict[str, Any]]:
    """Returns the description of an answer that says by its headers how far an upload has come."""
    names = ("Tus-Resumable", "Upload-Offset", "Upload-Expires", *more)
    headers = {name: {"schema": {"type": "string"}} for name in names}
    return {status: {"description": "How far the upload has come.", "headers": headers}}


class ProofOut(BaseModel):
    """A whole proof; `sent_by` is link or secretariat."""

    proof_id: UUID
    media_type: str
    length_bytes: int
    sent_by: str
    finished_at: datetime


@router.options("/answer/proofs", status_code=204, **access(PUBLIC))
async def describe_uploads() -> Response:
    """Says which parts of tus are spoken here."""
    return Response(status_code=204, headers=EXTENSIONS)


BEGINNING = (*ALREADY_ANSWERED, ProofTooLarge, TooManyProofs)
BEGUN: dict[str, Any] = {"status_code": 201, "response_class": Response, "responses": _answered(201, "Location")}


@router.post("/answer/proofs", **BEGUN, **tus(LINK, *BEGINNING))
@router.post(
    "/invitations/{invitation_id}/proofs",
    operation_id="post_proof_of_invitation",
    **BEGUN,
    **tus(OF_INVITATION, *BEGINNING),
)
async def post_proof(
    *, request: Request, sender: SenderDep, length: LengthDep, database: DatabaseDep, now: NowDep, key: IdempotencyDep
) -> Response:
    """Announces a proof of so many bytes; its pieces go to the address in Location, within a day."""
    made = await begin_proof(database, sender, length, now, key)
    proof = await find_proof(database, sender, UUID(made["proof_id"]), now)
    return Response(status_code=201, headers={**_standing(proof), "Location": f"{request.url.path}/{proof.id}"})


STANDING: dict[str, Any] = {"response_class": Response, "responses": _answered(200, "Upload-Length")}


@router.head("/answer/proofs/{proof_id}", **STANDING, **tus(LINK))
@router.head(
    "/invitations/{invitation_id}/proofs/{proof_id}",
    operation_id="head_proof_of_invitation",
    **STANDING,
    **tus(OF_INVITATION),
)
async def head_proof(proof_id: UUID, sender: SenderDep, database: DatabaseDep, now: NowDep) -> Response:
    """Says how many bytes have arrived."""
    proof = await find_proof(database, sender, proof_id, now)
    return Response(headers={**_standing(proof), "Upload-Length": str(proof.length_bytes)})


RECEIVING = (OffsetMismatch, ProofTooLarge, ProofOpensTooLarge, ProofTypeRefused, not_an_upload_piece())
RECEIVED: dict[str, Any] = {"status_code": 204, "responses": _answered(204)}
A_PIECE: dict[str, Any] = {"requestBody": {"required": True, "content": {PIECE: BYTES}}}


@router.patch("/answer/proofs/{proof_id}", **RECEIVED, **tus(LINK, *RECEIVING, **A_PIECE))
@router.patch(
    "/invitations/{invitation_id}/proofs/{proof_id}",
    operation_id="patch_proof_of_invitation",
    **RECEIVED,
    **tus(OF_INVITATION, *RECEIVING, **A_PIECE),
)
async def patch_proof(
    *, proof_id: UUID, request: Request, sender: SenderDep, offset: OffsetDep, database: DatabaseDep, files: FilesDep,
    now: NowDep,
) -> Response:  # fmt: skip
    """Takes the next piece, at most 256 KiB; what is acknowledged is stored. The first piece shows the file's type."""
    if request.headers.get("content-type") != PIECE:
        raise not_an_upload_piece()
    piece = Piece(proof_id, offset, await _piece(request))
    proof = await receive_piece(database, files, sender, piece, now)
    return Response(status_code=204, headers=_standing(proof))


@router.get("/invitations/{invitation_id}/proofs", **access(OF_INVITATION))
async def get_proofs(invitation_id: UUID, database: DatabaseDep) -> list[ProofOut]:
    """Lists the invitation's proofs that have arrived as a whole, the newest first."""
    async with database.transaction() as session:
        return [ProofOut(proof_id=row["id"], **row) for row in await list_proofs(session, invitation_id)]


FILE = {
    "description": "The file.",
    "content": dict.fromkeys(ENDINGS, BYTES),
}


@router.get("/proofs/{proof_id}", response_class=Response, responses={200: FILE}, **access(OF_PROOF))
async def get_proof(proof_id: UUID, database: DatabaseDep, files: FilesDep) -> Response:
    """Returns the file to be saved, a photo without its tags; nothing in it is trusted by whoever shows it."""
    async with database.transaction() as session:
        proof = await load_proof(session, proof_id)
        pieces = await pieces_of(session, proof_id)
    if not proof.finished_at or proof.removal_asked_at or not (proof.folder and proof.media_type):
        raise NotFound
    headers = {
        "Content-Disposition": f'attachment; filename="proof-{proof.id}.{ENDINGS[proof.media_type]}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "no-store",
    }
    content = await files.read(proof.folder, pieces)
    if len(content) != proof.length_bytes:
        # Lost, or being removed at this instant: a part must not be taken for the letter.
        raise FileNotFoundError(f"pieces of proof {proof_id}")
    content = await asyncio.to_thread(without_tags, content, proof.media_type)
    return Response(content, media_type=proof.media_type, headers=headers)


def _standing(proof: Proof) -> Mapping[str, str]:
    headers = {**VERSION, "Upload-Offset": str(proof.received_bytes), "Cache-Control": "no-store"}
    if proof.finished_at is None:
        headers["Upload-Expires"] = format_datetime(proof.expires_at(), usegmt=True)
    return headers


async def _piece(request: Request) -> bytes:
    """Returns the body; raises ProofTooLarge as soon as it is more than one piece may be."""
    piece = bytearray()
    async for part in request.stream():
        piece += part
        if len(piece) > LARGEST_PIECE_BYTES:
            raise ProofTooLarge
    return bytes(piece)
