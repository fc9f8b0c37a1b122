"""Which mail answers which: by the Message-IDs of every mail that went out or came in."""

from collections.abc import Sequence
from datetime import datetime

from callbox.channels.email import queries
from callbox.channels.email.queries import ThreadEntry
from callbox.platform.database import Connection


def bare(message_id: str) -> str:
    """A Message-ID as it is stored: without white space and angle brackets."""
    return message_id.strip().removeprefix("<").removesuffix(">")


async def find_thread(held: Connection, workspace_id: str, message_ids: Sequence[str]) -> ThreadEntry | None:
    """The mail that the first known one of these Message-IDs names: In-Reply-To, then the newest References."""
    return await queries.thread_of.first(held, workspace_id, [bare(each) for each in message_ids])


async def remember_received(
    held: Connection, workspace_id: str, message_id: str, conversation_id: int, contact_id: str, at: datetime
) -> None:
    """Let answers to a mail that came in find its conversation, and our mails refer to it."""
    await queries.insert_message_id.run(
        held, workspace_id, bare(message_id), conversation_id, None, contact_id, None, at
    )
