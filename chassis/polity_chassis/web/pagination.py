"""Keyset pagination: each page begins after the last row of the one before, however long the list grows."""

import base64
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, tuple_
from starlette.requests import Request
from starlette.responses import Response

from polity_chassis.web.headers import clean_header
from polity_chassis.web.problems import FieldError, Problem

T = TypeVar("T")
MAX_LIMIT = 200


def _text(value: str) -> str:
    value.encode()  # half of a surrogate pair is no text
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    "t": lambda value: datetime.fromisoformat(value).astimezone(UTC),
    "d": date.fromisoformat,
    "u": UUID,
    "s": _text,
    "i": lambda value: value if -(2**63) <= value < 2**63 else None,
}


class Page(BaseModel, Generic[T]):
    """One page of a list; `next` is the cursor of the page after it, None on the last."""

    items: list[T]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The page asked for: the key that it begins after, and how many rows it holds at most."""

    after: tuple[Any, ...] | None
    limit: int


def page_request(
    cursor: Annotated[str | None, Query(max_length=1000, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Rows per page: 1 to 200.")] = 50,
) -> PageRequest:
    """Returns the page asked for; raises Problem (422) for a cursor that was not made here."""
    return PageRequest(decode(cursor) if cursor else None, limit)


PageDep = Annotated[PageRequest, Depends(page_request)]


def keyset(
    statement: Select[Any], columns: Sequence[ColumnElement[Any]], page: PageRequest, *, descending: bool = False
) -> Select[Any]:
    """Returns one page ordered by `columns` (the last one unique), with one row more to look ahead.

    Raises Problem (422) for the cursor of another list.
    """
    if page.after is not None:
        kinds = [column.type.python_type for column in columns]
        if [type(value) for value in page.after] != kinds:
            raise _bad_cursor()
        row, last = tuple_(*columns), tuple_(*page.after)
        statement = statement.where(row < last if descending else row > last)
    order = [column.desc() for column in columns] if descending else columns
    return statement.order_by(*order).limit(page.limit + 1)


def cut(rows: Sequence[T], page: PageRequest, key: Callable[[T], tuple[Any, ...]]) -> tuple[Sequence[T], str | None]:
    """Returns the page's rows and the next cursor; `key` gives a row's values of the ordering columns."""
    if len(rows) <= page.limit:
        return rows, None
    kept = rows[: page.limit]
    return kept, encode(key(kept[-1]))


def link_next(request: Request, response: Response, cursor: str | None) -> None:
    """Adds `Link: <…>; rel="next"` (RFC 8288) to the answer unless it is the last page."""
    if cursor:
        url = request.url.include_query_params(cursor=cursor)
        response.headers["Link"] = clean_header(f'<?{url.query}>; rel="next"')


def encode(values: Iterable[Any]) -> str:
    """Returns the cursor of a row's key: opaque to callers, safe in a URL."""
    tagged = [[_tag(value), value if isinstance(value, int) else _plain(value)] for value in values]
    return base64.urlsafe_b64encode(json.dumps(tagged, separators=(",", ":")).encode()).rstrip(b"=").decode()


def decode(cursor: str) -> tuple[Any, ...]:
    """Returns the key that the cursor names; raises Problem (422)."""
    try:
        tagged = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return tuple(_READERS[tag](value) for tag, value in tagged)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise _bad_cursor() from None


def _tag(value: Any) -> str:
    kinds = ((datetime, "t"), (date, "d"), (UUID, "u"), (str, "s"), (int, "i"))
    return next(tag for kind, tag in kinds if isinstance(value, kind))


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _bad_cursor() -> Problem:
    return Problem("invalid_request", "invalid", errors=[FieldError("cursor", "not_a_cursor")])
