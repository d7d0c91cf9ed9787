"""The register of local governments: finding places twice, and adding many at once."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.domain.local_governments import LocalGovernment, PlaceKey
from polity_membership.domain.people import Person
from polity_membership.storage.aggregates import columns
from polity_membership.storage.bulk import insert_many
from polity_membership.storage.tables import table

_ALREADY_THERE = text("""
SELECT name, country, latitude, longitude FROM local_government
  JOIN unnest(CAST(:names AS text[]), CAST(:countries AS text[]), CAST(:latitudes AS float8[]),
              CAST(:longitudes AS float8[])) AS asked (name, country, latitude, longitude)
 USING (name, country, latitude, longitude)
 WHERE network_id = :network_id
""")


async def places_there(session: AsyncSession, network_id: UUID, places: Iterable[PlaceKey]) -> set[PlaceKey]:
    """Returns those of the places that the network's register has already."""
    names, countries, latitudes, longitudes = map(list, zip(*places, strict=True)) if places else ([], [], [], [])
    connection = await session.connection()
    result = await connection.execute(
        _ALREADY_THERE,
        {
            "network_id": network_id,
            "names": names,
            "countries": countries,
            "latitudes": latitudes,
            "longitudes": longitudes,
        },
    )
    return {(row.name, row.country, row.latitude, row.longitude) for row in result}


async def add_register(session: AsyncSession, entries: Sequence[tuple[LocalGovernment, Person | None]]) -> None:
    """Inserts local governments with their contacts, in one statement for each table."""
    await insert_many(session, table("local_government"), [columns(place) for place, _ in entries])
    await insert_many(session, table("person"), [columns(person) for _, person in entries if person])
    links = [{"local_government_id": place.id, "person_id": person.id} for place, person in entries if person]
    await insert_many(session, table("local_government_contact"), links)


async def add_member(session: AsyncSession, network_id: UUID, local_government_id: UUID, office: str) -> bool:
    """Notes the member; returns False when it was one before."""
    connection = await session.connection()
    result = await connection.execute(
        insert(table("network_member"))
        .values(network_id=network_id, local_government_id=local_government_id, office=office)
        .on_conflict_do_nothing()
    )
    return result.rowcount == 1
