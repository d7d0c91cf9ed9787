"""Lists that are shown page by page."""

from typing import Annotated

from pydantic import Field

ROWS = 50
"""Rows on one page of a list in the office."""
Cursor = Annotated[str, Field(max_length=500)]
"""The API's cursor, as the address of a page carries it."""
