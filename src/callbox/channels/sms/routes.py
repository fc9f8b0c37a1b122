"""The list of text messages, the provider's reports of them, and the page that Switch's link leads to."""

from typing import Any
from urllib.parse import parse_qsl

from litestar import Request, get, post
from litestar.response import Response
from litestar.types import HTTPScope

from callbox.channels.sms import landing, service
from callbox.channels.sms.page import SECURITY, sorry_page
from callbox.channels.sms.schemas import TextMessageList
from callbox.wire.bodies import whole_body
from callbox.wire.errors import WireError
from callbox.wire.operations import caller_of, operation

_MAX_FORM_BYTES = 128 * 1024
_PAGE_HEADERS = {
    "content-security-policy": SECURITY,
    "cache-control": "no-store",
}


def _page(html: str, status: int = 200) -> Response[str]:
    return Response(html, status_code=status, media_type="text/html", headers=_PAGE_HEADERS)


async def _form(request: Request[Any, Any, Any]) -> dict[str, str]:
    body = await whole_body(request.receive, _MAX_FORM_BYTES)
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


@get("/switch/{token:str}")
async def show_switch(token: str) -> Response[str]:
    """The conversation of a caller who was sent a link."""
    try:
        return _page(await landing.show(token))
    except WireError as refused:
        return _page(sorry_page(refused.message), refused.status)


@post("/switch/{token:str}", status_code=303)
async def write_switch(token: str, request: Request[Any, Any, Any]) -> Response[str]:
    """What the caller writes. That the token is in the URL is the proof that the form is ours."""
    try:
        await landing.write(token, (await _form(request)).get("message", ""))
    except WireError as refused:
        return _page(sorry_page(refused.message), refused.status)
    # Back to the same page, also where a proxy has put something in front of the path.
    return Response("", status_code=303, headers={"location": token, **_PAGE_HEADERS})


@post("/text_messages/{workspace_id:str}/{message_id:str}/report", status_code=204)
async def take_report(workspace_id: str, message_id: str, request: Request[Any, Any, Any]) -> None:
    """What the provider tells of a message that it was handed."""
    signature = request.headers.get("x-twilio-signature", "")
    await service.take_report(workspace_id, message_id, await _form(request), signature)


@operation("GET", "/manage/v1/text_messages", group="Text Messages")
async def list_text_messages(scope: HTTPScope) -> TextMessageList:
    """List the newest text messages and what became of them."""
    return await service.list_text_messages(caller_of(scope))


ROUTES = [show_switch, write_switch, take_report]
MANAGE_ROUTES = [list_text_messages]
