"""Who has pledged, as files for other programs: CSV (RFC 4180) and GeoJSON (RFC 7946)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from polity_reporting.http.csv_text import Cell, csv_text
from polity_reporting.http.reading import DEMONSTRATION
from polity_reporting.storage.progress import Campaign

RANKS = 3
"""A commitment ranks so many themes."""
_COLUMNS = ("ordinal", "local_government_id", "name", "country", "region", "latitude", "longitude", "committed_at")
HEADER = ("note", *_COLUMNS, *(f"theme_{rank}" for rank in range(1, RANKS + 1)))
BYTE_ORDER_MARK = "\ufeff"
"""Without it a spreadsheet takes the letters of most languages for others."""

Row = Mapping[Any, Any]

_POINT = {
    "type": ["object", "null"],
    "required": ["type", "coordinates"],
    "properties": {
        "type": {"const": "Point"},
        "coordinates": {
            "type": "array",
            "description": "Longitude, latitude.",
            "items": {"type": "number"},
            "minItems": 2,
            "maxItems": 2,
        },
    },
}
_PLEDGE = {
    "type": "object",
    "required": ["name", "country", "region", "ordinal", "themes", "committed_at"],
    "properties": {
        "name": {"type": "string"},
        "country": {"type": "string", "description": "ISO 3166-1 alpha-2."},
        "region": {"type": "string", "description": "UN M49 sub-region."},
        "ordinal": {"type": "integer"},
        "themes": {"type": "array", "items": {"type": "string"}, "description": "Theme codes, the first ranked first."},
        "committed_at": {"type": "string", "format": "date-time"},
    },
}
_FEATURE = {
    "type": "object",
    "required": ["type", "id", "geometry", "properties"],
    "properties": {
        "type": {"const": "Feature"},
        "id": {"type": "string", "format": "uuid", "description": "The local government."},
        "geometry": _POINT,
        "properties": _PLEDGE,
    },
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "campaign_id", "title", "note", "features"],
    "properties": {
        "type": {"const": "FeatureCollection"},
        "campaign_id": {"type": "string", "format": "uuid"},
        "title": {"type": "object", "additionalProperties": {"type": "string"}},
        "note": {"type": ["string", "null"], "description": "`demonstration data`, or null."},
        "features": {"type": "array", "items": _FEATURE},
    },
}
"""Of the FeatureCollection, as OpenAPI tells it."""


def table(campaign: Campaign, rows: Sequence[Row]) -> str:
    """Returns the CSV text; a line's first cell says so where the campaign is a demonstration."""
    return BYTE_ORDER_MARK + csv_text(HEADER, _lines(campaign, rows))


def _lines(campaign: Campaign, rows: Sequence[Row]) -> Iterator[tuple[Cell, ...]]:
    note = DEMONSTRATION if campaign.demonstration else ""
    for row in rows:
        themes = [*row["themes"], *[None] * RANKS][:RANKS]
        cells = {**row, "committed_at": row["committed_at"].isoformat(), "local_government_id": _id(row)}
        yield (note, *(cells[name] for name in _COLUMNS), *themes)


def feature_collection(campaign: Campaign, rows: Sequence[Row]) -> str:
    """Returns the GeoJSON text; a place without a position has a null geometry."""
    collection = {
        "type": "FeatureCollection",
        "campaign_id": str(campaign.campaign_id),
        "title": campaign.title,
        "note": DEMONSTRATION if campaign.demonstration else None,
        "features": [_feature(row) for row in rows],
    }
    return json.dumps(collection, ensure_ascii=False, separators=(",", ":"))


def _feature(row: Row) -> dict[str, Any]:
    placed = row["latitude"] is not None and row["longitude"] is not None
    shown = ("name", "country", "region", "ordinal", "themes")
    return {
        "type": "Feature",
        "id": _id(row),
        "geometry": {"type": "Point", "coordinates": [row["longitude"], row["latitude"]]} if placed else None,
        "properties": {**{name: row[name] for name in shown}, "committed_at": row["committed_at"].isoformat()},
    }


def _id(row: Row) -> str:
    return str(row["local_government_id"])
