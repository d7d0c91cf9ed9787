"""Uploaded files as tables."""

import asyncio

from polity_membership.tabular_import.domain.csv_files import csv_table
from polity_membership.tabular_import.domain.findings import Fault
from polity_membership.tabular_import.domain.reading import MAX_BYTES, Columns, Table, Upload
from polity_membership.tabular_import.domain.workbooks import is_workbook, workbook_table

_ONE_WORKBOOK = asyncio.Lock()
"""An open workbook takes many times the memory of its file, so only one is open at a time."""


async def table_of(upload: Upload, columns: Columns) -> Table:
    """Returns the file's records, or the faults for which it can't be read at all."""
    if len(upload.data) > MAX_BYTES:
        return Table(iter(()), [Fault(1, None, "too_large")])
    if is_workbook(upload.data):
        async with _ONE_WORKBOOK:
            return await asyncio.to_thread(workbook_table, upload.data, upload.changes.sheet)
    return await asyncio.to_thread(csv_table, upload.data, columns)
