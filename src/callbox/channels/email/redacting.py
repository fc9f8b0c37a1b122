"""What was taken back in a conversation is in no mail that is kept: neither in one that came, nor in one that went."""

import msgspec

from callbox.channels.email import queries
from callbox.channels.email.inbound import queries as inbound_queries
from callbox.platform.database import Connection
from callbox.support.attachments.service import detach
from callbox.support.conversations.redaction import REDACTED_BODY, Redacted
from callbox.wire.html import plain_text


async def on_redacted(held: Connection, workspace_id: str, redacted: Redacted) -> None:
    """Reaction: the mail as it came goes with its pictures; a mail of ours says no more than the part does."""
    for came in await inbound_queries.redact_inbound.all(
        held, workspace_id, redacted.conversation_id, redacted.part_id
    ):
        file_ids = [came.id, *msgspec.json.decode(came.picture_ids or "[]", type=list[str])]
        await detach(held, redacted.caller, msgspec.json.encode(file_ids).decode())
    if redacted.part_id is not None:
        await queries.redact_emails.run(
            held,
            workspace_id,
            redacted.conversation_id,
            redacted.part_id,
            REDACTED_BODY,
            plain_text(REDACTED_BODY),
        )
