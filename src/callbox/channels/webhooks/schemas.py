"""Webhooks as the management API shows them."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from callbox.channels.webhooks.notifications import Notification, notification, notification_id
from callbox.channels.webhooks.queries import AttemptRow, DeliveryRow, WebhookRow
from callbox.platform.clock import unix, unix_or_none
from callbox.wire.pagination import CursorPages

Url = Annotated[str, Meta(min_length=1, max_length=2048)]
Secret = Annotated[str, Meta(min_length=16, max_length=255, pattern=r"^[!-~]+$")]
Topics = Annotated[list[str], Meta(min_length=1, max_length=200)]


class Webhook(msgspec.Struct):
    """Who is told of which events. `topics` null: of all. The secret is only in the answer that creates it."""

    type: Literal["webhook"]
    id: str
    url: str
    topics: list[str] | None
    state: str
    suspended_because: str | None
    failing_since: int | None
    held_until: int | None
    created_at: int
    updated_at: int
    secret: str | UnsetType = UNSET


class WebhookList(msgspec.Struct):
    """The workspace's webhooks."""

    type: Literal["list"]
    data: list[Webhook]


class WebhookDeleted(msgspec.Struct):
    """The answer to deleting."""

    id: str
    object: Literal["webhook"]
    deleted: Literal[True]


class CreateWebhookRequest(msgspec.Struct):
    """A new webhook. Without topics it is told of everything; without a secret it gets one."""

    url: Url
    topics: Topics | None = None
    secret: Secret | None = None


class UpdateWebhookRequest(msgspec.Struct):
    """What is to change. A suspended webhook is set going again by the state `active`."""

    url: Url | UnsetType = UNSET
    topics: Topics | UnsetType | None = UNSET
    secret: Secret | UnsetType = UNSET
    state: Literal["active", "paused"] | UnsetType = UNSET


class Attempt(msgspec.Struct):
    """One attempt: `status` and how the answer begins, or the error why there is none."""

    number: int
    sent_at: int
    milliseconds: int
    status: int | None
    error: str | None
    answer: str | None


class Delivery(msgspec.Struct):
    """One notification on its way to one receiver. `next_attempt_at` is null when it has ended."""

    type: Literal["webhook_delivery"]
    id: str
    webhook_id: str
    topic: str
    item_id: str
    state: str
    attempts: int
    created_at: int
    first_sent_at: int | None
    next_attempt_at: int | None
    finished_at: int | None


class DeliveryWithAttempts(Delivery, kw_only=True):
    """A delivery, its newest attempts, and the notification as it was last sent, or will be first."""

    latest_attempts: list[Attempt]
    notification: Notification


class DeliveryList(msgspec.Struct):
    """A page of a webhook's deliveries, newest first."""

    type: Literal["list"]
    data: list[Delivery]
    total_count: int
    pages: CursorPages


class DeliveriesQuery(msgspec.Struct):
    """All deliveries, or those in a state: waiting, delivered or failed."""

    state: Literal["waiting", "delivered", "failed"] | None = None
    per_page: str | None = None
    starting_after: str | None = None


def webhook_from_row(row: WebhookRow, secret: str | UnsetType = UNSET) -> Webhook:
    """The webhook as GET shows it."""
    return Webhook(
        type="webhook",
        id=str(row.id),
        url=row.url,
        topics=row.topics,
        state=row.state,
        suspended_because=row.suspended_because,
        failing_since=unix_or_none(row.failing_since),
        held_until=unix_or_none(row.held_until),
        created_at=unix(row.created_at),
        updated_at=unix(row.updated_at),
        secret=secret,
    )


def delivery_from_row(webhook_id: int, row: DeliveryRow) -> Delivery:
    """The delivery as lists show it."""
    return Delivery(
        type="webhook_delivery",
        id=notification_id(row.id),
        webhook_id=str(webhook_id),
        topic=row.topic,
        item_id=row.item_id,
        state=row.state,
        attempts=row.attempts,
        created_at=unix(row.created_at),
        first_sent_at=unix_or_none(row.first_sent_at),
        next_attempt_at=unix(row.next_attempt_at) if row.state == "waiting" else None,
        finished_at=unix_or_none(row.finished_at),
    )


def delivery_with_attempts(
    app_id: str, webhook_id: int, row: DeliveryRow, item: str, attempts: list[AttemptRow]
) -> DeliveryWithAttempts:
    """The delivery with all that is known of it."""
    told = notification(
        app_id,
        row.id,
        row.topic,
        item,
        attempt=max(row.attempts, 1),
        first_sent_at=row.first_sent_at or row.next_attempt_at,
        created_at=row.created_at,
    )
    shown = [
        Attempt(each.number, unix(each.sent_at), each.milliseconds, each.status, each.error, each.answer)
        for each in attempts
    ]
    fields = msgspec.structs.asdict(delivery_from_row(webhook_id, row))
    return DeliveryWithAttempts(**fields, latest_attempts=shown, notification=told)
