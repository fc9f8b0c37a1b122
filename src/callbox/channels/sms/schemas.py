"""Text messages as they are on the wire."""

from typing import Literal

import msgspec

State = Literal["waiting", "logged", "sent", "delivered", "failed"]


class TextMessage(msgspec.Struct):
    """A text message and what became of it. Where no provider is set, it is `logged`: kept here, and not sent."""

    type: Literal["text_message"]
    id: str
    phone: str
    contact_id: str
    body: str
    state: State
    provider_id: str | None
    attempts: int
    error: str | None
    created_at: int
    updated_at: int


class TextMessageList(msgspec.Struct):
    """The newest text messages."""

    type: Literal["list"]
    data: list[TextMessage]


class TextToSend(msgspec.Struct):
    """The payload of the job that sends one. Callbacks go where the request went that asked for it."""

    workspace_id: str
    id: str
    server: str
