"""Mail that could not be delivered: the conversation is told, and who can never be reached is not written to again."""

import html

from callbox.channels.email import queries
from callbox.people.contacts import service as contacts
from callbox.platform.database import Connection
from callbox.support.conversations.changing import hold, store
from callbox.support.conversations.transitions import BOT, NewPart
from callbox.wire.authentication import Caller


async def bounced(held: Connection, caller: Caller, email_id: int, *, final: bool, hard: bool, text: str) -> None:
    """One of our mails came back, or is late. A note tells of it once, and opens nothing.

    `final`: it will not be delivered; `hard`: nor will any other, for nobody is at that address.
    """
    email = await queries.email_for_update.first(held, caller.workspace_id, email_id)
    if email is None or email.state in {"bounced", "failed"}:
        return
    if hard:
        is_news = await queries.note_hard_bounce.run(held, caller.workspace_id, email_id, text, caller.now())
        await contacts.note_hard_bounce(held, caller, email.contact_id, email.to_address or "")
    elif final:
        is_news = await queries.note_final_bounce.run(held, caller.workspace_id, email_id, text, caller.now())
    else:
        is_news = await queries.note_soft_bounce.run(held, caller.workspace_id, email_id, caller.now())
    if is_news and email.conversation_id is not None:
        change = await hold(held, caller, email.conversation_id)
        told = html.escape(f"The e-mail to {email.to_address} could not be delivered: {text}", quote=False)
        change.add(NewPart("note", BOT, change.at, f"<p>{told}</p>"))
        await store(held, caller, change)
