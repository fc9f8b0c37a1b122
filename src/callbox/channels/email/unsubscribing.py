"""The way out of mails: a signed link that needs no log-in, and one click of a mail program."""

import hashlib
import hmac

from callbox.channels.email import composing_queries, settings_queries
from callbox.people.contacts import service as contacts
from callbox.people.contacts.schemas import UpdateContactRequest
from callbox.platform.database import connection
from callbox.wire.errors import NotFound
from callbox.wire.urls import base_url
from callbox.workspace.workspaces import operator_caller


class LinkUnknown(NotFound):
    """Nobody was sent this link, or its contact is gone."""

    message = "This link is not valid"


def unsubscribe_url(link_key: bytes, workspace_id: str, contact_id: str) -> str:
    """Where a contact unsubscribes. The key is the workspace's."""
    return f"{base_url()}/unsubscribe/{workspace_id}/{contact_id}/{_signature(link_key, workspace_id, contact_id)}"


def _signature(link_key: bytes, workspace_id: str, contact_id: str) -> str:
    return hmac.new(link_key, f"unsubscribe/{workspace_id}/{contact_id}".encode(), hashlib.sha256).hexdigest()


async def check_link(workspace_id: str, contact_id: str, signature: str) -> str:
    """In whose name the mails come that a link ends. Raises LinkUnknown."""
    async with connection() as held:
        sender = await settings_queries.sender_row.first(held, workspace_id)
    expected = _signature(sender.link_key if sender else b"", workspace_id, contact_id)
    if not hmac.compare_digest(expected.encode(), signature.encode()) or sender is None:
        raise LinkUnknown
    return sender.sender_name or sender.workspace_name


async def unsubscribe(workspace_id: str, contact_id: str, signature: str) -> None:
    """Send the contact no more mails. Raises LinkUnknown."""
    await check_link(workspace_id, contact_id, signature)
    async with connection() as held:
        present_id = await composing_queries.present_contact_id.first(held, workspace_id, contact_id)
    try:
        request = UpdateContactRequest(unsubscribed_from_emails=True)
        await contacts.update_contact(await operator_caller(workspace_id), present_id or contact_id, request)
    except contacts.ContactNotFound:
        raise LinkUnknown from None
