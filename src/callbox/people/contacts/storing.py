"""Contacts as they are written: with the events of the change, and refused where somebody else has the identifier."""

from datetime import datetime

import msgspec
from asyncpg import UniqueViolationError

from callbox.people.contacts import identifying_queries, queries
from callbox.people.contacts.queries import ContactRow
from callbox.people.contacts.schemas import Contact, contact_from_row
from callbox.people.data_attributes.values import CustomAttributes
from callbox.platform.database import Connection, savepoint
from callbox.platform.events import Topic
from callbox.wire.authentication import Caller
from callbox.wire.errors import Conflict

_COUNT_SHARDS = 32


class ContactExists(Conflict):
    """A user with this identifier exists; clients parse the id out of the message."""

    message = "A contact matching those details already exists with id=<id>"


async def insert(held: Connection, caller: Caller, row: ContactRow, attributes: CustomAttributes) -> Contact:
    """Store a new contact with its event. Raises ContactExists."""
    contact = contact_from_row(caller, row)
    topic = Topic.CONTACT_USER_CREATED if row.role == "user" else Topic.CONTACT_LEAD_CREATED
    try:
        async with savepoint(held):
            inserted = await queries.insert_contact.first(
                held,
                caller.workspace_id,
                *_written(row, row.created_at),
                row.custom_attributes,
                msgspec.json.encode(attributes.folded()).decode(),
                count_shard(held),
                topic,
                msgspec.json.encode(contact).decode(),
            )
    except UniqueViolationError:
        inserted = None
    if inserted is None:
        raise await _conflict(held, caller, row)
    return contact


def _written(row: ContactRow, at: datetime) -> tuple[object, ...]:
    """What the statements that insert and update a contact take alike, `$2` to `$15`."""
    return (
        row.id,
        row.role,
        row.external_id,
        row.email,
        row.phone,
        row.formatted_phone,
        row.name,
        row.email_identifier,
        row.avatar_url,
        row.owner_id,
        row.unsubscribed_from_emails,
        at,
        row.signed_up_at,
        row.last_seen_at,
    )


def count_shard(held: Connection) -> int:
    """Each database connection counts in a shard of its own, as far as there are enough."""
    return held.get_server_pid() % _COUNT_SHARDS


async def _conflict(held: Connection, caller: Caller, row: ContactRow) -> Conflict:
    if row.external_id is not None:
        found = await identifying_queries.user_by_external_id.first(held, caller.workspace_id, row.external_id)
    else:
        found = next(iter(await identifying_queries.users_by_email.all(held, caller.workspace_id, row.email)), None)
    if found is None:
        return Conflict("A contact matching those details was changed at the same moment; please try again")
    archived = "A" if found.state == "live" else "An archived"
    return ContactExists(f"{archived} contact matching those details already exists with id={found.id}")


async def store(
    held: Connection, caller: Caller, before: ContactRow, row: ContactRow, attributes: CustomAttributes
) -> Contact:
    """Write a changed contact with the events of the change. Raises ContactExists."""
    row.updated_at = caller.now().replace(microsecond=0)
    row.custom_attributes = _merged_json(row.custom_attributes, attributes)
    if row.external_id != before.external_id:
        await _check_external_id(held, caller, row)
    if row.role != before.role:
        await _check_email_of_new_user(held, caller, row)
    contact = contact_from_row(caller, row)
    try:
        await queries.update_contact.run(
            held,
            caller.workspace_id,
            *_written(row, row.updated_at),
            msgspec.json.encode(attributes.values).decode(),
            msgspec.json.encode(attributes.folded()).decode(),
            _topics_of_change(before, row),
            msgspec.json.encode(contact).decode(),
        )
    except UniqueViolationError:
        raise ContactExists("A contact matching those details was created at the same moment") from None
    return contact


def _merged_json(stored: str, attributes: CustomAttributes) -> str:
    """Stored attributes with the sent ones over them; an attribute once set stays listed, null when cleared."""
    if not attributes.values:
        return stored
    return msgspec.json.encode(msgspec.json.decode(stored) | attributes.values).decode()


async def _check_external_id(held: Connection, caller: Caller, row: ContactRow) -> None:
    """A live user keeps its external id; one that is archived or deleted gives it up to the living."""
    found = await identifying_queries.user_by_external_id.first(held, caller.workspace_id, row.external_id)
    if found is None or found.id == row.id:
        return
    if found.state == "live":
        raise ContactExists(f"A contact matching those details already exists with id={found.id}")
    await identifying_queries.release_external_id.run(held, caller.workspace_id, row.external_id)


async def _check_email_of_new_user(held: Connection, caller: Caller, row: ContactRow) -> None:
    """A lead does not become a second user with the same e-mail address."""
    for found in await identifying_queries.users_by_email.all(held, caller.workspace_id, row.email):
        if found.id != row.id and found.state == "live":
            raise ContactExists(f"A contact matching those details already exists with id={found.id}")


def _topics_of_change(before: ContactRow, after: ContactRow) -> list[Topic]:
    if before.role == "lead" and after.role == "user":
        return [Topic.CONTACT_LEAD_SIGNED_UP]
    topics = [Topic.CONTACT_USER_UPDATED if after.role == "user" else Topic.CONTACT_LEAD_UPDATED]
    if before.email != after.email:
        is_first = after.role == "lead" and before.email is None
        topics.append(Topic.CONTACT_LEAD_ADDED_EMAIL if is_first else Topic.CONTACT_EMAIL_UPDATED)
    return topics
