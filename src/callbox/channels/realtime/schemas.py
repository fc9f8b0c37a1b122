"""Live updates as they are on the wire, and what processes tell one another of them."""

from typing import Literal

import msgspec

from callbox.wire.decode import WireId

ViewerType = Literal["admin", "contact"]


class Viewer(msgspec.Struct, frozen=True):
    """Who watches: an admin the whole workspace, a contact what it takes part in."""

    workspace_id: str
    type: ViewerType
    id: str


class Typing(msgspec.Struct, frozen=True, tag="typing"):
    """Somebody writes in a conversation; told to the admins and to these contacts."""

    by: Viewer
    conversation_id: str
    contact_ids: tuple[str, ...]


class Presence(msgspec.Struct, frozen=True, tag="presence"):
    """Somebody came or went."""

    who: Viewer
    online: bool


class TypingView(msgspec.Struct):
    """The data of a `typing` event."""

    conversation_id: str
    type: ViewerType
    id: str


class PresenceView(msgspec.Struct):
    """The data of a `presence` event."""

    type: ViewerType
    id: str
    online: bool


class EventView(msgspec.Struct):
    """The data of all other events; `item` is what GET answers, as far as the viewer may see it."""

    topic: str
    item_id: str
    item: msgspec.Raw
    created_at: int


class LiveTokenRequest(msgspec.Struct):
    """For whom a stream is to be opened: one contact, one admin, or else the admin of the access token."""

    contact_id: str | None = None
    admin_id: WireId | None = None


class LiveToken(msgspec.Struct):
    """A token that opens `/live`, and tells of typing, and is good for nothing else."""

    type: Literal["live_token"]
    token: str
    expires_at: int


class TypingRequest(msgspec.Struct):
    """The conversation or ticket in which the viewer writes."""

    conversation_id: WireId


class WhoIsOnline(msgspec.Struct):
    """Who is connected."""

    type: Literal["presence"]
    admin_ids: list[str]
    contact_ids: list[str]


class LiveQuery(msgspec.Struct):
    """How a stream is opened."""

    token: str | None = None
    topics: str | None = None
    last_event_id: str | None = None
