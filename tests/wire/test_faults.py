"""What clients are told of exceptions."""

import asyncpg
import pytest
from litestar.exceptions import MethodNotAllowedException, NotFoundException, ValidationException

from callbox.platform.database import DatabaseUnavailable
from callbox.platform.files import FilesUnavailable
from callbox.wire.faults import wire_error_of


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFoundException(), 404, "not_found"),
        (MethodNotAllowedException(), 404, "not_found"),
        (ValidationException(), 400, "parameter_invalid"),
        (DatabaseUnavailable(), 503, "service_unavailable"),
        (asyncpg.DeadlockDetectedError(), 503, "service_unavailable"),
        (asyncpg.AdminShutdownError(), 503, "service_unavailable"),
        (TimeoutError(), 503, "service_unavailable"),
        (asyncpg.TooManyConnectionsError(), 503, "service_unavailable"),
        (asyncpg.DiskFullError(), 503, "service_unavailable"),
        (asyncpg.QueryCanceledError(), 503, "service_unavailable"),
        (asyncpg.LockNotAvailableError(), 503, "service_unavailable"),
        (FilesUnavailable(), 503, "service_unavailable"),
        (asyncpg.ForeignKeyViolationError(), 409, "conflict"),
        (asyncpg.UndefinedColumnError(), 500, "server_error"),
        (KeyError("x"), 500, "server_error"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_an_exception_becomes_an_answer(error: Exception, status: int, code: str) -> None:
    answer = wire_error_of(error, "a-request")
    assert (answer.status, answer.code) == (status, code)
