"""RemoveProofs: the files of proofs that were marked for removal are deleted."""

import logging
from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.database.errors import describe

from polity_membership.proofs.files import Files
from polity_membership.proofs.queries import give_up_unfinished, next_removal, note_removed

log = logging.getLogger(__name__)


async def remove_proofs(database: Database, files: Files, now: datetime) -> int:
    """Returns how many proofs' files were deleted, unfinished uploads included.

    One that can't be deleted holds none of the others back and is tried again at the next call. A kill in between
    leaves a row that still names its folder, and the next call deletes again. Raises OSError at the end where one
    could not be deleted.
    """
    async with database.transaction() as session:
        await give_up_unfinished(session, now)
    removed, after = 0, UUID(int=0)
    failed: OSError | None = None
    while True:
        async with database.transaction() as session:
            removal = await next_removal(session, after)
        if removal is None:
            break
        after = removal.id
        try:
            await files.remove(removal.folder)
        except OSError as error:
            log.warning("a proof was not removed: %s", describe(error, personal=True), extra={"proof": str(after)})
            failed = error
            continue
        async with database.transaction() as session:
            await note_removed(session, removal)
        removed += removal.first
    if failed:
        raise failed
    return removed
