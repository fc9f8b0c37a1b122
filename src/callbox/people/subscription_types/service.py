"""The rules of subscriptions: only what a contact said explicitly is kept.

To attach a type is to say its consent type: out of an opt_out type, into an opt_in type. Saying the contrary, or
detaching, goes back to the default.
"""

import msgspec
from msgspec import UNSET

from callbox.people.contacts import service as contacts
from callbox.people.subscription_types import queries
from callbox.people.subscription_types.schemas import (
    CreateSubscriptionTypeRequest,
    SubscribeRequest,
    SubscriptionEvent,
    SubscriptionType,
    Translation,
    UpdateSubscriptionTypeRequest,
    subscription_type_from_row,
)
from callbox.platform.database import Connection, connection, transaction
from callbox.platform.events import Event, Topic, record_many
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId, decimal_id
from callbox.wire.errors import NotFound, ParameterInvalid
from callbox.workspace.workspaces import WorkspaceCreated

_DEFAULTS = (
    ("opt_out", "email", "Announcements", "News about the product and the company"),
    ("opt_in", "sms_message", "Text messages", "Short notices to the phone"),
)


class SubscriptionTypeNotFound(NotFound):
    """The workspace has no such subscription type."""


async def create_default_subscription_types(held: Connection, workspace_id: str, created: WorkspaceCreated) -> None:
    """A new workspace begins with one type of each consent kind."""
    for consent_type, content_type, name, description in _DEFAULTS:
        translations = msgspec.json.encode([Translation(name, description, "en")]).decode()
        await queries.insert_subscription_type.one(
            held, workspace_id, "live", consent_type, "en", translations, [content_type], created.created_at
        )


async def list_subscription_types(caller: Caller) -> list[SubscriptionType]:
    """All subscription types; their state tells which are in use."""
    async with connection() as held:
        rows = await queries.subscription_types.all(held, caller.workspace_id)
    return [subscription_type_from_row(row) for row in rows]


async def subscriptions_of_contact(caller: Caller, contact_id: str) -> list[SubscriptionType]:
    """The types about which a contact said something explicitly."""
    async with connection() as held:
        await contacts.require_live_contact(held, caller, contact_id)
        rows = await queries.subscription_types_of_contact.all(held, caller.workspace_id, contact_id)
    return [subscription_type_from_row(row) for row in rows]


async def subscribe(caller: Caller, contact_id: str, request: SubscribeRequest) -> SubscriptionType:
    """Keep what a contact wants of a type."""
    async with transaction() as held:
        await contacts.lock_live_contacts(held, caller, [contact_id])
        subscription_type = await _found(held, caller, request.id)
        if request.consent_type == subscription_type.consent_type:
            changed = await queries.state_preference.run(
                held,
                caller.workspace_id,
                contact_id,
                int(subscription_type.id),
                request.consent_type,
                caller.now(),
            )
        else:
            changed = await queries.clear_preference.run(
                held, caller.workspace_id, contact_id, int(subscription_type.id)
            )
        if changed:
            is_in = request.consent_type == "opt_in"
            await _record(held, caller, contact_id, subscription_type, is_in=is_in)
    return subscription_type


async def unsubscribe(caller: Caller, contact_id: str, subscription_id: str) -> SubscriptionType:
    """Forget what a contact said of a type; nothing said: no change."""
    async with transaction() as held:
        await contacts.lock_live_contacts(held, caller, [contact_id])
        subscription_type = await _found(held, caller, subscription_id)
        if await queries.clear_preference.run(held, caller.workspace_id, contact_id, int(subscription_type.id)):
            is_in = subscription_type.consent_type == "opt_out"
            await _record(held, caller, contact_id, subscription_type, is_in=is_in)
    return subscription_type


async def _found(held: Connection, caller: Caller, subscription_id: WireId) -> SubscriptionType:
    row = await queries.subscription_type_by_id.first(held, caller.workspace_id, decimal_id(subscription_id))
    if row is None:
        raise SubscriptionTypeNotFound
    return subscription_type_from_row(row)


async def _record(
    held: Connection, caller: Caller, contact_id: str, subscription_type: SubscriptionType, *, is_in: bool
) -> None:
    await contacts.touch_contacts(held, caller, [contact_id])
    contact = await contacts.contact_in(held, caller, contact_id)
    item = msgspec.json.encode(SubscriptionEvent("subscription", contact, subscription_type)).decode()
    topics = (
        [Topic.CONTACT_SUBSCRIBED, Topic.GRANULAR_SUBSCRIBE]
        if is_in
        else [Topic.CONTACT_UNSUBSCRIBED, Topic.GRANULAR_UNSUBSCRIBE]
    )
    events = [Event(topic, contact_id, item) for topic in topics]
    await record_many(held, caller.workspace_id, events, caller.now())


async def create_subscription_type(caller: Caller, request: CreateSubscriptionTypeRequest) -> SubscriptionType:
    """A new subscription type."""
    async with transaction() as held:
        type_id = await queries.insert_subscription_type.one(
            held,
            caller.workspace_id,
            request.state,
            request.consent_type,
            request.default_translation.locale,
            _translations(request.default_translation, request.translations),
            request.content_types,
            caller.now(),
        )
        return await _found(held, caller, type_id)


async def update_subscription_type(
    caller: Caller, subscription_id: str, request: UpdateSubscriptionTypeRequest
) -> SubscriptionType:
    """Change what is sent of a subscription type."""
    async with transaction() as held:
        row = await queries.subscription_type_for_update.first(held, caller.workspace_id, decimal_id(subscription_id))
        if row is None:
            raise SubscriptionTypeNotFound
        found = subscription_type_from_row(row)
        default = found.default_translation if request.default_translation is UNSET else request.default_translation
        others = found.translations if request.translations is UNSET else request.translations
        await queries.update_subscription_type.run(
            held,
            caller.workspace_id,
            int(found.id),
            found.state if request.state is UNSET else request.state,
            default.locale,
            _translations(default, others),
            found.content_types if request.content_types is UNSET else request.content_types,
        )
        return await _found(held, caller, subscription_id)


def _translations(default: Translation, others: list[Translation]) -> str:
    """The default first, then the others; each language once."""
    kept = [default, *(item for item in others if item.locale != default.locale)]
    if len({item.locale for item in kept}) < len(kept):
        raise ParameterInvalid("translations must have each locale once")
    return msgspec.json.encode(kept).decode()
