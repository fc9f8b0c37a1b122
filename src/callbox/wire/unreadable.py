"""Requests that cannot be read as HTTP, or name a longer URL than fits, reach no application.

They are refused here, in the API's form like all others: clients read every answer as JSON.
"""

import secrets

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from callbox.wire.errors import JSON_MEDIA_TYPE, ClientError


class RequestUnreadable(ClientError):
    """The bytes are no request."""

    message = "The request is not valid HTTP, or its URL is too long"


class ApiProtocol(HttpToolsProtocol):
    """The server's HTTP protocol, with refusals of its own in the API's form."""

    def send_400_response(self, msg: str) -> None:
        """Answer and close: where the next request would begin is unknown."""
        request_id = secrets.token_hex(10)
        body = RequestUnreadable().body(request_id)
        head = (
            f"HTTP/1.1 400 Bad Request\r\ncontent-type: {JSON_MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
            f"x-request-id: {request_id}\r\ncache-control: no-cache\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
