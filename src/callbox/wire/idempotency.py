"""`Idempotency-Key`: the same write sent twice happens once, and both times gets the first answer.

The key, the change and the answer are committed in one transaction, so that no crash can leave a change
without its answer or an answer without its change. A second request with the key waits for the first.
Only successes are kept: a refused write changed nothing and may be tried again. Answers that hold a secret are
not kept either, for a secret is stored nowhere: the second request with such a key is refused.
"""

import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import msgspec
from litestar.types import HTTPScope

from callbox.platform import clock
from callbox.platform.database import Command, GlobalCommand, Query, connection, transaction
from callbox.wire.authentication import Caller
from callbox.wire.bodies import MAX_FILES_BYTES, whole_body
from callbox.wire.errors import Conflict, ParameterInvalid
from callbox.wire.operations import content_headers

KEPT_FOR = timedelta(hours=24)
MAX_KEY_LENGTH = 255


class KeptAnswer(msgspec.Struct):
    """The first answer under a key; the body is missing where it held a secret."""

    request_sha256: bytes
    status: int
    body: bytes | None


claim_key = Command(
    "claim_idempotency_key",
    """
    INSERT INTO idempotency_keys AS k (workspace_id, token_id, key, request_sha256, created_at)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (workspace_id, token_id, key) DO UPDATE
    SET request_sha256 = EXCLUDED.request_sha256, created_at = EXCLUDED.created_at, status = NULL, body = NULL
    WHERE k.created_at < $6
    """,
)

kept_answer = Query(
    "kept_answer",
    KeptAnswer,
    """
    SELECT request_sha256, status, body
    FROM idempotency_keys
    WHERE workspace_id = $1 AND token_id = $2 AND key = $3
    """,
)

keep_answer = Command(
    "keep_answer",
    """
    UPDATE idempotency_keys
    SET status = $4, body = $5
    WHERE workspace_id = $1 AND token_id = $2 AND key = $3
    """,
)

forget_answers = GlobalCommand("forget_answers", "DELETE FROM idempotency_keys WHERE created_at < $1")


class KeyReused(Conflict):
    """The key was used for a different request within a day."""

    message = "The Idempotency-Key was used with a different request before"


class SecretNotKept(Conflict):
    """The same request was made before, and its answer held a secret."""

    message = "The first answer under this Idempotency-Key held a secret and was not kept"


def keep_no_secret(scope: HTTPScope) -> None:
    """For handlers: the answer to this request holds a secret."""
    scope["state"]["holds_secret"] = True


class _RefusedError(Exception):
    """Rolls back a write that was answered with an error."""


class _Answer:
    """Collects the messages of an answer until it may be sent."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""

    async def collect(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = message["headers"]
        else:
            self.body += message.get("body", b"")

    async def deliver(self, send: Callable[[Any], Awaitable[None]]) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


async def answer_once(
    application: Callable[[Any, Any, Any], Awaitable[None]],
    caller: Caller,
    raw_key: bytes,
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[Any], Awaitable[None]],
) -> None:
    """Run a write under its key, or give the kept answer."""
    key = raw_key.decode("latin-1")
    if len(key) > MAX_KEY_LENGTH:
        raise ParameterInvalid(f"Idempotency-Key must be at most {MAX_KEY_LENGTH} characters long")
    body = await whole_body(receive, MAX_FILES_BYTES)
    sha256 = _fingerprint(scope, body)
    answer = _Answer()
    with suppress(_RefusedError):
        async with transaction() as held:
            now = clock.machine_time()
            if await claim_key.run(held, caller.workspace_id, caller.token_id, key, sha256, now, now - KEPT_FOR):
                await application(scope, _replay(body), answer.collect)
                if answer.status >= 400:
                    raise _RefusedError
                body_to_keep = None if "holds_secret" in scope["state"] else answer.body
                await keep_answer.run(held, caller.workspace_id, caller.token_id, key, answer.status, body_to_keep)
            else:
                kept = await kept_answer.one(held, caller.workspace_id, caller.token_id, key)
                if kept.request_sha256 != sha256:
                    raise KeyReused
                if kept.body is None:
                    raise SecretNotKept
                answer.status, answer.body = kept.status, kept.body
                answer.headers = [*content_headers(kept.body), (b"idempotent-replayed", b"true")]
    await answer.deliver(send)


def _replay(body: bytes) -> Callable[[], Awaitable[dict[str, Any]]]:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _fingerprint(scope: dict[str, Any], body: bytes) -> bytes:
    """The same method, path, query and body are the same request."""
    head = f"{scope['method']} {scope['path']}?".encode() + scope["query_string"] + b"\n"
    return hashlib.sha256(head + body).digest()


async def forget_old_answers() -> None:
    """Scheduled: keys are kept for a day."""
    async with connection() as held:
        await forget_answers.run(held, clock.machine_time() - KEPT_FOR)
