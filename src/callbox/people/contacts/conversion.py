"""Receiving a visitor: it becomes a contact with its own id, or goes into the user it turned out to be."""

from datetime import datetime

import msgspec

from callbox.people.contacts import identifying_queries, queries, service
from callbox.people.contacts.identifiers import formatted_phone
from callbox.people.contacts.queries import ContactRow
from callbox.people.contacts.schemas import Contact
from callbox.people.contacts.storing import insert, store
from callbox.people.data_attributes.values import CustomAttributes
from callbox.platform import ids
from callbox.platform.database import Connection
from callbox.wire.authentication import Caller


class KnownPerson(msgspec.Struct, frozen=True):
    """What is known of somebody who comes to be a contact."""

    id: str
    name: str | None
    email: str | None
    phone: str | None
    avatar_url: str | None
    owner_id: int | None
    custom_attributes: str
    unsubscribed_from_emails: bool
    last_seen_at: datetime | None
    location_country: str | None
    location_region: str | None
    location_city: str | None
    location_country_code: str | None
    location_continent_code: str | None
    utm_campaign: str | None
    utm_content: str | None
    utm_medium: str | None
    utm_source: str | None
    utm_term: str | None
    referrer: str | None


class Target(msgspec.Struct, frozen=True):
    """Whom they turned out to be, or what they become; the e-mail address as contacts keep it."""

    role: str
    id: str | None = None
    external_id: str | None = None
    email: str | None = None


# What belongs together is taken over together, where the contact has nothing of it.
_FILLED_GROUPS = (
    ("email",),
    ("phone",),
    ("name",),
    ("avatar_url",),
    ("owner_id",),
    queries.LOCATION_COLUMNS,
    queries.CAMPAIGN_COLUMNS,
)


async def receive(held: Connection, caller: Caller, person: KnownPerson, target: Target) -> Contact:
    """The contact that the person is now. A contact named by its id has to exist: ContactNotFound."""
    existing = await _existing(held, caller, target)
    if existing is None:
        return await _become(held, caller, person, target)
    before = msgspec.structs.replace(existing)
    _fill(existing, person)
    stored = msgspec.json.decode(existing.custom_attributes, type=dict[str, object])
    sent = msgspec.json.decode(person.custom_attributes, type=dict[str, object])
    lacking = {name: value for name, value in sent.items() if stored.get(name) is None}
    contact = await store(held, caller, before, existing, CustomAttributes(lacking))
    await _store_origin(held, caller, existing)
    return contact


def _fill(existing: ContactRow, person: KnownPerson) -> None:
    """What the contact has wins, as in a merge."""
    if existing.phone is None:
        existing.formatted_phone = formatted_phone(person.phone)
    for group in _FILLED_GROUPS:
        if all(getattr(existing, name) is None for name in group):
            for name in group:
                setattr(existing, name, getattr(person, name))
    existing.unsubscribed_from_emails |= person.unsubscribed_from_emails
    seen = [moment for moment in (existing.last_seen_at, person.last_seen_at) if moment is not None]
    existing.last_seen_at = max(seen, default=None)


async def _existing(held: Connection, caller: Caller, target: Target) -> ContactRow | None:
    """By id, then by the customer's id, then by e-mail address; the first that is given decides.

    Of two who turn out to be the same new person at once, the second finds whom the first became.
    """
    if target.id is not None:
        await service.lock_live_contacts(held, caller, [target.id])
        return await queries.contact_for_update.one(held, caller.workspace_id, target.id)
    identifier = target.external_id or (target.email if target.role == "user" else None)
    if identifier is None:
        return None
    found = await _live_user(held, caller, target)
    if found is None:
        await service.hold_identifier(held, caller, identifier)
        found = await _live_user(held, caller, target)
    return found


async def _live_user(held: Connection, caller: Caller, target: Target) -> ContactRow | None:
    if target.external_id is not None:
        found = await identifying_queries.user_by_external_id.first(held, caller.workspace_id, target.external_id)
        users = [found] if found else []
    else:
        users = await identifying_queries.users_by_email.all(held, caller.workspace_id, target.email)
    live = [user.id for user in users if user.state == "live"]
    return await queries.contact_for_update.first(held, caller.workspace_id, live[0]) if live else None


async def _become(held: Connection, caller: Caller, person: KnownPerson, target: Target) -> Contact:
    now = caller.now().replace(microsecond=0)
    email = target.email or person.email
    row = ContactRow(
        id=person.id,
        external_id=ids.uuid() if target.role == "lead" else target.external_id,
        role=target.role,
        email=email,
        phone=person.phone,
        formatted_phone=formatted_phone(person.phone),
        name=person.name,
        avatar_url=person.avatar_url,
        owner_id=person.owner_id,
        unsubscribed_from_emails=person.unsubscribed_from_emails,
        created_at=now,
        updated_at=now,
        signed_up_at=now,
        last_seen_at=person.last_seen_at,
        custom_attributes=person.custom_attributes,
        email_identifier=email if target.role == "user" and target.external_id is None else None,
    )
    for name in queries.ORIGIN_COLUMNS:
        setattr(row, name, getattr(person, name))
    attributes = CustomAttributes(msgspec.json.decode(person.custom_attributes))
    contact = await insert(held, caller, row, attributes)
    await _store_origin(held, caller, row)
    return contact


async def _store_origin(held: Connection, caller: Caller, row: ContactRow) -> None:
    origin = [getattr(row, name) for name in queries.ORIGIN_COLUMNS]
    await queries.set_origin.run(held, caller.workspace_id, row.id, *origin)
