"""Files that people send, as tables."""

import asyncio

from polity_membership.domain.csv_files import csv_table
from polity_membership.domain.readings import Fault
from polity_membership.domain.sheets import MAX_BYTES, Columns, Table, Upload


async def table_of(upload: Upload, columns: Columns) -> Table:
    """Returns the file's records, or the faults for which it can't be read at all."""
    if len(upload.data) > MAX_BYTES:
        return Table(iter(()), [Fault(1, None, "too_large")])
    return await asyncio.to_thread(csv_table, upload.data, columns)
