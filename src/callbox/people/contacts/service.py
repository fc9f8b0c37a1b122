"""The rules of contacts: who they are, what may change of them, whom an identifier leads to."""

from datetime import datetime

import msgspec
from msgspec import UNSET

from callbox.people.contacts import identifying_queries, queries
from callbox.people.contacts.identifiers import email_of, external_id_of_new, formatted_phone, role_of_new
from callbox.people.contacts.queries import ContactRow
from callbox.people.contacts.schemas import (
    Contact,
    ContactList,
    CreateContactRequest,
    ListContactsQuery,
    UpdateContactRequest,
    contact_from_row,
)
from callbox.people.contacts.storing import insert, store
from callbox.people.data_attributes.values import check_custom_attributes
from callbox.platform import ids
from callbox.platform.database import Connection, connection, transaction
from callbox.platform.events import Event, Topic, record, record_many
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId, decimal_id, moment_or_none
from callbox.wire.errors import (
    ClientError,
    Conflict,
    NotFound,
    ParameterInvalid,
    ParameterNotFound,
)
from callbox.wire.pagination import cursor_page, cursor_pages
from callbox.workspace.admins import service as admins

DEFAULT_PER_PAGE = 50
MAX_PER_PAGE = 150


class ContactNotFound(NotFound):
    """No live contact has this id. The wire says User for every contact."""

    message = "User Not Found"


class AmbiguousEmail(Conflict):
    """Several users share the e-mail address that should name one."""

    message = "Multiple existing users match this email address - must be more specific using user_id"


class RoleIsFinal(ClientError):
    """A user never becomes a lead again."""

    message = "Contact with user role can't be converted to a lead"


class OwnerUnknown(ParameterInvalid):
    """The owner is no admin of the workspace."""

    message = "The owner specified is not a member of the workspace"


async def create_contact(caller: Caller, request: CreateContactRequest) -> Contact:
    """A new user or lead. Raises ContactExists where a user with the same identifier lives or lived."""
    role = role_of_new(request)
    email = email_of(request.email)
    external_id = external_id_of_new(role, request.external_id)
    if role == "user" and not email and not external_id:
        raise ParameterNotFound("email or external_id is a required parameter for a contact with the role user")
    now = caller.now().replace(microsecond=0)
    async with connection() as held:
        attributes = await check_custom_attributes(held, caller.workspace_id, "contact", request.custom_attributes)
        row = ContactRow(
            id=ids.object_id(now),
            external_id=external_id,
            role=role,
            email=email,
            phone=request.phone or None,
            formatted_phone=formatted_phone(request.phone),
            name=request.name,
            avatar_url=request.avatar or None,
            owner_id=await _owner_id(held, caller, request.owner_id),
            unsubscribed_from_emails=bool(request.unsubscribed_from_emails),
            created_at=now,
            updated_at=now,
            signed_up_at=moment_or_none(request.signed_up_at, "signed_up_at"),
            last_seen_at=moment_or_none(request.last_seen_at, "last_seen_at"),
            custom_attributes=msgspec.json.encode(attributes.values).decode(),
            email_identifier=email if role == "user" and external_id is None else None,
        )
        return await insert(held, caller, row, attributes)


async def _owner_id(held: Connection, caller: Caller, sent: WireId | None) -> int | None:
    if sent is None:
        return None
    owner_id = decimal_id(sent)
    if owner_id is None or not await admins.is_admin(held, caller.workspace_id, owner_id):
        raise OwnerUnknown
    return owner_id


async def get_contact(caller: Caller, contact_id: str) -> Contact:
    """A live contact."""
    async with connection() as held:
        row = await queries.contact_by_id.first(held, caller.workspace_id, contact_id)
    if row is None:
        raise ContactNotFound
    return contact_from_row(caller, row)


async def list_contacts(caller: Caller, query: ListContactsQuery) -> ContactList:
    """Live contacts in the order of their ids, which is that of their creation."""
    listing = f"{caller.workspace_id} contacts"
    page = cursor_page(query.per_page, query.starting_after, DEFAULT_PER_PAGE, MAX_PER_PAGE, listing=listing)
    async with connection() as held:
        rows = await queries.contacts_page.all(held, caller.workspace_id, page.last_id, page.per_page + 1)
        total = page.total_count
        if total is None:
            total = await queries.contact_count.one(held, caller.workspace_id)
    shown = rows[: page.per_page]
    last_id = shown[-1].id if len(rows) > page.per_page else None
    contacts = [contact_from_row(caller, row) for row in shown]
    return ContactList("list", contacts, total, cursor_pages(page, total, last_id))


async def update_contact(caller: Caller, contact_id: str, request: UpdateContactRequest) -> Contact:
    """Change what is sent, keep the rest."""
    async with transaction() as held:
        row = await queries.contact_for_update.first(held, caller.workspace_id, contact_id)
        if row is None:
            raise ContactNotFound
        before = msgspec.structs.replace(row)
        await _apply(held, caller, row, request)
        sent = None if request.custom_attributes is UNSET else request.custom_attributes
        attributes = await check_custom_attributes(held, caller.workspace_id, "contact", sent)
        return await store(held, caller, before, row, attributes)


async def _apply(held: Connection, caller: Caller, row: ContactRow, request: UpdateContactRequest) -> None:
    _apply_role(row, request)
    if request.email is not UNSET:
        email = email_of(request.email)
        # That mail came back says something of the address, not of the person.
        row.has_hard_bounced = row.has_hard_bounced and row.email == email
        row.email = email
        row.email_identifier = None
    if request.phone is not UNSET:
        row.phone, row.formatted_phone = request.phone or None, formatted_phone(request.phone)
    if request.name is not UNSET:
        row.name = request.name
    if request.avatar is not UNSET:
        row.avatar_url = request.avatar or None
    if request.signed_up_at is not UNSET:
        row.signed_up_at = moment_or_none(request.signed_up_at, "signed_up_at")
    if request.last_seen_at is not UNSET:
        row.last_seen_at = moment_or_none(request.last_seen_at, "last_seen_at")
    if request.owner_id is not UNSET:
        row.owner_id = await _owner_id(held, caller, request.owner_id)
    if request.unsubscribed_from_emails is not UNSET:
        row.unsubscribed_from_emails = bool(request.unsubscribed_from_emails)


def _apply_role(row: ContactRow, request: UpdateContactRequest) -> None:
    """Recorded: null external ids and those of leads are ignored; a lead that becomes a user takes the sent one."""
    role = row.role if request.role is UNSET or request.role is None else request.role
    if role not in {"user", "lead"}:
        raise ParameterInvalid("role must be either user or lead")
    if row.role == "user" and role == "lead":
        raise RoleIsFinal
    row.role = role
    if role == "user" and request.external_id is not UNSET and request.external_id not in {None, ""}:
        row.external_id = str(request.external_id)
        row.email_identifier = None


async def lock_live_contacts(held: Connection, caller: Caller, contact_ids: list[str]) -> None:
    """Hold contacts for a change of what hangs on them. Raises ContactNotFound if one is not there."""
    wanted = set(contact_ids)
    if len(await queries.lock_contacts.all(held, caller.workspace_id, list(wanted))) < len(wanted):
        raise ContactNotFound


async def touch_contacts(held: Connection, caller: Caller, contact_ids: list[str]) -> None:
    """Tagging, noting and attaching count as updates of the contact."""
    await queries.touch_contacts.run(held, caller.workspace_id, contact_ids, caller.now().replace(microsecond=0))


async def require_live_contact(held: Connection, caller: Caller, contact_id: str) -> None:
    """Raise ContactNotFound unless the contact is there."""
    if not await queries.is_live.one(held, caller.workspace_id, contact_id):
        raise ContactNotFound


async def contact_in(held: Connection, caller: Caller, contact_id: str) -> Contact:
    """A live contact as it stands inside a transaction, for the event of a change."""
    return contact_from_row(caller, await queries.contact_by_id.one(held, caller.workspace_id, contact_id))


async def contacts_of_company(
    caller: Caller, company_id: str, after_id: str, skipped: int, limit: int
) -> list[Contact]:
    """A company's live contacts in the order of their ids."""
    async with connection() as held:
        rows = await queries.contacts_of_company.all(held, caller.workspace_id, company_id, after_id, limit, skipped)
    return [contact_from_row(caller, row) for row in rows]


async def contacts_in(held: Connection, caller: Caller, contact_ids: list[str]) -> list[Contact]:
    """Live contacts as they stand inside a transaction."""
    rows = await queries.contacts_by_ids.all(held, caller.workspace_id, contact_ids)
    return [contact_from_row(caller, row) for row in rows]


async def find_live_user(held: Connection, caller: Caller, external_id: str | None, email: str | None) -> str:
    """The id of a live user by the customer's id, else by e-mail address.

    Raises ContactNotFound, and AmbiguousEmail where several users share the address.
    """
    if external_id is not None:
        found = await identifying_queries.user_by_external_id.first(held, caller.workspace_id, external_id)
        if found is None or found.state != "live":
            raise ContactNotFound
        return found.id
    users = await identifying_queries.users_by_email.all(held, caller.workspace_id, (email or "").strip().lower())
    live = [user for user in users if user.state == "live"]
    if not live:
        raise ContactNotFound
    if len(live) > 1:
        raise AmbiguousEmail
    return live[0].id


async def record_update(held: Connection, caller: Caller, contact_id: str) -> None:
    """Tell that what hangs on a contact changed."""
    await record(held, caller.workspace_id, _updated(await contact_in(held, caller, contact_id)), caller.now())


def _updated(contact: Contact) -> Event:
    topic = Topic.CONTACT_USER_UPDATED if contact.role == "user" else Topic.CONTACT_LEAD_UPDATED
    return Event(topic, contact.id, msgspec.json.encode(contact).decode())


async def release_owned_contacts(caller: Caller, admin_id: int) -> int:
    """Take the owner off a batch of the contacts of an admin who left; answers how many."""
    now = caller.now().replace(microsecond=0)
    async with transaction() as held:
        released = await queries.release_owned.all(held, caller.workspace_id, admin_id, now)
        events = [_updated(contact) for contact in await contacts_in(held, caller, released)]
        await record_many(held, caller.workspace_id, events, now)
    return len(released)


async def find_contact(
    held: Connection,
    caller: Caller,
    *,
    contact_id: str | None,
    external_id: str | None = None,
    email: str | None = None,
    phone: str | None = None,
) -> Contact | None:
    """A live contact by the first identifier that is given; where people share an address, the oldest user.

    The phone number is in E.164.
    """
    if contact_id is not None:
        row = await queries.contact_by_id.first(held, caller.workspace_id, contact_id)
    elif external_id is not None:
        row = await identifying_queries.contact_by_external_id.first(held, caller.workspace_id, external_id)
    elif email is not None:
        row = await identifying_queries.contact_by_email.first(held, caller.workspace_id, email.strip().lower())
    elif phone is not None:
        row = await identifying_queries.contact_by_phone.first(held, caller.workspace_id, phone)
    else:
        return None
    return None if row is None else contact_from_row(caller, row)


async def contact_with_email(held: Connection, caller: Caller, sent: str, name: str | None = None) -> Contact:
    """Whoever has an address; where nobody has it, a new lead of this name, and one alone if several ask at once."""
    email = email_of(sent)
    if email is None:
        raise ParameterInvalid("email must not be blank")
    return await _found_or_new(held, caller, email, CreateContactRequest(role="lead", email=email, name=name))


async def contact_with_phone(held: Connection, caller: Caller, number: str) -> Contact:
    """The same for a phone number in E.164, however it was written when the contact came to have it."""
    return await _found_or_new(held, caller, number, CreateContactRequest(role="lead", phone=number))


async def _found_or_new(held: Connection, caller: Caller, identifier: str, lead: CreateContactRequest) -> Contact:
    found = await find_contact(held, caller, contact_id=None, email=lead.email, phone=lead.phone)
    if found is None:
        await hold_identifier(held, caller, identifier)
        found = await find_contact(held, caller, contact_id=None, email=lead.email, phone=lead.phone)
    return found or await create_contact(caller, lead)


async def hold_identifier(held: Connection, caller: Caller, identifier: str) -> None:
    """Until the transaction ends, nobody else makes somebody with the same identifier who holds it first as well."""
    await identifying_queries.lock_identifier.one(held, caller.workspace_id, identifier)


async def note_reply(held: Connection, caller: Caller, contact_id: str, at: datetime) -> None:
    """The contact wrote. Raises ContactNotFound where they left, or were merged, at the same moment."""
    if not await queries.set_last_replied.run(held, caller.workspace_id, contact_id, at):
        raise ContactNotFound


async def note_contacted(held: Connection, caller: Caller, contact_ids: list[str], at: datetime) -> None:
    """The team wrote to the contacts."""
    await queries.set_last_contacted.run(held, caller.workspace_id, contact_ids, at)


async def note_seen(held: Connection, seen: list[tuple[str, str]], at: datetime) -> None:
    """These contacts, by workspace and id, are there; `at` is the machine's time."""
    ordered = sorted(seen)
    await queries.set_last_seen.run(held, [each[0] for each in ordered], [each[1] for each in ordered], at)


async def note_hard_bounce(held: Connection, caller: Caller, contact_id: str, address: str) -> None:
    """Mail to an address can never be delivered: nothing more goes to the contact while it is theirs."""
    now = caller.now().replace(microsecond=0)
    if await queries.set_hard_bounced.run(held, caller.workspace_id, contact_id, now, address):
        await record_update(held, caller, contact_id)
