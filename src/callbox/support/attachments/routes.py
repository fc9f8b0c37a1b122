"""Where links to attached files lead. They carry a signature instead of a token."""

from uuid import UUID

import msgspec
from litestar import get
from litestar.response import Stream
from litestar.types import HTTPScope

from callbox.platform.files import FileMissing
from callbox.support.attachments import service
from callbox.support.attachments.contents import SHOWN_IN_PLACE
from callbox.wire.decode import decode_query


class LinkQuery(msgspec.Struct):
    """What a link is signed with."""

    expires: int
    signature: str


@get("/files/{workspace_id:str}/{file_id:str}/{name:str}")
async def read_attachment(workspace_id: str, file_id: str, scope: HTTPScope) -> Stream:
    """The bytes of an attached file."""
    query = decode_query(scope["query_string"], LinkQuery)
    try:
        file, pieces = await service.open_link(workspace_id, str(UUID(file_id)), query.expires, query.signature)
    except (FileMissing, ValueError):
        raise service.FileNotFound from None
    disposition = "inline" if file.content_type in SHOWN_IN_PLACE else "attachment"
    return Stream(
        pieces,
        media_type=file.content_type,
        headers={
            "content-disposition": disposition,
            "content-length": str(file.filesize),
            "cache-control": "private, max-age=1800",
            "content-security-policy": "default-src 'none'; sandbox",
        },
    )


ROUTES = [read_attachment]
