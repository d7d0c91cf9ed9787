"""The projection's writes: one statement for a set of any size, in key order so that two writers never deadlock."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, Boolean, DateTime, Double, Integer, Text, TextClause, Uuid, bindparam, text
from sqlalchemy.types import TypeEngine
from sqlmodel.ext.asyncio.session import AsyncSession


async def write(session: AsyncSession, statement: TextClause, parameters: Mapping[str, Sequence[object]]) -> None:
    """Runs one of the statements below with its arrays, all of the same length."""
    connection = await session.connection()
    await connection.execute(statement, parameters)


_UUIDS = ARRAY(Uuid)
_TEXTS = ARRAY(Text)
_NUMBERS = ARRAY(Integer)
_INSTANTS = ARRAY(DateTime(timezone=True))


def _statement(sql: str, **arrays: TypeEngine[Any]) -> TextClause:
    return text(sql).bindparams(*(bindparam(name, type_=array) for name, array in arrays.items()))


CHANGED = _statement(
    """
    INSERT INTO campaign (campaign_id, version)
    SELECT campaign_id, pg_current_xact_id()::text::bigint
    FROM unnest(:campaign_ids) AS changed (campaign_id) ORDER BY campaign_id
    ON CONFLICT (campaign_id) DO UPDATE SET version = excluded.version
    """,
    campaign_ids=_UUIDS,
)

ANSWERED = _statement(
    """
    INSERT INTO campaign (campaign_id, answers_version)
    SELECT campaign_id, pg_current_xact_id()::text::bigint
    FROM unnest(:campaign_ids) AS changed (campaign_id) ORDER BY campaign_id
    ON CONFLICT (campaign_id) DO UPDATE SET answers_version = excluded.answers_version
    """,
    campaign_ids=_UUIDS,
)

NETWORKS = _statement(
    """
    INSERT INTO campaign_network (campaign_id, network_id)
    SELECT * FROM unnest(:campaign_ids, :network_ids) ON CONFLICT (campaign_id) DO NOTHING
    """,
    campaign_ids=_UUIDS,
    network_ids=_UUIDS,
)

CHANGED_BY_LOCAL_GOVERNMENT = _statement(
    """
    INSERT INTO campaign (campaign_id, version)
    SELECT DISTINCT campaign_id, pg_current_xact_id()::text::bigint
    FROM answer WHERE local_government_id = ANY (:local_government_ids) AND committed_at IS NOT NULL
    ORDER BY campaign_id
    ON CONFLICT (campaign_id) DO UPDATE SET version = excluded.version
    """,
    local_government_ids=_UUIDS,
)

CAMPAIGNS = _statement(
    """
    UPDATE campaign SET
        title = opened.title, fallback_language = opened.fallback_language, time_zone = opened.time_zone,
        themes = opened.themes, milestones = opened.milestones, demonstration = opened.demonstration
    FROM unnest(
        :campaign_ids, CAST(:titles AS jsonb[]), :fallback_languages, :time_zones, CAST(:themes AS jsonb[]),
        CAST(:milestones AS jsonb[]), :demonstrations
    ) AS opened (campaign_id, title, fallback_language, time_zone, themes, milestones, demonstration)
    WHERE campaign.campaign_id = opened.campaign_id
    """,
    campaign_ids=_UUIDS,
    titles=_TEXTS,
    fallback_languages=_TEXTS,
    time_zones=_TEXTS,
    themes=_TEXTS,
    milestones=_TEXTS,
    demonstrations=ARRAY(Boolean),
)

LOCAL_GOVERNMENTS = _statement(
    """
    INSERT INTO local_government (local_government_id, name, country, region, latitude, longitude)
    SELECT * FROM unnest(:local_government_ids, :names, :countries, :regions, :latitudes, :longitudes)
    ON CONFLICT (local_government_id)
    DO UPDATE SET name = excluded.name, country = excluded.country, region = excluded.region,
        latitude = excluded.latitude, longitude = excluded.longitude
    """,
    local_government_ids=_UUIDS,
    names=_TEXTS,
    countries=_TEXTS,
    regions=_TEXTS,
    latitudes=ARRAY(Double),
    longitudes=ARRAY(Double),
)

_FIRST = """
    INSERT INTO answer (campaign_id, local_government_id, {column})
    SELECT campaign_id, local_government_id, min(instant)
    FROM unnest(:campaign_ids, :local_government_ids, :instants) AS facts (campaign_id, local_government_id, instant)
    GROUP BY campaign_id, local_government_id ORDER BY campaign_id, local_government_id
    ON CONFLICT (campaign_id, local_government_id) DO UPDATE SET {column} = least(answer.{column}, excluded.{column})
    """

INVITED = _statement(
    _FIRST.format(column="invited_at"), campaign_ids=_UUIDS, local_government_ids=_UUIDS, instants=_INSTANTS
)

INTERESTED = _statement(
    _FIRST.format(column="interested_at"), campaign_ids=_UUIDS, local_government_ids=_UUIDS, instants=_INSTANTS
)

WITHDRAWN = _statement(
    """
    INSERT INTO answer (campaign_id, local_government_id, withdrawn_at, withdrawn_ordinal)
    SELECT DISTINCT ON (campaign_id, local_government_id) campaign_id, local_government_id, instant, ordinal
    FROM unnest(:campaign_ids, :local_government_ids, :instants, :ordinals)
        AS facts (campaign_id, local_government_id, instant, ordinal)
    ORDER BY campaign_id, local_government_id, ordinal DESC
    ON CONFLICT (campaign_id, local_government_id) DO UPDATE
    SET withdrawn_ordinal = excluded.withdrawn_ordinal,
        withdrawn_at = CASE WHEN answer.ordinal > excluded.withdrawn_ordinal THEN NULL ELSE excluded.withdrawn_at END
    WHERE answer.withdrawn_ordinal IS NULL OR excluded.withdrawn_ordinal > answer.withdrawn_ordinal
    """,
    campaign_ids=_UUIDS,
    local_government_ids=_UUIDS,
    instants=_INSTANTS,
    ordinals=_NUMBERS,
)

SUBMITTED = _statement(
    """
    INSERT INTO submission (campaign_id, local_government_id, at, step, answer_step)
    SELECT DISTINCT ON (campaign_id, place_id, at) *
    FROM unnest(:campaign_ids, :local_government_ids, :instants, :steps, :answer_steps)
        AS facts (campaign_id, place_id, at, step, answer_step)
    ORDER BY campaign_id, place_id, at, answer_step DESC NULLS LAST
    ON CONFLICT (campaign_id, local_government_id, at) DO UPDATE
    SET step = excluded.step, answer_step = excluded.answer_step
    WHERE excluded.answer_step > coalesce(submission.answer_step, 0)
    """,
    campaign_ids=_UUIDS,
    local_government_ids=_UUIDS,
    instants=_INSTANTS,
    steps=_TEXTS,
    answer_steps=_NUMBERS,
)

COMMITTED = _statement(
    """
    INSERT INTO answer (campaign_id, local_government_id, committed_at, ordinal, first_theme, themes)
    SELECT DISTINCT ON (campaign_id, local_government_id)
        campaign_id, local_government_id, instant, ordinal, themes ->> 0, themes
    FROM unnest(:campaign_ids, :local_government_ids, :instants, :ordinals, CAST(:themes AS jsonb[]))
        AS facts (campaign_id, local_government_id, instant, ordinal, themes)
    ORDER BY campaign_id, local_government_id, ordinal DESC
    ON CONFLICT (campaign_id, local_government_id) DO UPDATE
    SET committed_at = excluded.committed_at, ordinal = excluded.ordinal, first_theme = excluded.first_theme,
        themes = excluded.themes,
        withdrawn_at = CASE WHEN answer.withdrawn_ordinal >= excluded.ordinal THEN answer.withdrawn_at END
    WHERE answer.ordinal IS NULL OR excluded.ordinal > answer.ordinal
    """,
    campaign_ids=_UUIDS,
    local_government_ids=_UUIDS,
    instants=_INSTANTS,
    ordinals=_NUMBERS,
    themes=_TEXTS,
)

REACHED = _statement(
    """
    INSERT INTO milestone (campaign_id, threshold, ordinal, commitment_id, reached_at)
    SELECT * FROM unnest(:campaign_ids, :thresholds, :ordinals, :commitment_ids, :instants)
    ON CONFLICT (campaign_id, threshold) DO NOTHING
    """,
    campaign_ids=_UUIDS,
    thresholds=_NUMBERS,
    ordinals=_NUMBERS,
    commitment_ids=_UUIDS,
    instants=_INSTANTS,
)

ANNOUNCED = _statement(
    """
    UPDATE milestone SET announced_at = announced.at
    FROM unnest(:campaign_ids, :thresholds, :instants) AS announced (campaign_id, threshold, at)
    WHERE milestone.campaign_id = announced.campaign_id AND milestone.threshold = announced.threshold
    """,
    campaign_ids=_UUIDS,
    thresholds=_NUMBERS,
    instants=_INSTANTS,
)
