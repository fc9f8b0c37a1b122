"""The error catalogue: exceptions that carry their status and code, and the envelope they travel in.

A room raises a subclass that is a sentence about the world; one place renders it. Messages of the
reference are byte-exact, because clients parse some of them.
"""

from typing import ClassVar, Literal

import msgspec

# Of every answer with a body, errors included.
JSON_MEDIA_TYPE = "application/json; charset=utf-8"
_LONGEST_MESSAGE = 400


class ErrorItem(msgspec.Struct):
    """One reason why a request was refused."""

    code: str
    message: str


class ErrorList(msgspec.Struct):
    """The envelope of every answer with a 4xx or 5xx status."""

    type: Literal["error.list"]
    request_id: str | None
    errors: list[ErrorItem]


def _shortened(message: str) -> str:
    """Messages repeat what was sent, however long that is: what is around it stays."""
    end = _LONGEST_MESSAGE // 2
    return message if len(message) <= _LONGEST_MESSAGE else f"{message[:end]}…{message[-end:]}"


class WireError(Exception):
    """An answer other than success. Subclasses set the class variables; an instance may refine the message."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "client_error"
    message: str = "The request could not be understood"
    shows_request_id: ClassVar[bool] = True
    form: ClassVar[type[msgspec.Struct]] = ErrorList

    def __init__(self, message: str | None = None) -> None:
        if message is not None:
            self.message = message
        super().__init__(self.message)

    def body(self, request_id: str) -> bytes:
        """The envelope as JSON. Search and unknown-key errors answer a null request id, as the vendor does."""
        shown = request_id if self.shows_request_id else None
        return msgspec.json.encode(ErrorList("error.list", shown, [ErrorItem(self.code, _shortened(self.message))]))


class BadRequest(WireError):
    """A body key that this operation does not know."""

    code = "bad_request"
    message = "bad 'key' parameter"
    shows_request_id = False


class ClientError(WireError):
    """A request that contradicts the state of things."""


class ParameterInvalid(WireError):
    """A value that the field named in the message cannot take."""

    code = "parameter_invalid"
    message = "The parameter is invalid"


class ParameterNotFound(WireError):
    """A required parameter is missing; the message names it."""

    code = "parameter_not_found"
    message = "A required parameter is missing"


class Unauthorized(WireError):
    """The credential is missing, malformed or unknown."""

    status = 401
    code = "unauthorized"
    message = "Access Token Invalid"


class TokenRevoked(WireError):
    """The credential was valid once and has been withdrawn."""

    status = 401
    code = "token_revoked"
    message = "The token has been revoked"


class Forbidden(WireError):
    """The credential is good, but lacks the scope."""

    status = 403
    code = "forbidden"
    message = "You do not have the required scope to access this resource"


class NotFound(WireError):
    """What the request names does not exist, or belongs to another workspace."""

    status = 404
    code = "not_found"
    message = "Resource Not Found"


class NotAcceptable(WireError):
    """The Accept header excludes JSON."""

    status = 406
    code = "media_type_not_acceptable"
    message = "The Accept header should send a media type of application/json"


class Conflict(WireError):
    """What is to be created exists already."""

    status = 409
    code = "conflict"
    message = "The resource already exists"


class DeletedMeanwhile(Conflict):
    """Something that the change refers to went while it was being made."""

    message = "Something that this refers to was deleted at the same moment; please try again"


class PayloadTooLarge(WireError):
    """The body is larger than the operation allows."""

    status = 413
    code = "payload_too_large"
    message = "The request body is too large"


class RateLimitExceeded(WireError):
    """The app has used up its current window."""

    status = 429
    code = "rate_limit_exceeded"
    message = "Exceeded rate limit of 1667 in 10_seconds"


class VersionInvalid(WireError):
    """The Intercom-Version header names a version nobody knows."""

    code = "intercom_version_invalid"
    message = "The requested version could not be found"


class ServerError(WireError):
    """A fault of Callbox; the log has it under the request id."""

    status = 500
    code = "server_error"
    message = "Server Error"


class ServiceUnavailable(WireError):
    """The database cannot be reached at the moment, or no file be kept; trying again is safe."""

    status = 503
    code = "service_unavailable"
    message = "Sorry, the API service is temporarily unavailable"
