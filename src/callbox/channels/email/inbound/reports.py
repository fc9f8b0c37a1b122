"""Reports of mail servers about mails that we sent: what could not be delivered is told where it was written."""

import asyncio

from callbox.channels.email import threading_queries
from callbox.channels.email.addresses import read_bounce_address
from callbox.channels.email.bounces import bounced
from callbox.channels.email.inbound.parsing import ParsedMail
from callbox.channels.email.inbound.recognising import bounce_in
from callbox.platform.database import Connection
from callbox.wire.authentication import Caller


async def take_report(held: Connection, caller: Caller, recipients: list[str], mail: ParsedMail) -> bool:
    """Note what the report says of one of our mails; False where it says nothing, or nothing about ours."""
    bounce = await asyncio.to_thread(bounce_in, mail.message)
    if bounce is None:
        return False
    email_id = await _email_of_address(held, caller, recipients)
    for message_id in bounce.message_ids:
        email_id = email_id or await threading_queries.email_id_of_message_id.first(
            held, caller.workspace_id, message_id
        )
    if email_id is None:
        return False
    await bounced(held, caller, email_id, final=bounce.final, hard=bounce.hard, text=bounce.text)
    return True


async def _email_of_address(held: Connection, caller: Caller, recipients: list[str]) -> int | None:
    """Reports come back to an address that was made for one mail."""
    for address in recipients:
        target = await read_bounce_address(held, address)
        if target is not None and target.workspace_id == caller.workspace_id:
            return target.email_id
    return None
