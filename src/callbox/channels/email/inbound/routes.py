"""What the management API shows of mail that came in."""

from litestar.types import HTTPScope

from callbox.channels.email.inbound import service
from callbox.channels.email.inbound.service import InboundEmail, InboundEmailList, ListInboundQuery, TakeInboundRequest
from callbox.wire.decode import decode, decode_query
from callbox.wire.operations import caller_of, operation

_GROUP = "Email"


@operation(
    "GET",
    "/manage/v1/inbound_emails",
    group=_GROUP,
    query=ListInboundQuery,
    errors=[service.InboundEmailNotFound],
)
async def list_inbound_emails(scope: HTTPScope) -> InboundEmailList:
    """List mail that came in, newest first, with what became of it."""
    return await service.list_inbound(caller_of(scope), decode_query(scope["query_string"], ListInboundQuery))


@operation(
    "POST",
    "/manage/v1/inbound_emails",
    group=_GROUP,
    request=TakeInboundRequest,
    example={"sender": "ada@example.com", "recipients": ["WORKSPACE@mail.example.com"], "data": "RnJvbTog4oCm"},
    takes_files=True,
)
async def take_inbound_email(body: bytes, scope: HTTPScope) -> InboundEmail:
    """Take in a mail that came by another way than SMTP; it is read a moment later."""
    return await service.take_inbound(caller_of(scope), decode(body, TakeInboundRequest))


@operation("GET", "/manage/v1/inbound_emails/{email_id:str}", group=_GROUP, errors=[service.InboundEmailNotFound])
async def get_inbound_email(email_id: str, scope: HTTPScope) -> InboundEmail:
    """Read what became of a mail that came in; `original_url` leads to the mail as it came."""
    return await service.get_inbound(caller_of(scope), email_id)


@operation(
    "POST",
    "/manage/v1/inbound_emails/{email_id:str}/retry",
    group=_GROUP,
    errors=[service.InboundEmailNotFound, service.MailIsDone],
)
async def retry_inbound_email(email_id: str, scope: HTTPScope) -> InboundEmail:
    """Read a mail again that failed or was ignored."""
    return await service.retry_inbound(caller_of(scope), email_id)


MANAGE_ROUTES = [list_inbound_emails, take_inbound_email, get_inbound_email, retry_inbound_email]
