"""Webhooks over HTTP: the management API alone has them, for the reference's are set in its web interface."""

from litestar.types import HTTPScope

from callbox.channels.webhooks import service
from callbox.channels.webhooks.schemas import (
    CreateWebhookRequest,
    DeliveriesQuery,
    Delivery,
    DeliveryList,
    DeliveryWithAttempts,
    UpdateWebhookRequest,
    Webhook,
    WebhookDeleted,
    WebhookList,
)
from callbox.channels.webhooks.service import DeliveryNotFound, TooManyWebhooks, WebhookNotActive, WebhookNotFound
from callbox.wire.decode import decode, decode_query
from callbox.wire.idempotency import SecretNotKept, keep_no_secret
from callbox.wire.operations import caller_of, operation

_GROUP = "Webhooks"
_EXAMPLE = {"url": "https://example.com/callbox", "topics": ["conversation.user.created", "conversation.user.replied"]}


@operation("GET", "/manage/v1/webhooks", group=_GROUP)
async def list_webhooks(scope: HTTPScope) -> WebhookList:
    """List the workspace's webhooks, without their secrets."""
    return WebhookList("list", await service.list_webhooks(caller_of(scope)))


@operation(
    "POST",
    "/manage/v1/webhooks",
    group=_GROUP,
    request=CreateWebhookRequest,
    errors=[SecretNotKept, TooManyWebhooks],
    example=_EXAMPLE,
)
async def create_webhook(body: bytes, scope: HTTPScope) -> Webhook:
    """Create a webhook; its secret is in this answer and nowhere else. The receiver has to answer HEAD with success."""
    keep_no_secret(scope)
    return await service.create_webhook(caller_of(scope), decode(body, CreateWebhookRequest))


@operation("GET", "/manage/v1/webhooks/{webhook_id:str}", group=_GROUP, errors=[WebhookNotFound])
async def get_webhook(webhook_id: str, scope: HTTPScope) -> Webhook:
    """Read a webhook, without its secret."""
    return await service.get_webhook(caller_of(scope), webhook_id)


@operation(
    "PUT",
    "/manage/v1/webhooks/{webhook_id:str}",
    group=_GROUP,
    request=UpdateWebhookRequest,
    errors=[WebhookNotFound],
    example={"topics": ["ticket.created"], "state": "paused"},
)
async def update_webhook(webhook_id: str, body: bytes, scope: HTTPScope) -> Webhook:
    """Change a webhook, pause it, or set it going again."""
    return await service.update_webhook(caller_of(scope), webhook_id, decode(body, UpdateWebhookRequest))


@operation("DELETE", "/manage/v1/webhooks/{webhook_id:str}", group=_GROUP, errors=[WebhookNotFound])
async def delete_webhook(webhook_id: str, scope: HTTPScope) -> WebhookDeleted:
    """Delete a webhook; what waits for it is not sent."""
    return await service.delete_webhook(caller_of(scope), webhook_id)


@operation(
    "POST",
    "/manage/v1/webhooks/{webhook_id:str}/ping",
    group=_GROUP,
    errors=[WebhookNotFound, WebhookNotActive],
)
async def ping_webhook(webhook_id: str, scope: HTTPScope) -> Delivery:
    """Send a ping."""
    return await service.ping_webhook(caller_of(scope), webhook_id)


@operation(
    "GET",
    "/manage/v1/webhooks/{webhook_id:str}/deliveries",
    group=_GROUP,
    query=DeliveriesQuery,
    errors=[WebhookNotFound],
)
async def list_deliveries(webhook_id: str, scope: HTTPScope) -> DeliveryList:
    """List a webhook's deliveries of the last week, newest first."""
    query = decode_query(scope["query_string"], DeliveriesQuery)
    return await service.list_deliveries(caller_of(scope), webhook_id, query)


@operation(
    "GET",
    "/manage/v1/webhooks/{webhook_id:str}/deliveries/{delivery_id:str}",
    group=_GROUP,
    errors=[WebhookNotFound, DeliveryNotFound],
)
async def get_delivery(webhook_id: str, delivery_id: str, scope: HTTPScope) -> DeliveryWithAttempts:
    """Read a delivery with its attempts and its notification."""
    return await service.get_delivery(caller_of(scope), webhook_id, delivery_id)


@operation(
    "POST",
    "/manage/v1/webhooks/{webhook_id:str}/deliveries/{delivery_id:str}/redeliver",
    group=_GROUP,
    errors=[WebhookNotFound, DeliveryNotFound],
)
async def redeliver(webhook_id: str, delivery_id: str, scope: HTTPScope) -> Delivery:
    """Send a notification again."""
    return await service.redeliver(caller_of(scope), webhook_id, delivery_id)


MANAGE_ROUTES = [
    list_webhooks,
    create_webhook,
    get_webhook,
    update_webhook,
    delete_webhook,
    ping_webhook,
    list_deliveries,
    get_delivery,
    redeliver,
]
