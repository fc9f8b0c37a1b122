"""Killed in the middle of a thousand concurrent replies: each conversation is what its answers said, and once."""

import asyncio
from dataclasses import dataclass, field

from tests.contract.world import World
from tests.support.conversations import Desk, Json, parts_of
from tests.survival.harness import Installation
from tests.survival.wire_client import Connection

REPLIES = 1000
CONNECTIONS = 100
KILLED_AFTER = 400
CONVERSATIONS = 20
_TOPICS = {"user": "conversation.user.replied", "admin": "conversation.admin.replied"}


@dataclass
class Talk:
    """A conversation: who takes part, and what was asked and answered so far, by the text of each reply."""

    id: str
    contact_id: str
    admin_id: str
    asked: set[str] = field(default_factory=set)
    # The parts as the answer to this reply showed them.
    answered: dict[str, list[str]] = field(default_factory=dict)

    def reply(self, name: str, *, by_contact: bool) -> Json:
        """What a participant, or the admin, says."""
        body = f"<p>{name}</p>"
        self.asked.add(body)
        said = {"message_type": "comment", "body": body}
        if by_contact:
            return {"type": "user", "intercom_user_id": self.contact_id, **said}
        return {"type": "admin", "admin_id": self.admin_id, **said}


def test_replies_survive_a_kill_whole_once_and_in_order(installation: Installation) -> None:
    # Without a worker, the outbox keeps every event.
    arguments = "--no-worker", "--workers", "2"
    installation.serve(*arguments)
    with installation.client() as api:
        desk = Desk(api)
        begun = [desk.start() for _ in range(CONVERSATIONS)]
    talks = [Talk(each["id"], each["contacts"]["contacts"][0]["id"], desk.me) for each in begun]
    for number, with_postgres in enumerate([False, True]):
        asyncio.run(reply_until_killed(installation, talks, number, with_postgres=with_postgres))
        installation.serve(*arguments)
        with installation.client() as api:
            found = [Desk(api).get(talk.id) for talk in talks]
        for talk, conversation in zip(talks, found, strict=True):
            check_replies(talk, conversation)
            check_statistics(conversation)
        check_events(installation, found)
    installation.stop()
    installation.serve()
    installation.wait_until_idle()
    assert installation.sql("SELECT topic, error FROM failed_events") == []
    with installation.client() as api:
        world = World(api)
        assert [world.call("GET", f"/conversations/{talk.id}") for talk in talks] == found
        assert world.call("GET", "/conversations")["total_count"] == CONVERSATIONS
    assert installation.stop() == 0


async def reply_until_killed(
    installation: Installation, talks: list[Talk], number: int, *, with_postgres: bool
) -> None:
    """Contacts and the admin reply to all conversations at once; the kill comes when some are answered."""
    enough = asyncio.Event()
    turn = asyncio.Semaphore(CONNECTIONS)
    answers = 0

    async def say(seat: int) -> None:
        nonlocal answers
        talk = talks[seat % CONVERSATIONS]
        reply = talk.reply(f"Reply {number}-{seat}", by_contact=seat % 3 == 0)
        async with turn, Connection(installation.port, installation.token) as connection:
            conversation = await connection.call("POST", f"/conversations/{talk.id}/reply", reply)
        talk.answered[reply["body"]] = [part["id"] for part in parts_of(conversation)]
        answers += 1
        if answers >= KILLED_AFTER:
            enough.set()

    await installation.kill_amid([say(seat) for seat in range(REPLIES)], enough, with_postgres=with_postgres)
    assert answers < REPLIES, "the kill came too late to tell anything"


def check_replies(talk: Talk, conversation: Json) -> None:
    """What was answered is there, nothing is there twice, and what each answer showed is how it still begins."""
    parts = parts_of(conversation)
    bodies = [part["body"] for part in parts]
    ids = [part["id"] for part in parts]
    assert len(set(bodies)) == len(bodies)
    assert talk.answered.keys() <= set(bodies) <= talk.asked
    assert sorted(ids, key=int) == ids
    times = [part["created_at"] for part in parts]
    assert sorted(times) == times
    for body, shown in talk.answered.items():
        assert shown == ids[: bodies.index(body) + 1]


def check_statistics(conversation: Json) -> None:
    """What is counted is what the parts tell."""
    statistics, parts = conversation["statistics"], parts_of(conversation)
    written = {
        kind: [part["created_at"] for part in parts if part["author"]["type"] == kind] for kind in ("user", "admin")
    }
    assert statistics["count_conversation_parts"] == len(parts) + 1
    assert statistics["last_contact_reply_at"] == max([conversation["created_at"], *written["user"]])
    assert statistics["first_admin_reply_at"] == min(written["admin"])
    assert statistics["last_admin_reply_at"] == max(written["admin"])
    assert (conversation["waiting_since"] is None) == (parts[-1]["author"]["type"] == "admin")
    assert conversation["updated_at"] == parts[-1]["created_at"]


def check_events(installation: Installation, conversations: list[Json]) -> None:
    """Each part has one event, in the parts' order, and there is no other."""
    told = installation.sql(
        """
        SELECT topic, item_id, item::jsonb #>> '{conversation_parts,conversation_parts,0,id}'
        FROM outbox
        WHERE topic LIKE 'conversation.%.replied'
        ORDER BY id
        """
    )
    for conversation in conversations:
        happened = [(_TOPICS[part["author"]["type"]], part["id"]) for part in parts_of(conversation)]
        assert [(topic, part_id) for topic, item_id, part_id in told if item_id == conversation["id"]] == happened
