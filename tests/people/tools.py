"""What tests of the people's rooms share: reading refusals, and reaching into the database where the API cannot."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx

from callbox.platform.database import close_pool, open_pool
from callbox.reactions import register_reactions
from callbox.wire.authentication import Caller
from callbox.workspace.workspaces import open_workspace, operator_caller

Json = dict[str, Any]

UNKNOWN_ID = "667d60998a68186f43bafda1"
USER_NOT_FOUND = (404, "not_found", "User Not Found")
COMPANY_NOT_FOUND = (404, "company_not_found", "Company Not Found")


def body_of(answer: httpx.Response) -> Json:
    """The JSON of an answer that has to be a success."""
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


def error_of(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, code and message of a refusal in the API's form."""
    body = answer.json()
    assert list(body) == ["type", "request_id", "errors"]
    assert body["type"] == "error.list"
    [error] = body["errors"]
    return answer.status_code, error["code"], error["message"]


def set_clock(api: httpx.Client, now: int) -> None:
    """Move a workspace's clock, which goes on from there."""
    assert api.put("/manage/v1/clock", json={"now": now}).status_code == 200


def execute(database_url: str, statement: str, *arguments: Any) -> list[asyncpg.Record]:
    """Run SQL beside the server: for what only the messenger, mail or the worker will write."""

    async def run() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(database_url)
        try:
            rows: list[asyncpg.Record] = await connection.fetch(statement, *arguments)
            return rows
        finally:
            await connection.close()

    return asyncio.run(run())


def inside(database_url: str, promise: Callable[[Caller], Awaitable[None]]) -> None:
    """Run with a connection pool, in a workspace of its own."""

    async def run() -> None:
        await open_pool(database_url, 2)
        try:
            made = await open_workspace("Inside")
            await promise(await operator_caller(made.id))
        finally:
            await close_pool()

    register_reactions()
    asyncio.run(run())
