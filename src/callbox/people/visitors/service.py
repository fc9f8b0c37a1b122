"""The rules of visitors: anonymous until they are converted, then gone."""

import msgspec
from msgspec import UNSET

from callbox.people.contacts import conversion
from callbox.people.contacts.identifiers import email_of
from callbox.people.contacts.schemas import Contact
from callbox.people.contacts.service import find_contact
from callbox.people.data_attributes.values import check_custom_attributes
from callbox.people.visitors import queries
from callbox.people.visitors.names import pseudonym
from callbox.people.visitors.queries import VisitorRow
from callbox.people.visitors.schemas import (
    ConvertVisitorRequest,
    CreateVisitorRequest,
    PersonKey,
    UpdateVisitorRequest,
    Visitor,
    VisitorDeleted,
    visitor_from_row,
)
from callbox.platform import ids
from callbox.platform.database import Connection, connection, transaction
from callbox.platform.events import Event, Topic, record
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId
from callbox.wire.errors import NotFound, ParameterInvalid, ParameterNotFound


class VisitorNotFound(NotFound):
    """No visitor has this id; a converted one has become a contact."""

    message = "Visitor Not Found"


class VisitorNotNamed(ParameterNotFound):
    """Nothing says which visitor is meant."""

    message = "id or user_id of the visitor is a required parameter"


async def create_visitor(caller: Caller, request: CreateVisitorRequest) -> Visitor:
    """A visitor with a generated `user_id` and a made-up name."""
    now = caller.now().replace(microsecond=0)
    visitor_id, user_id = ids.object_id(now), ids.uuid()
    async with transaction() as held:
        attributes = await check_custom_attributes(held, caller.workspace_id, "contact", request.custom_attributes)
        await queries.insert_visitor.run(
            held,
            caller.workspace_id,
            visitor_id,
            user_id,
            email_of(request.email),
            request.phone,
            request.name,
            pseudonym(user_id),
            request.avatar,
            now,
            request.country,
            request.region,
            request.city,
            msgspec.json.encode(attributes.values).decode(),
            request.referrer,
            request.utm_campaign,
            request.utm_content,
            request.utm_medium,
            request.utm_source,
            request.utm_term,
        )
        return visitor_from_row(caller, await queries.visitor_by_id.one(held, caller.workspace_id, visitor_id))


async def get_visitor(caller: Caller, *, user_id: str | None = None, visitor_id: str | None = None) -> Visitor:
    """A visitor by the messenger's `user_id`, or by id."""
    async with connection() as held:
        if visitor_id is not None:
            row = await queries.visitor_by_id.first(held, caller.workspace_id, visitor_id)
        elif user_id:
            row = await queries.visitor_by_user_id.first(held, caller.workspace_id, user_id)
        else:
            raise VisitorNotNamed("user_id is a required parameter")
    if row is None:
        raise VisitorNotFound
    return visitor_from_row(caller, row)


async def update_visitor(caller: Caller, request: UpdateVisitorRequest) -> Visitor:
    """Change what is sent of a visitor."""
    async with transaction() as held:
        row = await _locked(held, caller, PersonKey(id=request.id, user_id=request.user_id))
        sent = None if request.custom_attributes is UNSET else request.custom_attributes
        attributes = await check_custom_attributes(held, caller.workspace_id, "contact", sent)
        await queries.update_visitor.run(
            held,
            caller.workspace_id,
            row.id,
            row.name if request.name is UNSET else request.name,
            msgspec.json.encode(attributes.values).decode(),
            caller.now().replace(microsecond=0),
        )
        return visitor_from_row(caller, await queries.visitor_by_id.one(held, caller.workspace_id, row.id))


async def delete_visitor(caller: Caller, visitor_id: str) -> VisitorDeleted:
    """Forget a visitor; an operation that older clients still call."""
    async with transaction() as held:
        row = await _locked(held, caller, PersonKey(id=visitor_id))
        await queries.delete_visitor_row.run(held, caller.workspace_id, row.id)
    return VisitorDeleted(row.id, "visitor", row.user_id)


async def _locked(held: Connection, caller: Caller, key: PersonKey) -> VisitorRow:
    """The visitor, held until the transaction ends: of two conversions at once, the second finds nobody.

    An id wins over a user_id, and that over an e-mail address.
    """
    visitor_id, user_id, email = _given(key.id), _given(key.user_id), _given(key.email)
    if visitor_id is not None:
        user_id = email = None
    elif user_id is not None:
        email = None
    elif email is None:
        raise VisitorNotNamed
    row = await queries.visitor_for_update.first(
        held, caller.workspace_id, visitor_id, user_id, None if email is None else email.strip().lower()
    )
    if row is None:
        raise VisitorNotFound
    return row


async def convert_to_lead(
    held: Connection, caller: Caller, *, visitor_id: str | None, user_id: str | None
) -> Contact | None:
    """The lead that a visitor becomes by writing, or None where no visitor has this id."""
    if visitor_id is not None:
        row = await queries.visitor_by_id.first(held, caller.workspace_id, visitor_id)
    else:
        row = await queries.visitor_by_user_id.first(held, caller.workspace_id, user_id)
    if row is None:
        return None
    try:
        return await convert_visitor(caller, ConvertVisitorRequest(PersonKey(id=row.id), type="lead"))
    except VisitorNotFound:
        # They wrote twice at once, and the other message was first: the lead has the visitor's id.
        return await find_contact(held, caller, contact_id=row.id)


def _given(identifier: WireId | None) -> str | None:
    return None if identifier is None or identifier == "" else str(identifier)


async def convert_visitor(caller: Caller, request: ConvertVisitorRequest) -> Contact:
    """Make a contact of a visitor, or merge it into the user it turned out to be."""
    if request.type not in {"user", "lead"}:
        raise ParameterInvalid("type must be either user or lead")
    user = request.user or PersonKey()
    email = email_of(user.email)
    target = conversion.Target(request.type, _given(user.id), _given(user.user_id), email)
    if request.type == "user" and target.id is None and target.external_id is None and email is None:
        raise ParameterNotFound("user.id, user.user_id or user.email is a required parameter")
    async with transaction() as held:
        visitor = await _locked(held, caller, request.visitor)
        await queries.delete_visitor_row.run(held, caller.workspace_id, visitor.id)
        item = msgspec.json.encode(visitor_from_row(caller, visitor)).decode()
        await record(held, caller.workspace_id, Event(Topic.VISITOR_SIGNED_UP, visitor.id, item), caller.now())
        return await conversion.receive(held, caller, _known(visitor), target)


def _known(visitor: VisitorRow) -> conversion.KnownPerson:
    """What goes along. A visitor was last seen when it last asked for a page."""
    same = [name for name in conversion.KnownPerson.__struct_fields__ if name != "last_seen_at"]
    return conversion.KnownPerson(
        last_seen_at=visitor.last_request_at, **{name: getattr(visitor, name) for name in same}
    )
