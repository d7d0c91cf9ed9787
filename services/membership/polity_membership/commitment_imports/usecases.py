"""ImportCommitments: commitments of earlier waves are added to a campaign with their own dates, all or none."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from polity_chassis.database.engine import Database
from polity_chassis.ids import new_id
from polity_chassis.messaging.publishing.outbox import Outgoing, add_facts, add_outgoing
from polity_chassis.web.idempotency import Ids, Key, once
from sqlmodel.ext.asyncio.session import AsyncSession

from polity_membership.campaigns.domain import Campaign
from polity_membership.commitment_imports.domain.matching import (
    KnownLocalGovernment,
    MatchedRow,
    Matches,
    match_rows,
    resolve_rows,
)
from polity_membership.commitment_imports.domain.rows import COLUMNS, ImportedCommitment, read_commitments
from polity_membership.commitment_imports.queries import (
    add_commitments,
    close_invitations,
    invitations_of,
    known_local_governments,
    lock_invitations,
    lock_known,
)
from polity_membership.commitments.domain import NewCommitment, commit_imported
from polity_membership.database.aggregates import load, lock, save
from polity_membership.invitations.domain import Invitation
from polity_membership.invitations.queries import add_invitations
from polity_membership.local_governments.domain import LocalGovernment
from polity_membership.local_governments.errors import RegisterChanged
from polity_membership.local_governments.queries import add_contacts, public_local_governments
from polity_membership.networks.domain import Network
from polity_membership.people.domain import Person
from polity_membership.reference_data.reference import reference
from polity_membership.register_imports.queries import add_register, change_register, register_of
from polity_membership.register_imports.usecases import again_if_register_changed, contact_of, done, local_government_of
from polity_membership.tabular_import.domain.findings import ImportRefused, Reading
from polity_membership.tabular_import.domain.reading import Upload
from polity_membership.tabular_import.uploads import table_of


@dataclass(frozen=True, slots=True)
class Seen:
    """What an import was prepared from, read without locks. If any of it has changed since, it is prepared again."""

    network: Network
    matched: Matches
    known: Mapping[UUID, KnownLocalGovernment]
    invitations: Mapping[UUID, Invitation]


@dataclass(slots=True)
class Batch:
    """What an import adds, in the order of the file."""

    local_governments: list[tuple[LocalGovernment, Person | None]] = field(default_factory=list)
    contacts: list[tuple[UUID, Person]] = field(default_factory=list)
    invitations: list[Invitation] = field(default_factory=list)
    answered: list[Invitation] = field(default_factory=list)
    signatories: list[Person] = field(default_factory=list)
    new_commitments: list[NewCommitment] = field(default_factory=list)
    facts: list[Outgoing] = field(default_factory=list)
    """Those of local governments, contacts and invitations."""


async def check_commitments(
    database: Database, campaign_id: UUID, upload: Upload, now: datetime
) -> Reading[ImportedCommitment]:
    """Returns what an import of the file would find, and writes nothing; raises NotFound."""
    campaign, read = await _read(database, campaign_id, upload, now)
    seen = await _look(database, campaign, read, upload)
    return (await asyncio.to_thread(resolve_rows, read, seen.matched, seen.known.values(), upload.changes))[0]


async def import_commitments(
    database: Database, campaign_id: UUID, upload: Upload, now: datetime, key: Key | None = None
) -> Ids:
    """Returns how many `rows` the file has and how many were `imported`, `set_aside` and `already_there`.

    Raises NotFound, RegisterChanged, or ImportRefused if a row is faulty or may be a local government of the register.
    """
    campaign, read = await _read(database, campaign_id, upload, now)

    async def match_and_add() -> Ids:
        seen = await _look(database, campaign, read, upload)
        reading, batch = await asyncio.to_thread(_prepared, read, upload, campaign, seen)

        async def bring_in() -> Ids:
            if reading.held_back:
                raise ImportRefused(reading)
            await change_register(session, seen.network)
            locked = await lock(session, Campaign, campaign_id)
            known = await lock_known(session, campaign, seen.matched.ids())
            if known != seen.known or await lock_invitations(session, known) != seen.invitations:
                raise RegisterChanged
            await _write(session, locked, batch, now)
            return done(reading)

        async with database.transaction() as session:
            return await once(session, key, bring_in)

    return await again_if_register_changed(match_and_add)


async def _read(
    database: Database, campaign_id: UUID, upload: Upload, now: datetime
) -> tuple[Campaign, Reading[ImportedCommitment]]:
    """Reads the file before anything is locked: themes and zone of a campaign never change."""
    async with database.transaction() as session:
        campaign = await load(session, Campaign, campaign_id)
    table = await table_of(upload, COLUMNS)
    return campaign, await asyncio.to_thread(read_commitments, table, upload.changes, campaign, reference(), now)


async def _look(database: Database, campaign: Campaign, read: Reading[ImportedCommitment], upload: Upload) -> Seen:
    """Returns what the rows are about, as it stands now; nothing is locked."""
    async with database.transaction() as session:
        # The version first, as in an import of the register.
        network = await load(session, Network, campaign.network_id)
        register = await register_of(session, network.id)
    matched = await asyncio.to_thread(match_rows, read, register, upload.changes)
    async with database.transaction() as session:
        known = await known_local_governments(session, campaign, matched.ids())
        return Seen(network, matched, known, await invitations_of(session, known))


def _prepared(
    read: Reading[ImportedCommitment], upload: Upload, campaign: Campaign, seen: Seen
) -> tuple[Reading[ImportedCommitment], Batch]:
    """Returns what is told of the file, and what is to be added as far as it depends on no number of the campaign's."""
    reading, found = resolve_rows(read, seen.matched, seen.known.values(), upload.changes)
    batch = Batch()
    for one in () if reading.held_back else found:
        _prepare(batch, one, campaign, seen)
    people = [person for _, person in batch.local_governments if person] + [person for _, person in batch.contacts]
    batch.facts += [
        Outgoing(local_government.id, local_government.fact_sequence, local_government.register())
        for local_government, _ in batch.local_governments
    ]
    batch.facts += [Outgoing(person.id, person.fact_sequence, person.record()) for person in people]
    batch.facts += [Outgoing(asked.id, asked.fact_sequence, asked.bring_in()) for asked in batch.invitations]
    return reading, batch


def _prepare(batch: Batch, found: MatchedRow, campaign: Campaign, seen: Seen) -> None:
    entry, known = found.entry, found.known
    invitation = seen.invitations.get(known.invitation_id) if known and known.invitation_id else None
    if invitation:
        # A copy: the one that was read is compared with what it has become.
        invitation = replace(invitation)
        batch.answered.append(invitation)
    else:
        invitation = _invitation(batch, found, campaign, seen.network)
        batch.invitations.append(invitation)
    signatory = Person(
        id=new_id(),
        name=entry.signatory_name,
        office=entry.signatory_office,
        language=invitation.language,
        email=None,
    )
    batch.signatories.append(signatory)
    batch.new_commitments.append(NewCommitment(invitation, entry.content, new_id(), signatory.id, entry.committed_at))


def _invitation(batch: Batch, found: MatchedRow, campaign: Campaign, network: Network) -> Invitation:
    entry = found.entry
    local_government_id, contact_id, language = _local_government(batch, found, network)
    return Invitation(
        id=new_id(),
        campaign_id=campaign.id,
        network_id=campaign.network_id,
        local_government_id=local_government_id,
        contact_id=contact_id,
        language=language,
        wave=entry.wave,
        reply_by=campaign.reply_by,
        issued_at=entry.invited_at,
        interested_at=entry.interested_at,
        fact_sequence=1,
    )


def _local_government(batch: Batch, found: MatchedRow, network: Network) -> tuple[UUID, UUID, str]:
    """Returns the local government, its contact and the contact's language, registered now where missing."""
    entry, known = found.entry, found.known
    if known and known.contact_id and known.language:
        return known.id, known.contact_id, known.language
    assert entry.contact is not None
    contact = contact_of(entry.contact)
    assert contact.language is not None
    if known:
        batch.contacts.append((known.id, contact))
        return known.id, contact.id, contact.language
    assert entry.local_government is not None
    local_government = local_government_of(entry.local_government, network)
    batch.local_governments.append((local_government, contact))
    return local_government.id, contact.id, contact.language


async def _write(session: AsyncSession, campaign: Campaign, batch: Batch, now: datetime) -> None:
    commitments, milestones = commit_imported(campaign, batch.new_commitments)
    for commitment in commitments:
        commitment.fact_sequence = 1
    await add_register(session, batch.local_governments)
    await add_contacts(session, batch.contacts)
    await add_invitations(session, batch.invitations)
    await close_invitations(session, batch.answered, now)
    await add_commitments(session, batch.signatories, commitments, milestones)
    local_governments = await public_local_governments(session, [one.local_government_id for one in commitments])
    made = [
        Outgoing(one.id, one.fact_sequence, one.made(local_governments[one.local_government_id])) for one in commitments
    ]
    await add_outgoing(session, [*batch.facts, *made], occurred_at=now)
    await add_facts(session, campaign, milestones, occurred_at=now)
    await save(session, campaign)
