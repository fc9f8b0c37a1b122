"""E-mail over HTTP: what the management API shows and sets, and the public page on which people unsubscribe."""

import html

from litestar import get, post
from litestar.enums import MediaType
from litestar.response import Response
from litestar.types import HTTPScope

from callbox.channels.email import outbox, senders, unsubscribing
from callbox.channels.email.outbox import ListOutboxQuery, OutgoingEmailList, OutgoingEmailWithText
from callbox.channels.email.senders import EmailSettings, UpdateEmailSettingsRequest
from callbox.wire.decode import decode, decode_query
from callbox.wire.operations import caller_of, operation

_GROUP = "Email"
_LINK = "/unsubscribe/{workspace_id:str}/{contact_id:str}/{signature:str}"


@operation("GET", "/manage/v1/email_settings", group=_GROUP)
async def get_email_settings(scope: HTTPScope) -> EmailSettings:
    """Read how the workspace sends and gets mail."""
    return await senders.get_settings(caller_of(scope))


@operation(
    "PUT",
    "/manage/v1/email_settings",
    group=_GROUP,
    request=UpdateEmailSettingsRequest,
    errors=[senders.SupportAddressTaken],
    example={"sender_address": "hello@example.com", "inbound_domain": "mail.example.com"},
)
async def update_email_settings(body: bytes, scope: HTTPScope) -> EmailSettings:
    """Change how the workspace sends and gets mail."""
    return await senders.update_settings(caller_of(scope), decode(body, UpdateEmailSettingsRequest))


@operation("GET", "/manage/v1/outbox", group=_GROUP, query=ListOutboxQuery)
async def list_outbox(scope: HTTPScope) -> OutgoingEmailList:
    """List the mails to contacts, newest first, with what became of each."""
    return await outbox.list_outbox(caller_of(scope), decode_query(scope["query_string"], ListOutboxQuery))


@operation("GET", "/manage/v1/outbox/{email_id:str}", group=_GROUP, errors=[outbox.EmailNotFound])
async def get_outbox_email(email_id: str, scope: HTTPScope) -> OutgoingEmailWithText:
    """Read a mail as it was sent, or would have been."""
    return await outbox.get_email(caller_of(scope), email_id)


@get(_LINK)
async def ask_to_unsubscribe(workspace_id: str, contact_id: str, signature: str) -> Response[str]:
    """A page with a button. A link alone changes nothing, for programs follow the links of mails."""
    sender = html.escape(await unsubscribing.check_link(workspace_id, contact_id, signature))
    button = '<form method="post"><button>Unsubscribe</button></form>'
    return _page(f"<h1>{sender}</h1><p>Do you want no more e-mails from {sender}?</p>{button}")


@post(_LINK, status_code=200)
async def unsubscribe(workspace_id: str, contact_id: str, signature: str) -> Response[str]:
    """Unsubscribe: from the page, or by one click in a mail program."""
    await unsubscribing.unsubscribe(workspace_id, contact_id, signature)
    return _page("<h1>Done</h1><p>You will get no more e-mails.</p>")


def _page(content: str) -> Response[str]:
    style = (
        "body{font:16px/1.5 system-ui,sans-serif;color:#1d2433;background:#f4f5f7;margin:0;padding:12vh 16px}"
        "main{max-width:420px;margin:auto;padding:32px;background:#fff;border-radius:12px}h1{font-size:20px;margin:0}"
        "button{font:inherit;padding:10px 20px;border:0;border-radius:8px;color:#fff;background:#2456c9;cursor:pointer}"
    )
    return Response(
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>E-mail</title><style>{style}</style></head><body><main>{content}</main></body></html>",
        media_type=MediaType.HTML,
        headers={
            "content-security-policy": (
                "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
                "frame-ancestors 'none'"
            ),
            "x-robots-tag": "noindex",
        },
    )


ROUTES = [ask_to_unsubscribe, unsubscribe]
MANAGE_ROUTES = [get_email_settings, update_email_settings, list_outbox, get_outbox_email]
