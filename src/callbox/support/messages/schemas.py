"""Messages as they are on the wire."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from callbox.platform.clock import unix, unix_or_none
from callbox.support.messages.queries import MessageRow
from callbox.wire.decode import UnixTime, WireId
from callbox.wire.markup import MAX_HTML_LENGTH
from callbox.workspace.admins.queries import AdminRow


class Sender(msgspec.Struct):
    """Who sends: an admin, or a contact who starts a conversation in this way."""

    type: Literal["admin", "user", "lead", "contact"]
    id: WireId | None = None
    user_id: WireId | None = None
    email: str | None = None


class Recipient(msgspec.Struct):
    """The contact that a message is for."""

    type: Literal["user", "lead", "contact"] = "contact"
    id: WireId | None = None
    user_id: WireId | None = None
    email: str | None = None


class CreateMessageRequest(msgspec.Struct):
    """A message from an admin to a contact, or a contact's first message. Without a sender, it is the token's admin."""

    sender: Sender = msgspec.field(name="from", default_factory=lambda: Sender("admin"))
    to: Recipient | None = None
    message_type: Literal["inapp", "in_app", "conversation", "email"] = "inapp"
    subject: Annotated[str, Meta(max_length=1_000)] | None = None
    body: Annotated[str, Meta(max_length=MAX_HTML_LENGTH)] | None = None
    template: Literal["plain", "personal"] | None = None
    referer: Annotated[str, Meta(max_length=10_000)] | None = None
    created_at: UnixTime | None = None
    create_conversation_without_contact_reply: bool = False


class Owner(msgspec.Struct):
    """The admin who sent a message."""

    type: Literal["admin"]
    id: str
    name: str
    email: str
    away_mode_enabled: bool
    away_mode_reassign: bool


class AdminMessage(msgspec.Struct):
    """A message from an admin."""

    type: Literal["admin_message"]
    id: str
    created_at: int
    subject: str
    body: str
    message_type: Literal["inapp", "email"]
    owner: Owner
    template: str | UnsetType = UNSET
    conversation_id: str | UnsetType = UNSET


class ManagedMessage(msgspec.Struct):
    """A message with what became of it, as the management API shows it."""

    type: Literal["admin_message"]
    id: str
    message_type: str
    subject: str | None
    body: str
    template: str | None
    admin_id: str
    contact_id: str
    conversation_id: str | None
    created_at: int
    delivered_at: int | None


class MessageList(msgspec.Struct):
    """Messages, newest first; `next_before` asks for the older ones."""

    type: Literal["list"]
    data: list[ManagedMessage]
    next_before: str | None


class ListMessagesQuery(msgspec.Struct):
    """Those to one contact, and where in the list to read."""

    contact_id: str | None = None
    before: str | None = None
    per_page: str | None = None


class AnswerMessageRequest(msgspec.Struct):
    """What the contact answers, as the messenger would send it."""

    body: Annotated[str, Meta(min_length=1, max_length=MAX_HTML_LENGTH)]


def owner_of(admin: AdminRow) -> Owner:
    """The sender of a message."""
    return Owner("admin", str(admin.id), admin.name, admin.email, admin.away_mode_enabled, admin.away_mode_reassign)


def managed_message(row: MessageRow) -> ManagedMessage:
    """A message as the management API shows it."""
    return ManagedMessage(
        "admin_message",
        str(row.id),
        row.message_type,
        row.subject,
        row.body,
        row.template,
        str(row.from_admin_id),
        row.to_contact_id,
        None if row.conversation_id is None else str(row.conversation_id),
        unix(row.created_at),
        unix_or_none(row.delivered_at),
    )
