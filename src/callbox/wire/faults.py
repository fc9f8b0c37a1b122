"""From any exception to the error that a client reads. The one place where exceptions become answers."""

import asyncpg
import structlog
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
)

from callbox.platform.database import DatabaseUnavailable
from callbox.platform.files import FilesUnavailable
from callbox.wire.decode import INVALID_JSON
from callbox.wire.errors import (
    DeletedMeanwhile,
    NotFound,
    ParameterInvalid,
    PayloadTooLarge,
    ServerError,
    ServiceUnavailable,
    WireError,
)

_UNAVAILABLE = (
    DatabaseUnavailable,
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the server's farewell met a connection that was idle
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,  # where the operator has set a lock_timeout
    asyncpg.ReadOnlySQLTransactionError,  # another server leads by now
    asyncpg.TransactionRollbackError,
)

_log = structlog.get_logger("callbox.request")


def wire_error_of(error: BaseException, request_id: str) -> WireError:
    """The answer to an exception. What nobody expected is logged whole, under the request id."""
    known = _known(error)
    if known is not None:
        return known
    if isinstance(error, FilesUnavailable):
        _log.error("files_unavailable", request_id=request_id, reason=str(error))
        return ServiceUnavailable()
    if isinstance(error, _UNAVAILABLE):
        _log.warning("database_unavailable", request_id=request_id, reason=repr(error))
        return ServiceUnavailable()
    _log.error("request_failed", request_id=request_id, exc_info=error)
    return ServerError()


def _known(error: BaseException) -> WireError | None:
    match error:
        case WireError():
            return error
        case asyncpg.ForeignKeyViolationError():
            return DeletedMeanwhile()
        case NotFoundException() | MethodNotAllowedException():
            return NotFound()
        case HTTPException(status_code=413):
            return PayloadTooLarge()
        case HTTPException(status_code=status) if status < 500:
            return ParameterInvalid(INVALID_JSON)
        case _:
            return None
