"""What tests of conversations make, do and read, through the API alone."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncpg
import httpx

from callbox.platform.database import close_pool, open_pool
from callbox.reactions import register_reactions
from tests.contract.world import World

T = TypeVar("T")
Json = dict[str, Any]

MORNING = 1_767_600_000  # Monday, 5 January 2026, 08:00 UTC


class Desk(World):
    """A workspace in which contacts write and admins answer. Each action answers the conversation after it."""

    def __init__(self, api: httpx.Client) -> None:
        super().__init__(api)
        self.me = self.admin_id()

    def clock(self, now: int) -> None:
        """Let the workspace's clock show this time, give or take a second, and go on from there."""
        self.call("PUT", "/manage/v1/clock", json={"now": now})

    def admin(self, **values: Any) -> str:
        """A further admin; answers the id."""
        name = f"admin{len(self.call('GET', '/admins')['admins'])}"
        return str(self.post("/manage/v1/admins", {"email": f"{name}@example.com", "name": name, **values})["id"])

    def team_of(self, *admin_ids: str, **secondary: str) -> str:
        """A team of these admins; those given by name are asked second. Answers the id."""
        first = [{"admin_id": each, "priority": "primary"} for each in admin_ids]
        second = [{"admin_id": each, "priority": "secondary"} for each in secondary.values()]
        return str(self.post("/manage/v1/teams", {"name": "Team", "members": [*first, *second]})["id"])

    def go_away(self, admin_id: str, *, reassign: bool = False) -> None:
        """An admin goes away."""
        self.call(
            "PUT",
            f"/admins/{admin_id}/away",
            json={"away_mode_enabled": True, "away_mode_reassign": reassign},
        )

    def come_back(self, admin_id: str) -> None:
        """An admin is there again."""
        self.call("PUT", f"/admins/{admin_id}/away", json={"away_mode_enabled": False, "away_mode_reassign": False})

    def start(self, contact_id: str = "", body: str = "My invoice shows two seats", **values: Any) -> Json:
        """A contact, or a new user, starts a conversation."""
        sender = {"type": "user", "id": contact_id or self.user()["id"]}
        message = self.post("/conversations", {"from": sender, "body": body, **values})
        return self.get(message["conversation_id"])

    def get(self, conversation_id: str) -> Json:
        """The conversation."""
        found: Json = self.call("GET", f"/conversations/{conversation_id}")
        return found

    def write(self, conversation: Json, body: str = "One more thing", **values: Any) -> Json:
        """The first participant writes."""
        contact_id = conversation["contacts"]["contacts"][0]["id"]
        sent = {"type": "user", "message_type": "comment", "intercom_user_id": contact_id, "body": body, **values}
        return self.post(f"/conversations/{conversation['id']}/reply", sent)

    def answer(self, conversation: Json, admin_id: str = "", kind: str = "comment", **values: Any) -> Json:
        """An admin comments, notes or offers quick replies."""
        sent = {"type": "admin", "message_type": kind, "admin_id": admin_id or self.me, "body": "I see", **values}
        return self.post(f"/conversations/{conversation['id']}/reply", sent)

    def leave_note(self, conversation: Json, admin_id: str = "") -> Json:
        """An admin leaves a note."""
        return self.answer(conversation, admin_id, "note", body="Look at this")

    def manage(self, conversation: Json, kind: str, admin_id: str = "", **values: Any) -> Json:
        """An admin closes, opens, snoozes or assigns."""
        sent = {"message_type": kind, "admin_id": admin_id or self.me, **values}
        return self.post(f"/conversations/{conversation['id']}/parts", sent)

    def close(self, conversation: Json, **values: Any) -> Json:
        """An admin closes."""
        return self.manage(conversation, "close", type="admin", **values)

    def snooze(self, conversation: Json, until: int) -> Json:
        """An admin snoozes."""
        return self.manage(conversation, "snoozed", snoozed_until=until)

    def assign(self, conversation: Json, assignee_id: str, kind: str = "admin", **values: Any) -> Json:
        """An admin gives it to an admin or a team."""
        return self.manage(conversation, "assignment", type=kind, assignee_id=assignee_id, **values)

    def search(self, query: Json, **values: Any) -> Json:
        """What a search answers."""
        return self.post("/conversations/search", {"query": query, **values})

    def found(self, field: str, operator: str, value: Any) -> set[str]:
        """Ids of the conversations that a filter finds."""
        query = {"field": field, "operator": operator, "value": value}
        return {each["id"] for each in self.search(query, pagination={"per_page": 150})["conversations"]}

    def rules(self, *rules: Json) -> Json:
        """The rules that say who gets a conversation."""
        made: Json = self.call("PUT", "/manage/v1/assignment_rules", json={"rules": list(rules)})
        return made


def parts_of(conversation: Json) -> list[Json]:
    """The parts, oldest first."""
    listed: list[Json] = conversation["conversation_parts"]["conversation_parts"]
    return listed


def last_part(conversation: Json) -> Json:
    """The newest part."""
    return parts_of(conversation)[-1]


def part_types(conversation: Json) -> list[str]:
    """The types of the parts, oldest first."""
    return [part["part_type"] for part in parts_of(conversation)]


def error_of(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, code and message of a refusal in the API's form."""
    body = answer.json()
    assert body["type"] == "error.list"
    [error] = body["errors"]
    return answer.status_code, error["code"], error["message"]


def send_while(
    database_url: str,
    statement: str,
    id_: object,
    *sending: Callable[[], httpx.Response],
    then: tuple[str, object] | None = None,
) -> list[httpx.Response]:
    """The answers to requests that all wait for what a statement about a row does, or have not to wait for it.

    `then` is a further statement of the same transaction, with its row, once the requests wait.
    """

    async def run() -> list[httpx.Response]:
        other = await asyncpg.connect(database_url)
        try:
            async with other.transaction():
                await other.execute(statement, id_)
                sent = [asyncio.create_task(asyncio.to_thread(send)) for send in sending]
                while sum(each.done() for each in sent) + await other.fetchval(_WAITING) < len(sent):
                    await asyncio.wait(sent, timeout=0.01)
                if then is not None:
                    await other.execute(*then)
            return await asyncio.gather(*sent)
        finally:
            await other.close()

    return asyncio.run(run())


_WAITING = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pg_blocking_pids(pid) <> '{}'
"""
MERGE = "UPDATE contacts SET state = 'merged' WHERE id = $1"


def inside(database_url: str, work: Callable[[], Awaitable[T]]) -> T:
    """Run what the worker would, beside a server without one."""

    async def run() -> T:
        await open_pool(database_url, 8)
        try:
            return await work()
        finally:
            await close_pool()

    register_reactions()
    return asyncio.run(run())
