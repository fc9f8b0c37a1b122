"""Which mail answers which: by the Message-IDs of every mail that went out or came in, without their brackets."""

from collections.abc import Sequence
from datetime import datetime

from callbox.channels.email import threading_queries
from callbox.channels.email.threading_queries import ThreadEntry
from callbox.platform.database import Connection


async def find_thread(held: Connection, workspace_id: str, message_ids: Sequence[str]) -> ThreadEntry | None:
    """The mail that the first known one of these Message-IDs names: In-Reply-To, then the newest References."""
    return await threading_queries.thread_of.first(held, workspace_id, list(message_ids))


async def remember_received(
    held: Connection, workspace_id: str, message_id: str, conversation_id: int, contact_id: str, at: datetime
) -> None:
    """Let answers to a mail that came in find its conversation, and our mails refer to it."""
    await threading_queries.insert_message_id.run(
        held, workspace_id, message_id, conversation_id, None, contact_id, None, at
    )
