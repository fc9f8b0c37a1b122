"""Subscription types over HTTP, in the order of the reference; below them what only the management API does."""

from litestar.types import HTTPScope

from callbox.people.contacts.service import ContactNotFound
from callbox.people.subscription_types import service
from callbox.people.subscription_types.schemas import (
    CreateSubscriptionTypeRequest,
    SubscribeRequest,
    SubscriptionType,
    SubscriptionTypeList,
    UpdateSubscriptionTypeRequest,
)
from callbox.wire.decode import decode
from callbox.wire.operations import caller_of, operation

GROUP = "Subscription Types"


@operation("GET", "/contacts/{contact_id:str}/subscriptions", group=GROUP, errors=[ContactNotFound])
async def subscriptions_of_contact(contact_id: str, scope: HTTPScope) -> SubscriptionTypeList:
    """List the types about which a contact said something explicitly."""
    return SubscriptionTypeList("list", await service.subscriptions_of_contact(caller_of(scope), contact_id))


@operation(
    "POST",
    "/contacts/{contact_id:str}/subscriptions",
    group=GROUP,
    request=SubscribeRequest,
    errors=[ContactNotFound, service.SubscriptionTypeNotFound],
    example={"id": "12", "consent_type": "opt_out"},
)
async def subscribe(contact_id: str, body: bytes, scope: HTTPScope) -> SubscriptionType:
    """Keep what a contact wants of a subscription type."""
    return await service.subscribe(caller_of(scope), contact_id, decode(body, SubscribeRequest))


@operation(
    "DELETE",
    "/contacts/{contact_id:str}/subscriptions/{subscription_id:str}",
    group=GROUP,
    errors=[ContactNotFound, service.SubscriptionTypeNotFound],
)
async def unsubscribe(contact_id: str, subscription_id: str, scope: HTTPScope) -> SubscriptionType:
    """Forget what a contact said of a subscription type."""
    return await service.unsubscribe(caller_of(scope), contact_id, subscription_id)


@operation("GET", "/subscription_types", group=GROUP)
async def list_subscription_types(scope: HTTPScope) -> SubscriptionTypeList:
    """List the workspace's subscription types."""
    return SubscriptionTypeList("list", await service.list_subscription_types(caller_of(scope)))


@operation(
    "POST",
    "/manage/v1/subscription_types",
    group=GROUP,
    request=CreateSubscriptionTypeRequest,
    example={
        "consent_type": "opt_out",
        "content_types": ["email"],
        "default_translation": {"name": "Newsletter", "description": "Once a month", "locale": "en"},
    },
)
async def create_subscription_type(body: bytes, scope: HTTPScope) -> SubscriptionType:
    """Create a subscription type."""
    return await service.create_subscription_type(caller_of(scope), decode(body, CreateSubscriptionTypeRequest))


@operation(
    "PUT",
    "/manage/v1/subscription_types/{subscription_id:str}",
    group=GROUP,
    request=UpdateSubscriptionTypeRequest,
    errors=[service.SubscriptionTypeNotFound],
    example={"state": "archived"},
)
async def update_subscription_type(subscription_id: str, body: bytes, scope: HTTPScope) -> SubscriptionType:
    """Change a subscription type."""
    request = decode(body, UpdateSubscriptionTypeRequest)
    return await service.update_subscription_type(caller_of(scope), subscription_id, request)


ROUTES = [subscriptions_of_contact, subscribe, unsubscribe, list_subscription_types]
MANAGE_ROUTES = [create_subscription_type, update_subscription_type]
