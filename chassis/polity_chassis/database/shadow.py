"""Copies of tables in a schema of their own, and the swap that replaces the originals by them.

Every connection here has only the shadow's schema in its search path: a name without a schema is the shadow's.
"""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_CHASSIS = ("inbox", "consumer_position", "parked_message")

_UNFIT = text("""
SELECT conrelid::regclass::text AS name FROM pg_constraint
 WHERE contype = 'f' AND conrelid = ANY(CAST(:tables AS regclass[]))
 UNION SELECT tgrelid::regclass::text FROM pg_trigger
 WHERE NOT tgisinternal AND tgrelid = ANY(CAST(:tables AS regclass[]))
""")
_CONSTRAINTS = text("""
SELECT format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', CAST(:schema AS text), relname, conname,
              pg_get_constraintdef(c.oid))
  FROM pg_constraint c JOIN pg_class t ON t.oid = conrelid
 WHERE contype IN ('p', 'u', 'x') AND conrelid = CAST(:table AS regclass)
""")
_INDEXES = text("""
SELECT replace(pg_get_indexdef(indexrelid), format(' ON %s ', CAST(:table AS text)),
               format(' ON %I.%I ', CAST(:schema AS text), relname))
  FROM pg_index i JOIN pg_class t ON t.oid = indrelid
 WHERE indrelid = CAST(:table AS regclass)
   AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
""")

_STRUCTURE = text("""
SELECT 'column ' || attname,
       concat_ws(' ', row_number() OVER (ORDER BY attnum), format_type(atttypid, atttypmod), attcollation::regcollation,
                 CASE WHEN attnotnull THEN 'NOT NULL' END, attidentity, attgenerated, pg_get_expr(adbin, adrelid))
  FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
 WHERE attrelid = CAST(:table AS regclass) AND attnum > 0 AND NOT attisdropped
 UNION ALL
SELECT 'constraint', pg_get_constraintdef(oid)
  FROM pg_constraint WHERE conrelid = CAST(:table AS regclass) AND contype <> 'n'
 UNION ALL
SELECT 'index', regexp_replace(pg_get_indexdef(indexrelid), ' INDEX .* ON [^ ]+ ', ' INDEX ON ')
  FROM pg_index WHERE indrelid = CAST(:table AS regclass)
 UNION ALL
SELECT 'trigger ' || tgname, pg_get_triggerdef(oid)
  FROM pg_trigger WHERE tgrelid = CAST(:table AS regclass) AND NOT tgisinternal
 ORDER BY 1, 2
""")

_COPY_DISCARDS = text("""
INSERT INTO parked_message
SELECT * FROM public.parked_message WHERE consumer = :consumer AND discarded_at IS NOT NULL
""")
_BOOKKEEPING = (
    # The live consumer moves its positions first in each transaction, so from here on it waits.
    "SELECT FROM public.consumer_position WHERE consumer = :consumer ORDER BY topic, partition FOR UPDATE",
    "DELETE FROM public.consumer_position WHERE consumer = :consumer",
    "INSERT INTO public.consumer_position SELECT * FROM consumer_position",
    "DELETE FROM public.inbox WHERE consumer = :consumer",
    "INSERT INTO public.inbox SELECT * FROM inbox",
    "DELETE FROM public.parked_message WHERE consumer = :consumer AND discarded_at IS NULL",
    "INSERT INTO public.parked_message SELECT * FROM parked_message ON CONFLICT DO NOTHING",
)


class NotRebuildable(Exception):
    """A table has foreign keys or triggers, which the swap would lose."""


class StructureChanged(Exception):
    """A table was changed while its copy was filled: the swap would undo the change."""


async def create_shadow(connection: AsyncConnection, schema: str, consumer: str, tables: Sequence[str]) -> None:
    """Creates the schema with empty tables, those of the chassis included, and a copy of the consumer's discards.

    All indexes exist from the beginning: a handler may read by any, and without it each batch would scan the table.
    """
    unfit = (await connection.execute(_UNFIT, {"tables": [f"public.{table}" for table in tables]})).scalars().all()
    if unfit:
        raise NotRebuildable(", ".join(unfit))
    await connection.execute(text(f'CREATE SCHEMA "{schema}"'))
    for table in _CHASSIS:
        await connection.execute(text(f"CREATE UNLOGGED TABLE {table} (LIKE public.{table} INCLUDING ALL)"))
    for table in tables:
        await connection.execute(
            text(f'CREATE UNLOGGED TABLE "{table}" (LIKE public."{table}" INCLUDING ALL EXCLUDING INDEXES)')
        )
        await _run(connection, _CONSTRAINTS, {"schema": schema, "table": f"public.{table}"})
        await _run(connection, _INDEXES, {"schema": schema, "table": f"public.{table}"})
    await connection.execute(_COPY_DISCARDS, {"consumer": consumer})


async def keep_shadow(connection: AsyncConnection, tables: Sequence[str]) -> None:
    """Makes the filled tables durable and analyzes them."""
    for table in tables:
        await connection.execute(text(f'ALTER TABLE "{table}" SET LOGGED'))
        await connection.execute(text(f'ANALYZE "{table}"'))


async def swap_shadow(connection: AsyncConnection, consumer: str, tables: Sequence[str]) -> None:
    """Puts the shadow's tables, inbox, positions and parked messages in place, in the caller's transaction.

    Readers wait only while the tables are renamed, at the end. Discards made meanwhile stay. Raises StructureChanged.
    """
    await connection.execute(text("SET LOCAL lock_timeout = '3s'"))
    schema = (await connection.execute(text("SELECT current_schema()"))).scalar_one()
    for statement in _BOOKKEEPING:
        parameters = {"consumer": consumer} if ":consumer" in statement else {}
        await connection.execute(text(statement), parameters)
    await connection.execute(text("LOCK TABLE " + ", ".join(f'public."{table}"' for table in tables)))
    await _compare(connection, schema, (*tables, *_CHASSIS))
    for table in tables:
        await connection.execute(text(f'DROP TABLE public."{table}"'))
        await connection.execute(text(f'ALTER TABLE "{schema}"."{table}" SET SCHEMA public'))


async def _compare(connection: AsyncConnection, schema: str, tables: Sequence[str]) -> None:
    changed = []
    for table in tables:
        shadow, living = [
            (await connection.execute(_STRUCTURE, {"table": f'"{place}"."{table}"'})).all()
            for place in (schema, "public")
        ]
        if shadow != living:
            changed.append(table)
    if changed:
        raise StructureChanged(", ".join(changed))


async def drop_shadow(connection: AsyncConnection, schema: str) -> None:
    """Removes the schema and whatever is left in it."""
    await connection.execute(text(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE'))


async def _run(connection: AsyncConnection, making: object, parameters: dict[str, object]) -> None:
    for (statement,) in (await connection.execute(making, parameters)).all():  # type: ignore[call-overload]
        await connection.execute(text(statement))
