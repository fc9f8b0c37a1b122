"""Contacts that leave, for a time or for good, and that come back."""

from datetime import timedelta

import msgspec

from callbox.people.contacts import queries
from callbox.people.contacts.queries import ContactState
from callbox.people.contacts.schemas import ContactArchived, ContactDeleted, contact_from_row
from callbox.people.contacts.service import ContactNotFound
from callbox.people.contacts.storing import count_shard
from callbox.platform.database import Connection, connection, transaction
from callbox.platform.events import Event, Topic, record
from callbox.wire.authentication import Caller
from callbox.wire.errors import BadRequest
from callbox.workspace.activity_logs import record_activity

# How long the identifiers of a deleted contact stay taken.
DELETION_GRACE = timedelta(days=7)


class ContactNotRestorable(BadRequest):
    """A deleted contact waits for its end and does not come back."""

    message = "User has been marked for permanent deletion and is not restorable."
    shows_request_id = True


async def archive_contact(caller: Caller, contact_id: str) -> ContactArchived:
    """Hide a contact until it is unarchived; everything on it stays. Again: no change."""
    async with transaction() as held:
        contact = await _not_deleted(held, caller, contact_id)
        if contact.state == "live":
            await _leave(held, caller, contact, "archived", Topic.CONTACT_ARCHIVED)
    return ContactArchived(contact.id, contact.external_id, "contact", archived=True)


async def delete_contact(caller: Caller, contact_id: str) -> ContactDeleted:
    """Remove a contact for good. Its identifiers stay taken until the grace period ends."""
    async with transaction() as held:
        contact = await _not_deleted(held, caller, contact_id)
        await _leave(held, caller, contact, "deleted", Topic.CONTACT_DELETED)
        metadata = {"contact": {"id": contact.id}, "external_id": contact.external_id}
        description = f"{caller.admin_name} deleted the contact {contact.id}."
        await record_activity(held, caller, "app_data_deletion", description, metadata)
    return ContactDeleted(contact.id, contact.external_id, "contact", deleted=True)


async def unarchive_contact(caller: Caller, contact_id: str) -> ContactArchived:
    """Bring an archived contact back with everything on it."""
    async with transaction() as held:
        contact = await _any_state(held, caller, contact_id)
        if contact.state == "deleted":
            raise ContactNotRestorable
        if contact.state == "archived":
            now = caller.now()
            await queries.change_state.run(held, caller.workspace_id, contact.id, "live", now)
            await queries.count_in_companies.run(held, caller.workspace_id, [contact.id], 1)
            await queries.count_contacts.run(held, caller.workspace_id, count_shard(held), 1)
            row = await queries.contact_by_id.one(held, caller.workspace_id, contact.id)
            item = msgspec.json.encode(contact_from_row(caller, row)).decode()
            await record(held, caller.workspace_id, Event(Topic.CONTACT_UNARCHIVE, contact.id, item), now)
    return ContactArchived(contact.id, contact.external_id, "contact", archived=False)


async def _not_deleted(held: Connection, caller: Caller, contact_id: str) -> ContactState:
    contact = await _any_state(held, caller, contact_id)
    if contact.state == "deleted":
        raise ContactNotFound
    return contact


async def _any_state(held: Connection, caller: Caller, contact_id: str) -> ContactState:
    """Live, archived or deleted; a merged contact is somebody else now."""
    contact = await queries.contact_state_for_update.first(held, caller.workspace_id, contact_id)
    if contact is None or contact.state == "merged":
        raise ContactNotFound
    return contact


async def _leave(held: Connection, caller: Caller, contact: ContactState, state: str, topic: Topic) -> None:
    """A contact goes: out of lists, searches and the counts of its companies."""
    now = caller.now()
    if contact.state == "live":
        row = await queries.contact_by_id.one(held, caller.workspace_id, contact.id)
        item = msgspec.json.encode(contact_from_row(caller, row))
        await queries.count_in_companies.run(held, caller.workspace_id, [contact.id], -1)
        await queries.count_contacts.run(held, caller.workspace_id, count_shard(held), -1)
    if state == "deleted":
        item = msgspec.json.encode(ContactDeleted(contact.id, contact.external_id, "contact", deleted=True))
    await queries.change_state.run(held, caller.workspace_id, contact.id, state, now)
    await record(held, caller.workspace_id, Event(topic, contact.id, item.decode()), now)


async def purge_deleted_contacts(caller: Caller) -> int:
    """Remove a batch of what was deleted or merged longer ago than the grace period; answers how many."""
    async with connection() as held:
        return await queries.purge_deleted.run(held, caller.workspace_id, caller.now() - DELETION_GRACE)
