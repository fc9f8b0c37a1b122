"""What went out by mail, what waits, and what never went, with the reasons."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from callbox.channels.email import composing_queries, queries, threading_queries
from callbox.channels.email.queries import EmailRow
from callbox.people.contacts.merging import ContactsMerged, ContactsToMerge
from callbox.platform.clock import unix, unix_or_none
from callbox.platform.database import Connection, connection
from callbox.wire.authentication import Caller
from callbox.wire.decode import decimal_id
from callbox.wire.errors import NotFound
from callbox.wire.pagination import per_page_of

DEFAULT_PER_PAGE = 50
MAX_PER_PAGE = 150
_NEWEST = 2**62


class OutgoingEmail(msgspec.Struct, kw_only=True):
    """A mail to one contact. Stored: there is no mail server, so it was not sent."""

    type: Literal["email"] = "email"
    id: str
    kind: str
    state: str
    reason: str | None
    attempts: int
    contact_id: str
    conversation_id: str | None
    part_ids: list[str]
    message_id: str
    from_name: str
    from_address: str
    to_name: str | None
    to_address: str | None
    subject: str
    created_at: int
    sent_at: int | None


class OutgoingEmailWithText(OutgoingEmail, kw_only=True):
    """A mail with what it says, and the headers by which it is answered."""

    reply_to: str
    references: list[str]
    html: str
    plain: str
    attachment_ids: list[str]


class OutgoingEmailList(msgspec.Struct):
    """Mails, newest first; `next_before` asks for the older ones."""

    type: Literal["list"]
    data: list[OutgoingEmail]
    next_before: str | None


class ListOutboxQuery(msgspec.Struct):
    """Those to one contact, or in one state, and where in the list to read."""

    contact_id: Annotated[str, Meta(max_length=24)] | None = None
    state: Literal["queued", "stored", "sent", "failed", "bounced", "dropped"] | None = None
    before: str | None = None
    per_page: str | None = None


class EmailNotFound(NotFound):
    """The workspace has no such mail."""

    message = "Email not found"


async def list_outbox(caller: Caller, query: ListOutboxQuery) -> OutgoingEmailList:
    """Mails of the workspace, newest first."""
    size = per_page_of(query.per_page, DEFAULT_PER_PAGE, MAX_PER_PAGE)
    place = (caller.workspace_id, decimal_id(query.before) if query.before else _NEWEST, size + 1)
    async with connection() as held:
        if query.contact_id is not None:
            rows = await queries.emails_to_contact.all(held, *place, query.contact_id, query.state)
        elif query.state is not None:
            rows = await queries.emails_in_state.all(held, *place, query.state)
        else:
            rows = await queries.emails_page.all(held, *place)
    shown = [OutgoingEmail(**_shown(row)) for row in rows[:size]]
    return OutgoingEmailList("list", shown, shown[-1].id if len(rows) > size else None)


async def get_email(caller: Caller, email_id: str) -> OutgoingEmailWithText:
    """One mail as it was or will be sent. Raises EmailNotFound."""
    async with connection() as held:
        row = await queries.email_by_id.first(held, caller.workspace_id, decimal_id(email_id))
    if row is None:
        raise EmailNotFound
    return OutgoingEmailWithText(
        **_shown(row),
        reply_to=row.reply_to,
        references=row.reference_ids,
        html=row.html,
        plain=row.plain,
        attachment_ids=msgspec.json.decode(row.attachments, type=list[str]) if row.attachments else [],
    )


def _shown(row: EmailRow) -> dict[str, Any]:
    same = ("kind", "state", "reason", "attempts", "contact_id", "message_id", "subject")
    shown: dict[str, Any] = {name: getattr(row, name) for name in same}
    shown |= {name: getattr(row, name) for name in ("from_name", "from_address", "to_name", "to_address")}
    return shown | {
        "id": str(row.id),
        "conversation_id": None if row.conversation_id is None else str(row.conversation_id),
        "part_ids": [str(part_id) for part_id in row.part_ids],
        "created_at": unix(row.created_at),
        "sent_at": unix_or_none(row.sent_at),
    }


async def hold_emails(held: Connection, workspace_id: str, coming: ContactsToMerge) -> None:
    """Reaction: nothing becomes of mails to the lead until they are the user's."""
    await queries.hold_emails_of_contact.all(held, workspace_id, coming.lead_id)


async def on_merged(held: Connection, workspace_id: str, merged: ContactsMerged) -> None:
    """Reaction: mails to a merged lead are the user's, those that wait included, and go on in the same threads."""
    await queries.move_emails.run(held, workspace_id, merged.lead_id, merged.user_id)
    await threading_queries.move_message_ids.run(held, workspace_id, merged.lead_id, merged.user_id)
    await composing_queries.move_unseen_replies.run(held, workspace_id, merged.lead_id, merged.user_id)
