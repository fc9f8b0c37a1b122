"""The rules of webhooks: who may listen to what, and what is shown of deliveries."""

import secrets
from datetime import timedelta
from urllib.parse import urlsplit

from msgspec import UNSET

from callbox.channels.webhooks import queries
from callbox.channels.webhooks.notifications import PING, PING_ITEM, delivery_id_of
from callbox.channels.webhooks.policy import TIMEOUT_SECONDS, is_success, policy
from callbox.channels.webhooks.queries import DeliveryRow, WebhookRow
from callbox.channels.webhooks.schemas import (
    CreateWebhookRequest,
    DeliveriesQuery,
    Delivery,
    DeliveryList,
    DeliveryWithAttempts,
    UpdateWebhookRequest,
    Webhook,
    WebhookDeleted,
    delivery_from_row,
    delivery_with_attempts,
    webhook_from_row,
)
from callbox.platform.database import Connection, connection, transaction
from callbox.platform.events import PUBLIC_TOPICS
from callbox.platform.outgoing import OutgoingFailed, OutgoingRefused, Receiver
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId, decimal_id
from callbox.wire.errors import ClientError, NotFound, ParameterInvalid
from callbox.wire.pagination import cursor_page, cursor_pages
from callbox.workspace.activity_logs import record_activity

MAX_WEBHOOKS = 100
KEPT_FOR = timedelta(days=7)
_DEFAULT_PER_PAGE, _MAX_PER_PAGE = 20, 150
_SHOWN_ATTEMPTS = 100
_FORGET_BATCH = 1000


class WebhookNotFound(NotFound):
    """The workspace has no such webhook."""

    message = "Webhook not found"


class DeliveryNotFound(NotFound):
    """The webhook has no such delivery, or no longer."""

    message = "Delivery not found"


class TooManyWebhooks(ClientError):
    """Each event is told to every one of them."""

    message = f"A workspace can have {MAX_WEBHOOKS} webhooks"


class WebhookNotActive(ClientError):
    """Nothing is sent to it now."""

    message = "The webhook is not active"


async def create_webhook(caller: Caller, request: CreateWebhookRequest) -> Webhook:
    """Begin to tell a receiver of events, with a ping first. The secret is in this answer and nowhere else."""
    topics = _checked_topics(request.topics)
    await _check_receiver(request.url)
    secret = request.secret or secrets.token_hex(32)
    async with transaction() as held:
        if await queries.count_webhooks.one(held, caller.workspace_id) >= MAX_WEBHOOKS:
            raise TooManyWebhooks
        now = caller.now()
        row = await queries.insert_webhook.one(held, caller.workspace_id, request.url, topics, secret, now)
        await _ping(held, caller, row.id)
        description = f"{caller.admin_name} created the webhook {row.id} for {_host(row.url)}."
        await record_activity(held, caller, "app_webhook_creation", description, _told_of(row))
    return webhook_from_row(row, secret)


def _checked_topics(sent: list[str] | None) -> list[str] | None:
    if sent is None:
        return None
    unknown = [topic for topic in sent if topic not in PUBLIC_TOPICS]
    if unknown:
        raise ParameterInvalid(f"topics: {unknown[0]} is not a topic; the topics are {', '.join(PUBLIC_TOPICS)}")
    return sorted(set(sent))


async def _check_receiver(url: str) -> None:
    """It has to be there: a HEAD request must succeed. Raises ParameterInvalid."""
    _check_url(url)
    private = policy().private_receivers
    async with Receiver(connections=1, seconds=TIMEOUT_SECONDS, private_allowed=private) as receiver:
        try:
            answered = await receiver.send("HEAD", url, [("User-Agent", "callbox"), ("Accept", "*/*")])
        except (OutgoingFailed, OutgoingRefused) as error:
            raise ParameterInvalid(f"url cannot be reached: {error}") from error
    if not is_success(answered.status):
        raise ParameterInvalid(f"url must answer a HEAD request with success, not with {answered.status}")


def _check_url(url: str) -> None:
    schemes = {"https", "http"} if policy().private_receivers else {"https"}
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or not url.isascii() or not url.isprintable() or " " in url:
        raise ParameterInvalid(f"url must be an address that begins with {' or '.join(sorted(schemes))}://")
    if "@" in parts.netloc or parts.fragment:
        raise ParameterInvalid("url must hold neither a password nor a fragment")


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _told_of(row: WebhookRow) -> dict[str, object]:
    """What the activity log says of a webhook. A URL may hold secrets of the receiver's: only its host is told."""
    return {"webhook": {"id": row.id, "host": _host(row.url), "topics": row.topics}}


async def list_webhooks(caller: Caller) -> list[Webhook]:
    """The workspace's webhooks, oldest first."""
    async with connection() as held:
        rows = await queries.webhooks_of_workspace.all(held, caller.workspace_id)
    return [webhook_from_row(row) for row in rows]


async def get_webhook(caller: Caller, webhook_id: WireId) -> Webhook:
    """One webhook. Raises WebhookNotFound."""
    async with connection() as held:
        return webhook_from_row(await _found(held, caller, webhook_id))


async def _found(held: Connection, caller: Caller, webhook_id: WireId) -> WebhookRow:
    row = await queries.webhook_by_id.first(held, caller.workspace_id, decimal_id(webhook_id))
    if row is None:
        raise WebhookNotFound
    return row


async def update_webhook(caller: Caller, webhook_id: WireId, request: UpdateWebhookRequest) -> Webhook:
    """Change what is sent; the receiver's past failures count no more. One that is active then gets a ping.

    A paused webhook's notifications wait; of what happens while one is suspended, nothing is told.
    """
    topics = _checked_topics(request.topics) if request.topics is not UNSET else UNSET
    if request.url is not UNSET:
        await _check_receiver(request.url)
    async with transaction() as held:
        before = await queries.webhook_for_update.first(held, caller.workspace_id, decimal_id(webhook_id))
        if before is None:
            raise WebhookNotFound
        row = await queries.update_webhook.one(
            held,
            caller.workspace_id,
            before.id,
            before.url if request.url is UNSET else request.url,
            before.topics if topics is UNSET else topics,
            None if request.secret is UNSET else request.secret,
            before.state if request.state is UNSET else request.state,
            caller.now(),
        )
        if row.state == "active":
            await _ping(held, caller, row.id)
    return webhook_from_row(row)


async def delete_webhook(caller: Caller, webhook_id: WireId) -> WebhookDeleted:
    """Tell the receiver nothing more, not even what waits."""
    async with transaction() as held:
        row = await queries.webhook_for_update.first(held, caller.workspace_id, decimal_id(webhook_id))
        if row is None:
            raise WebhookNotFound
        await queries.mark_webhook_deleted.run(held, caller.workspace_id, row.id, caller.now())
        description = f"{caller.admin_name} deleted the webhook {row.id} for {_host(row.url)}."
        await record_activity(held, caller, "app_webhook_deletion", description, _told_of(row))
    return WebhookDeleted(str(row.id), "webhook", deleted=True)


async def ping_webhook(caller: Caller, webhook_id: WireId) -> Delivery:
    """Send the receiver a ping. Raises WebhookNotFound and WebhookNotActive."""
    async with transaction() as held:
        row = await queries.webhook_for_update.first(held, caller.workspace_id, decimal_id(webhook_id))
        if row is None:
            raise WebhookNotFound
        if row.state != "active":
            raise WebhookNotActive
        return delivery_from_row(row.id, await _ping(held, caller, row.id))


async def _ping(held: Connection, caller: Caller, webhook_id: int) -> DeliveryRow:
    workspace_id = caller.workspace_id
    delivery_id = await queries.insert_ping.one(held, workspace_id, webhook_id, PING, PING_ITEM, caller.now())
    return await queries.delivery_by_id.one(held, workspace_id, webhook_id, delivery_id)


async def list_deliveries(caller: Caller, webhook_id: WireId, query: DeliveriesQuery) -> DeliveryList:
    """A page of what was told or waits, newest first."""
    listing = f"webhook deliveries {webhook_id} {query.state}"
    page = cursor_page(query.per_page, query.starting_after, _DEFAULT_PER_PAGE, _MAX_PER_PAGE, listing=listing)
    before = decimal_id(page.last_id) if page.last_id else 2**63 - 1
    async with connection() as held:
        webhook = await _found(held, caller, webhook_id)
        rows = await queries.deliveries_page.all(
            held, caller.workspace_id, webhook.id, query.state, before, page.per_page + 1
        )
        total = page.total_count
        if total is None:
            total = await queries.deliveries_total.one(held, caller.workspace_id, webhook.id, query.state)
    shown = rows[: page.per_page]
    last_id = str(shown[-1].event_id) if len(rows) > page.per_page else None
    deliveries = [delivery_from_row(webhook.id, row) for row in shown]
    return DeliveryList("list", deliveries, total, cursor_pages(page, total, last_id))


async def get_delivery(caller: Caller, webhook_id: WireId, notification_id: str) -> DeliveryWithAttempts:
    """One delivery with its newest attempts. Raises WebhookNotFound and DeliveryNotFound."""
    async with connection() as held:
        webhook = await _found(held, caller, webhook_id)
        row = await _found_delivery(held, caller, webhook, notification_id)
        item = await queries.item_of_delivery.one(held, caller.workspace_id, row.id)
        attempts = await queries.attempts_of_delivery.all(held, caller.workspace_id, row.id, _SHOWN_ATTEMPTS)
    return delivery_with_attempts(caller.workspace_id, webhook.id, row, item, attempts)


async def redeliver(caller: Caller, webhook_id: WireId, notification_id: str) -> Delivery:
    """Send a notification again, or now if it waits; with all its repetitions before it."""
    async with transaction() as held:
        webhook = await _found(held, caller, webhook_id)
        row = await _found_delivery(held, caller, webhook, notification_id)
        await queries.send_again.run(held, caller.workspace_id, webhook.id, row.id, caller.now())
        return delivery_from_row(webhook.id, await _found_delivery(held, caller, webhook, notification_id))


async def _found_delivery(held: Connection, caller: Caller, webhook: WebhookRow, notification_id: str) -> DeliveryRow:
    delivery_id = delivery_id_of(notification_id)
    row = await queries.delivery_by_id.first(held, caller.workspace_id, webhook.id, delivery_id)
    if row is None:
        raise DeliveryNotFound
    return row


async def forget_old_deliveries(caller: Caller) -> int:
    """Remove a batch of what is older than a week, delivered or not; answers how many events that were."""
    async with transaction() as held:
        workspace_id = caller.workspace_id
        forgotten = await queries.forget_events.run(held, workspace_id, caller.now() - KEPT_FOR, _FORGET_BATCH)
        await queries.forget_webhooks.run(held, workspace_id)
    return forgotten
