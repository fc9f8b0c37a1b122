"""The rules of tags: one name each, whatever its case; what they stand on is checked before anything is tagged."""

import msgspec
from asyncpg import UniqueViolationError

from callbox.people.companies import service as companies
from callbox.people.contacts import service as contacts
from callbox.people.segments.service import names_using_tag
from callbox.people.tags import queries
from callbox.people.tags.queries import TaggedContact, TagRow
from callbox.people.tags.schemas import (
    AppliedTag,
    CompanyTarget,
    ContactTagEvent,
    Tag,
    TagRequest,
    UserTarget,
    applied_tag,
    tag_from_row,
)
from callbox.platform.database import Connection, connection, savepoint, transaction
from callbox.platform.events import Event, Topic, record_many
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId, decimal_id
from callbox.wire.errors import NotFound, ParameterInvalid, WireError

MAX_NAME_LENGTH = 191


class TagNotFound(NotFound):
    """The workspace has no such tag, or it is not on the contact."""


class InvalidTagParameters(ParameterInvalid):
    """None of the four forms."""

    message = "invalid tag parameters"


class TagNameTaken(ParameterInvalid):
    """Another tag has the name."""

    message = "A tag with this name already exists"


class TagIsUsed(WireError):
    """A segment's predicate asks for the tag."""

    code = "tag_has_dependent_objects"
    message = "Unable to delete Tag with dependent objects. Segments: Seg 1."


async def list_tags(caller: Caller) -> list[Tag]:
    """All tags by name."""
    async with connection() as held:
        return [tag_from_row(row) for row in await queries.all_tags.all(held, caller.workspace_id)]


async def get_tag(caller: Caller, tag_id: WireId) -> Tag:
    """One tag."""
    async with connection() as held:
        row = await queries.tag_by_id.first(held, caller.workspace_id, decimal_id(tag_id))
    return tag_from_row(_found(row))


def _found(row: TagRow | None) -> TagRow:
    if row is None:
        raise TagNotFound
    return row


async def save_tag(caller: Caller, request: TagRequest) -> Tag:
    """Do what the form of the request asks for; answers the tag."""
    async with transaction() as held:
        tag = await _meant(held, caller, request)
        # Contacts are held before companies, as everywhere.
        if request.users is not None:
            await _tag_users(held, caller, tag, request.users)
        if request.companies is not None:
            await _tag_companies(held, caller, tag, request.companies)
    return tag_from_row(tag)


async def _meant(held: Connection, caller: Caller, request: TagRequest) -> TagRow:
    """The tag of a request: of this name, made where there is none; of this id; or of this id under a new name."""
    name = (request.name or "").strip()
    if len(name) > MAX_NAME_LENGTH:
        raise ParameterInvalid(f"name must be at most {MAX_NAME_LENGTH} characters long")
    if request.id is None:
        if not name:
            raise InvalidTagParameters
        return await _tag_named(held, caller, name)
    if name:
        return await _rename(held, caller, request.id, name)
    if request.companies is None and request.users is None:
        raise InvalidTagParameters
    return _found(await queries.tag_to_apply.first(held, caller.workspace_id, decimal_id(request.id)))


async def hold_tag(held: Connection, caller: Caller, tag_id: WireId) -> TagRow | None:
    """The tag, if there is one, kept from being deleted until the transaction ends.

    Whoever puts a tag on something holds the tag before the thing.
    """
    return await queries.tag_to_apply.first(held, caller.workspace_id, decimal_id(tag_id))


async def _rename(held: Connection, caller: Caller, tag_id: WireId, name: str) -> TagRow:
    try:
        async with savepoint(held):
            row = await queries.rename_tag.first(held, caller.workspace_id, decimal_id(tag_id), name)
    except UniqueViolationError:
        raise TagNameTaken from None
    return _found(row)


async def _tag_named(held: Connection, caller: Caller, name: str) -> TagRow:
    found = await queries.tag_to_apply_by_name.first(held, caller.workspace_id, name)
    return found or await queries.insert_tag.one(held, caller.workspace_id, name, caller.now())


async def _tag_companies(held: Connection, caller: Caller, tag: TagRow, targets: list[CompanyTarget]) -> None:
    to_tag = await _company_ids(held, caller, [target for target in targets if not target.untag])
    to_untag = await _company_ids(held, caller, [target for target in targets if target.untag])
    await companies.lock_live_companies(held, caller, [*to_tag, *to_untag])
    tagged = await queries.tag_companies.all(
        held, caller.workspace_id, sorted(set(to_tag)), tag.id, caller.now(), caller.admin_id
    )
    untagged = await queries.untag_companies.all(held, caller.workspace_id, to_untag, tag.id)
    if tagged or untagged:
        await companies.record_updates(held, caller, [*tagged, *untagged])


async def _company_ids(held: Connection, caller: Caller, targets: list[CompanyTarget]) -> list[str]:
    if any(target.id is None and target.company_id is None for target in targets):
        raise InvalidTagParameters
    ids = [str(target.id) for target in targets if target.id is not None]
    keys = [str(target.company_id) for target in targets if target.id is None]
    return ids + (await companies.ids_of_keys(held, caller, keys) if keys else [])


async def _tag_users(held: Connection, caller: Caller, tag: TagRow, targets: list[UserTarget]) -> None:
    ids = {id(target): await _contact_id(held, caller, target) for target in targets}
    to_tag = [ids[id(target)] for target in targets if not target.untag]
    to_untag = [ids[id(target)] for target in targets if target.untag]
    await contacts.lock_live_contacts(held, caller, list(ids.values()))
    await _tag_contacts(held, caller, tag, to_tag)
    await _untag_contacts(held, caller, tag, to_untag)


async def _contact_id(held: Connection, caller: Caller, target: UserTarget) -> str:
    if target.id is not None:
        return str(target.id)
    if target.user_id is None and target.email is None:
        raise InvalidTagParameters
    return await contacts.find_live_user(
        held, caller, None if target.user_id is None else str(target.user_id), target.email
    )


async def _tag_contacts(held: Connection, caller: Caller, tag: TagRow, contact_ids: list[str]) -> None:
    changed = await queries.tag_contacts.all(
        held, caller.workspace_id, sorted(set(contact_ids)), tag.id, caller.now(), caller.admin_id
    )
    await _record(held, caller, tag, changed, (Topic.CONTACT_USER_TAG_CREATED, Topic.CONTACT_LEAD_TAG_CREATED))


async def _untag_contacts(held: Connection, caller: Caller, tag: TagRow, contact_ids: list[str]) -> None:
    changed = await queries.untag_contacts.all(held, caller.workspace_id, contact_ids, tag.id)
    await _record(held, caller, tag, changed, (Topic.CONTACT_USER_TAG_DELETED, Topic.CONTACT_LEAD_TAG_DELETED))


async def _record(
    held: Connection, caller: Caller, tag: TagRow, changed: list[TaggedContact], topics: tuple[Topic, Topic]
) -> None:
    """Tell of each contact that was tagged or untagged; it counts as updated."""
    if not changed:
        return
    await contacts.touch_contacts(held, caller, [contact.id for contact in changed])
    events = []
    for contact in await contacts.contacts_in(held, caller, [contact.id for contact in changed]):
        topic = topics[0] if contact.role == "user" else topics[1]
        told = ContactTagEvent("contact_tag", contact.updated_at, tag_from_row(tag), contact)
        events.append(Event(topic, contact.id, msgspec.json.encode(told).decode()))
    await record_many(held, caller.workspace_id, events, caller.now())


async def delete_tag(caller: Caller, tag_id: str) -> None:
    """Delete a tag from everything it stands on. Raises TagIsUsed where a segment asks for it."""
    async with transaction() as held:
        row = _found(await queries.lock_tag.first(held, caller.workspace_id, decimal_id(tag_id)))
        users = await names_using_tag(held, caller, row.id)
        if users:
            raise TagIsUsed(f"Unable to delete Tag with dependent objects. Segments: {', '.join(users)}.")
        await queries.delete_tag_row.run(held, caller.workspace_id, row.id)


async def tags_of_contact(caller: Caller, contact_id: str) -> list[AppliedTag]:
    """A contact's tags in the order they were applied."""
    async with connection() as held:
        await contacts.require_live_contact(held, caller, contact_id)
        rows = await queries.tags_of_contact.all(held, caller.workspace_id, contact_id)
    return [applied_tag(row) for row in rows]


async def tag_contact(caller: Caller, contact_id: str, tag_id: WireId) -> AppliedTag:
    """Put a tag on a contact; again: it stays as it was applied first."""
    async with transaction() as held:
        tag = await _tag_for_contact(held, caller, contact_id, tag_id)
        await _tag_contacts(held, caller, tag, [contact_id])
        return applied_tag(await queries.contact_tagging.one(held, caller.workspace_id, contact_id, tag.id))


async def _tag_for_contact(held: Connection, caller: Caller, contact_id: str, tag_id: WireId) -> TagRow:
    """The tag, held like the contact. That the contact is missing is told first."""
    tag = await hold_tag(held, caller, tag_id)
    await contacts.lock_live_contacts(held, caller, [contact_id])
    return _found(tag)


async def untag_contact(caller: Caller, contact_id: str, tag_id: str) -> AppliedTag:
    """Take a tag off a contact that has it."""
    async with transaction() as held:
        tag = await _tag_for_contact(held, caller, contact_id, tag_id)
        tagging = await queries.contact_tagging.first(held, caller.workspace_id, contact_id, tag.id)
        if tagging is None:
            raise TagNotFound
        await _untag_contacts(held, caller, tag, [contact_id])
    return applied_tag(tagging)
