"""Merging a lead into a user: everything the lead has goes over, what the user has wins, the lead disappears."""

import msgspec

from callbox.people.contacts import merging_queries, queries
from callbox.people.contacts.schemas import Contact, MergeContactsRequest, MergedFrom, contact_from_row
from callbox.people.contacts.service import ContactNotFound
from callbox.people.contacts.storing import count_shard
from callbox.platform.database import Connection, transaction
from callbox.platform.events import Event, Topic, announce, record
from callbox.wire.authentication import Caller
from callbox.wire.errors import WireError


class ContactsToMerge(msgspec.Struct, frozen=True):
    """Announced before the contacts are held, so that higher rooms first hold what they will move.

    Everywhere else, too, what is about a contact is held before the contact.
    """

    lead_id: str


class ContactsMerged(msgspec.Struct, frozen=True):
    """Announced in the merging transaction, so that higher rooms move what they keep about the lead."""

    lead_id: str
    user_id: str


class InvalidMerge(WireError):
    """Only a lead can be merged, and only into a user."""

    code = "invalid_merge"
    message = "Merging can only be performed on a lead into a user"


_MOVES = (
    merging_queries.merge_tags,
    merging_queries.merge_companies,
    merging_queries.merge_opt_outs,
    merging_queries.merge_notes,
    merging_queries.merge_events,
    merging_queries.merge_event_summaries,
)


async def merge_contacts(caller: Caller, request: MergeContactsRequest) -> Contact:
    """Merge the lead into the user and answer the user. Raises InvalidMerge, ContactNotFound."""
    lead_id, user_id = str(request.source_id), str(request.target_id)
    async with transaction() as held:
        await announce(held, caller.workspace_id, ContactsToMerge(lead_id))
        await _check_roles(held, caller, lead_id, user_id)
        return await merge(held, caller, lead_id, user_id)


async def _check_roles(held: Connection, caller: Caller, lead_id: str, user_id: str) -> None:
    roles = {}
    # In the order of their ids, so that two merges of the same contacts cannot deadlock.
    for contact_id in sorted({lead_id, user_id}):
        contact = await queries.contact_state_for_update.first(held, caller.workspace_id, contact_id)
        if contact is None or contact.state != "live":
            raise ContactNotFound
        roles[contact_id] = contact.role
    if roles[lead_id] != "lead" or roles[user_id] != "user":
        raise InvalidMerge


async def merge(held: Connection, caller: Caller, lead_id: str, user_id: str) -> Contact:
    """Merge contacts whose rows the caller holds."""
    now = caller.now().replace(microsecond=0)
    await queries.count_in_companies.run(held, caller.workspace_id, [lead_id, user_id], -1)
    for move in _MOVES:
        await move.run(held, caller.workspace_id, lead_id, user_id)
    await merging_queries.merge_attributes.run(held, caller.workspace_id, lead_id, user_id, now)
    await merging_queries.mark_merged.run(held, caller.workspace_id, lead_id, user_id, now)
    await merging_queries.detach_from_companies.run(held, caller.workspace_id, lead_id)
    await merging_queries.detach_tags.run(held, caller.workspace_id, lead_id)
    await queries.count_in_companies.run(held, caller.workspace_id, [user_id], 1)
    await queries.count_contacts.run(held, caller.workspace_id, count_shard(held), -1)
    await announce(held, caller.workspace_id, ContactsMerged(lead_id, user_id))
    row = await queries.contact_by_id.one(held, caller.workspace_id, user_id)
    contact = contact_from_row(caller, row)
    item = msgspec.json.decode(msgspec.json.encode(contact)) | {"merged_from": MergedFrom("contact", lead_id)}
    event = Event(Topic.CONTACT_MERGED, user_id, msgspec.json.encode(item).decode())
    await record(held, caller.workspace_id, event, now)
    return contact
