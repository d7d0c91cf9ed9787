"""Uploads photos of signed letters to the API, in pieces (tus 1.0)."""

from starlette.datastructures import FormData, UploadFile

from polity_portal.client.api import Api
from polity_portal.client.problems import ApiProblem, Fault

TUS = {"Tus-Resumable": "1.0.0"}
PIECE_BYTES = 200_000
"""Must be below the gateway's limit for a request."""
LARGEST_BYTES = 10_000_000
REFUSED = {"proof_too_large", "proof_opens_too_large", "proof_type_refused", "too_many_proofs"}


async def file_of(form: FormData) -> bytes:
    """Returns the file of the field `file`, empty if none was chosen. Reads at most one byte more than is allowed."""
    file = form.get("file")
    return await file.read(LARGEST_BYTES + 1) if isinstance(file, UploadFile) else b""


def fault_of(content: bytes) -> Fault | None:
    """Returns what is wrong with the file as far as the portal can tell; None if nothing is."""
    if not content:
        return Fault("file", "required")
    return Fault("file", "too_large") if len(content) > LARGEST_BYTES else None


def refusal_of(problem: ApiProblem) -> Fault:
    """Returns what the API found wrong with the file. Raises the problem if it is about something else."""
    if problem.slug not in REFUSED:
        raise problem
    return Fault("file", problem.slug, problem.title)


async def upload_proof(api: Api, path: str, content: bytes, *, credentials: str) -> str:
    """Uploads all of the file and returns the proof's id."""
    begin = {**TUS, "Upload-Length": str(len(content))}
    begun = await api.send("POST", path, credentials=credentials, headers=begin)
    place = begun.headers["location"]
    for offset in range(0, len(content), PIECE_BYTES):
        headers = {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        piece = content[offset : offset + PIECE_BYTES]
        await api.send("PATCH", place, credentials=credentials, headers=headers, content=piece)
    return str(place.rpartition("/")[2])
