"""What a receiver gets: the envelope around an event's item, and the signature over its bytes."""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import Raw

from callbox.platform.clock import iso_milliseconds, unix

PING = "ping"
PING_ITEM = '{"type":"ping","message":"something something interzen"}'
_ID_PREFIX = "notif_"
# Where a conversation stands in items that wrap one.
_CONVERSATION = "conversation"


class _Data(msgspec.Struct):
    type: Literal["notification_event_data"]
    item: Raw


class _NoLinks(msgspec.Struct):
    pass


class Notification(msgspec.Struct, rename={"self_url": "self"}):
    """The envelope, in the order of keys that receivers know."""

    type: Literal["notification_event"]
    app_id: str
    data: _Data
    links: _NoLinks
    id: str | None
    topic: str
    delivery_status: Literal["pending"] | None
    delivery_attempts: int
    delivered_at: int
    first_sent_at: int
    created_at: int
    self_url: None


def notification_id(delivery_id: UUID) -> str:
    """The id of a notification as receivers see it."""
    return f"{_ID_PREFIX}{delivery_id}"


def delivery_id_of(notification_id: str) -> UUID | None:
    """What a receiver's id stands for, or None where it can be none."""
    try:
        return UUID(notification_id.removeprefix(_ID_PREFIX))
    except ValueError:
        return None


def notification(
    app_id: str,
    delivery_id: UUID,
    topic: str,
    item: str,
    *,
    attempt: int,
    first_sent_at: datetime,
    created_at: datetime,
) -> Notification:
    """The envelope of one attempt."""
    is_ping = topic == PING
    return Notification(
        type="notification_event",
        app_id=app_id,
        data=_Data("notification_event_data", _shown(item)),
        links=_NoLinks(),
        id=None if is_ping else notification_id(delivery_id),
        topic=topic,
        delivery_status=None if is_ping else "pending",
        delivery_attempts=attempt,
        delivered_at=0,
        first_sent_at=unix(first_sent_at),
        created_at=unix(created_at),
        self_url=None,
    )


_members = msgspec.json.Decoder(dict[str, Raw])


def _shown(item: str) -> Raw:
    """The item as notifications of this version show it: the times of a conversation's statistics are ISO 8601."""
    if '"statistics"' not in item:
        return Raw(item)
    members = _members.decode(item)
    if _CONVERSATION in members:
        members[_CONVERSATION] = _with_iso_statistics(_members.decode(members[_CONVERSATION]))
        return Raw(msgspec.json.encode(members))
    return _with_iso_statistics(members)


def _with_iso_statistics(conversation: dict[str, Raw]) -> Raw:
    statistics = msgspec.json.decode(conversation.get("statistics", b"null"))
    if isinstance(statistics, dict):
        shown = {
            name: _iso(value) if name.endswith("_at") and value is not None else value
            for name, value in statistics.items()
        }
        conversation["statistics"] = Raw(msgspec.json.encode(shown))
    return Raw(msgspec.json.encode(conversation))


def _iso(seconds: int) -> str:
    return iso_milliseconds(datetime.fromtimestamp(seconds, UTC))


def headers_of(body: bytes, secret: str) -> list[tuple[str, str]]:
    """The documented headers; the signature is over the body as it is sent."""
    signature = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
    return [
        ("User-Agent", "intercom-parrot-service-client/1.0"),
        ("Accept", "application/json"),
        ("Content-Type", "application/json"),
        ("X-Hub-Signature", f"sha1={signature}"),
    ]
