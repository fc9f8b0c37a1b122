"""Where the link of a text message leads: the contact sees its conversation, and writes in it, without any script."""

from datetime import UTC, datetime
from html import escape
from uuid import UUID

from callbox.channels.sms import queries
from callbox.channels.sms.page import Line, conversation_page
from callbox.channels.sms.queries import Redirect
from callbox.people.contacts import service as contacts
from callbox.platform.clock import machine_time, unix
from callbox.platform.database import Connection, connection, transaction
from callbox.support.conversations import replies
from callbox.support.conversations.beginning import FirstMessage, begin
from callbox.support.conversations.changing import is_part_for_contacts
from callbox.support.conversations.schemas import ConversationWithParts, ReplyRequest
from callbox.support.conversations.service import get_conversation
from callbox.support.conversations.transitions import CONTACT_ROLES, Author
from callbox.support.phone_switch import PURPOSE, SwitchLink
from callbox.wire.authentication import Caller
from callbox.wire.errors import NotFound, ParameterInvalid, RateLimitExceeded
from callbox.wire.html import paragraphs
from callbox.wire.rate_limits import PersonalLimit
from callbox.wire.signed import verified, workspace_of
from callbox.workspace.workspaces import link_key_of, operator_caller

MAX_MESSAGE_LENGTH = 10_000
# By one link: more than a person writes.
_messages = PersonalLimit(10, 60)


class LinkInvalid(NotFound):
    """The link was not made here, or its contact is gone."""

    message = "This link leads nowhere."


class LinkExpired(NotFound):
    """The link was good once."""

    message = "This link has expired."


async def show(token: str) -> str:
    """The page of a link. Raises LinkInvalid, LinkExpired."""
    caller, redirect_id = await _opened(token)
    async with connection() as held:
        redirect = _found(await queries.redirect_by_id.first(held, caller.workspace_id, redirect_id))
    lines = []
    if redirect.conversation_id is not None:
        conversation = await get_conversation(caller, str(redirect.conversation_id))
        lines = _lines(conversation)
    return conversation_page(caller.workspace_name, lines, MAX_MESSAGE_LENGTH)


async def write(token: str, text: str) -> None:
    """Say something as the link's contact; the first message begins the conversation."""
    caller, redirect_id = await _opened(token)
    text = text.strip()
    if not text or "\x00" in text:
        raise ParameterInvalid("Please write a message first.")
    if len(text) > MAX_MESSAGE_LENGTH:
        raise ParameterInvalid(f"A message may have at most {MAX_MESSAGE_LENGTH} characters.")
    if not _messages.allows(redirect_id):
        raise RateLimitExceeded("That was quick. Please wait a minute before you write again.")
    async with transaction() as held:
        redirect = _found(await queries.redirect_for_update.first(held, caller.workspace_id, redirect_id))
        if redirect.conversation_id is None:
            await _begin(held, caller, redirect_id, redirect, text)
        else:
            said = ReplyRequest("comment", "user", paragraphs(text), intercom_user_id=redirect.contact_id)
            await replies.reply(caller, str(redirect.conversation_id), said)


async def _begin(held: Connection, caller: Caller, redirect_id: UUID, redirect: Redirect, text: str) -> None:
    at = caller.now().replace(microsecond=0)
    message = FirstMessage(
        author=Author("user" if redirect.role == "user" else "lead", contact_id=redirect.contact_id),
        body=paragraphs(text),
        at=at,
        source_type="phone_switch",
        delivered_as="customer_initiated",
    )
    await contacts.note_reply(held, caller, redirect.contact_id, at)
    begun = await begin(held, caller, message, [redirect.contact_id])
    await queries.redirect_led_to.run(held, caller.workspace_id, redirect_id, begun.conversation_id)


async def _opened(token: str) -> tuple[Caller, UUID]:
    """The workspace and the redirect of a link."""
    workspace_id = workspace_of(token)
    async with connection() as held:
        key = await link_key_of(held, workspace_id)
    link = verified(key, PURPOSE, token, SwitchLink) if key else None
    if link is None:
        raise LinkInvalid
    if link.expires_at < unix(machine_time()):
        raise LinkExpired
    return await operator_caller(workspace_id), UUID(link.redirect_id)


def _found(redirect: Redirect | None) -> Redirect:
    if redirect is None:
        raise LinkInvalid
    return redirect


def _lines(conversation: ConversationWithParts) -> list[Line]:
    """What was said, as the contact may see it. Bodies are HTML that was made safe when it was stored."""
    source = conversation.source
    said = [(source.author, source.body, conversation.created_at, source.attachments)]
    said += [
        (part.author, part.body, part.created_at, part.attachments)
        for part in conversation.conversation_parts.conversation_parts
        if is_part_for_contacts(part)
    ]
    return [
        Line(
            is_own=author.type in CONTACT_ROLES,
            name=escape(author.name or ""),
            body=body or "",
            time=datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M"),
            files=[(escape(file.url), escape(file.name)) for file in attachments],
        )
        for author, body, at, attachments in said
        if body or attachments
    ]
