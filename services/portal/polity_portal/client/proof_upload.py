"""Photos of signed letters on their way to the API: in pieces, as it takes them (tus 1.0)."""

from starlette.datastructures import FormData, UploadFile

from polity_portal.client.api import Api
from polity_portal.client.problems import ApiProblem, Fault

TUS = {"Tus-Resumable": "1.0.0"}
PIECE_BYTES = 200_000
"""Below what the gateway holds of one request."""
LARGEST_BYTES = 10_000_000
REFUSED = {"proof_too_large", "proof_opens_too_large", "proof_type_refused", "too_many_proofs"}


async def file_of(form: FormData) -> bytes:
    """The file of the form's field `file`, empty when none was chosen; one byte more than allowed tells too large."""
    file = form.get("file")
    return await file.read(LARGEST_BYTES + 1) if isinstance(file, UploadFile) else b""


def fault_of(content: bytes) -> Fault | None:
    """What can be said of the file without asking anyone."""
    if not content:
        return Fault("file", "required")
    return Fault("file", "too_large") if len(content) > LARGEST_BYTES else None


def refusal_of(problem: ApiProblem) -> Fault:
    """What the API said of the file. Raises the problem when it is about something else."""
    if problem.slug not in REFUSED:
        raise problem
    return Fault("file", problem.slug, problem.title)


async def upload_proof(api: Api, path: str, content: bytes, *, credentials: str) -> str:
    """Returns the proof's id once all of it has arrived."""
    begin = {**TUS, "Upload-Length": str(len(content))}
    begun = await api.send("POST", path, credentials=credentials, headers=begin)
    place = begun.headers["location"]
    for offset in range(0, len(content), PIECE_BYTES):
        headers = {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        piece = content[offset : offset + PIECE_BYTES]
        await api.send("PATCH", place, credentials=credentials, headers=headers, content=piece)
    return str(place.rpartition("/")[2])
