"""Notifications on their way to receivers in trouble: none is lost, none overtakes another, nobody waits for others."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from callbox.channels.webhooks import queries
from callbox.channels.webhooks.delivery import deliver
from callbox.channels.webhooks.jobs import SCHEDULES
from callbox.channels.webhooks.policy import Policy
from callbox.channels.webhooks.service import KEPT_FOR
from callbox.platform.database import connection
from tests.channels.conftest import Hook
from tests.channels.receiver import Json, Receiver, listening
from tests.conftest import RunningServer, TestWorkspace
from tests.people.tools import execute
from tests.support.conversations import inside, parts_of
from tests.support.tickets import TicketDesk
from tests.waiting import wait_for

MakeHook = Callable[..., Hook]
MINUTE = 60


def bodies(told: list[Json]) -> list[str]:
    """What was said, by notification."""
    return [parts_of(each["data"]["item"])[0]["body"] for each in told]


def companies(told: list[Json]) -> list[str]:
    """Names of the companies, by notification."""
    return [each["data"]["item"]["name"] for each in told]


def test_what_failed_is_repeated_after_a_minute_and_then_ever_later(hook: MakeHook) -> None:
    made = hook("company.created", answer=500)
    now = int(time.time())
    made.desk.company()
    [attempt] = made.attempts(1)
    assert (attempt["status"], attempt["error"]) == (500, None)
    for number, minutes in enumerate([1, 2, 4, 8, 16, 32, 60, 60], start=1):
        waiting = made.deliveries()[-1]
        assert waiting["state"] == "waiting"
        assert waiting["next_attempt_at"] - made.attempts(number)[-1]["sent_at"] - minutes * MINUTE in {0, 1}
        assert made.read()["failing_since"] - now in range(60)
        made.desk.clock(waiting["next_attempt_at"] + 1)
        made.attempts(number + 1)
    told = made.receiver.notifications()
    assert [each["delivery_attempts"] for each in told] == list(range(1, 10))
    assert len({each["id"] for each in told}) == len({each["first_sent_at"] for each in told}) == 1
    made.receiver.answer = 204
    made.desk.clock(made.deliveries()[-1]["next_attempt_at"] + 1)
    assert made.settled()[-1]["state"] == "delivered"
    assert made.read()["failing_since"] is None


def test_what_failed_once_too_often_is_given_up_and_can_be_sent_again(hook: MakeHook, server: RunningServer) -> None:
    made = hook("company.created", answer=500)
    made.desk.company()
    made.attempts(1)
    waiting = made.deliveries()[-1]
    failures = 1
    while Policy().delay_after(failures + 1) is not None:
        failures += 1
    statement = "UPDATE webhook_deliveries SET failures = $2 WHERE workspace_id = $1 AND state = 'waiting'"
    execute(server.database_url, statement, made.workspace_id, failures)
    made.desk.clock(waiting["next_attempt_at"] + 1)
    made.attempts(2)
    given_up = made.deliveries()[-1]
    assert (given_up["state"], given_up["next_attempt_at"]) == ("failed", None)
    made.receiver.answer = 200
    made.desk.call("POST", f"{made.path}/deliveries/{given_up['id']}/redeliver")
    assert made.settled()[-1]["state"] == "delivered"


def test_a_receiver_that_was_down_for_an_hour_gets_everything_in_order(hook: MakeHook) -> None:
    made = hook("conversation.admin.replied", answer=503)
    desk, start = made.desk, int(time.time())
    talks = [desk.start() for _ in range(3)]
    said: dict[str, list[str]] = {talk["id"]: [] for talk in talks}
    for minute in (0, 20, 40, 59):
        desk.clock(start + minute * MINUTE)
        for talk in talks:
            text = f"<p>minute {minute}</p>"
            desk.answer(talk, body=text)
            said[talk["id"]].append(text)
        made.eventually(lambda: len(made.deliveries(state="waiting")) == sum(map(len, said.values())))
        made.eventually(lambda: not due(made))
    failed = len(made.receiver.notifications())
    assert failed >= 6
    made.receiver.answer = 200
    for _ in range(3):
        desk.clock(max(each["next_attempt_at"] for each in made.deliveries(state="waiting")) + 1)
        made.eventually(lambda: not due(made))
        if not made.deliveries(state="waiting"):
            break
    arrived = made.receiver.notifications()[failed:]
    for talk_id, texts in said.items():
        assert bodies([each for each in arrived if each["data"]["item"]["id"] == talk_id]) == texts
    assert len({each["id"] for each in arrived}) == len(arrived) == 12


def due(made: Hook) -> list[Json]:
    """What waits for nothing but the worker."""
    now = made.desk.call("GET", "/manage/v1/clock")["now"]
    return [each for each in made.deliveries(state="waiting") if each["next_attempt_at"] <= now]


def test_what_is_about_an_object_waits_for_what_came_before_and_other_objects_do_not(hook: MakeHook) -> None:
    made = hook("conversation.admin.replied", answer=500)
    first, second = made.desk.start(), made.desk.start()
    made.desk.answer(first, body="One")
    made.attempts(1)
    made.receiver.answer = 200
    made.desk.answer(first, body="Two")
    made.desk.answer(second, body="Elsewhere")
    assert bodies(made.told(2)) == ["<p>One</p>", "<p>Elsewhere</p>"]
    made.eventually(lambda: len(made.deliveries(state="waiting")) == 2)
    one, two = made.deliveries(state="waiting")
    assert one["next_attempt_at"] == two["next_attempt_at"]
    assert (one["attempts"], two["attempts"]) == (1, 0)
    made.desk.clock(one["next_attempt_at"] + 1)
    made.settled()
    assert bodies(made.receiver.notifications()[2:]) == ["<p>One</p>", "<p>Two</p>"]


def test_what_was_noted_during_a_failed_attempt_waits_for_the_next_one(hook: MakeHook, server: RunningServer) -> None:
    made = hook("conversation.admin.replied", answer=500)
    talk = made.desk.start()
    for text in ("One", "Two"):
        made.desk.answer(talk, body=text)
    made.eventually(lambda: len(made.deliveries(state="waiting")) == 2)
    made.eventually(lambda: not due(made))
    statement = "UPDATE webhook_deliveries SET next_attempt_at = now() WHERE workspace_id = $1 AND attempts = 0"
    execute(server.database_url, statement, made.workspace_id)
    made.eventually(lambda: not due(made))
    one, two = made.deliveries(state="waiting")
    assert one["next_attempt_at"] == two["next_attempt_at"]
    assert len(made.receiver.notifications()) == 1


def test_receivers_in_trouble_disturb_nobody_and_every_attempt_tells_what_happened(hook: MakeHook) -> None:
    troubles: dict[int | str, tuple[int | None, str | None]] = {
        "stall": (None, "no answer within 5 seconds"),
        "trickle": (None, "no answer within 5 seconds"),
        "drop": (None, "RemoteProtocolError: Server disconnected without sending a response."),
        "headers": (None, "RemoteProtocolError: Receive buffer too long"),
        "garbage": (None, "RemoteProtocolError: illegal status line: bytearray(b'\\x00\\xff\\xfe no HTTP')"),
        302: (302, None),
        404: (404, None),
    }
    hooks = {trouble: hook("company.created", answer=trouble) for trouble in troubles}
    flooded, well = hook("company.created", answer="flood"), hook("company.created")
    for name in ("First", "Second"):
        well.desk.company(name=name)
    # While others stall for five seconds, who is well has it.
    assert set(companies(well.told(2))) == {"First", "Second"}
    assert hooks["stall"].read()["failing_since"] is None
    for trouble, (status, error) in troubles.items():
        [attempt] = hooks[trouble].attempts(1)
        assert (attempt["status"], attempt["error"]) == (status, error)
        assert (attempt["milliseconds"] >= 5000) == (error == "no answer within 5 seconds")
        assert hooks[trouble].deliveries()[-1]["state"] == "waiting"
    # A redirect is not followed: the signature was for the first address.
    assert all(len(each.receiver.notifications()) == 2 for each in hooks.values())
    # An answer without end has begun well.
    assert flooded.settled()[-1]["state"] == "delivered"


def test_a_receiver_that_is_gone_gets_it_when_it_is_back(hook: MakeHook) -> None:
    made = hook("company.created")
    made.receiver.close()
    made.desk.company()
    [attempt] = made.attempts(1)
    assert attempt["error"] == "ConnectError: All connection attempts failed"
    back = Receiver(made.receiver.port)
    try:
        made.desk.clock(made.deliveries()[-1]["next_attempt_at"] + 1)
        made.settled()
        assert [each["delivery_attempts"] for each in back.notifications()] == [2]
    finally:
        back.close()


def test_a_slow_receiver_has_few_requests_to_answer_at_once_on_few_connections(hook: MakeHook) -> None:
    made = hook("company.created")
    made.receiver.delay = 0.1
    made.set(state="paused")
    for _ in range(40):
        made.desk.company()
    made.eventually(lambda: len(made.deliveries(state="waiting")) == 40)
    made.set(state="active")
    made.settled()
    assert made.receiver.most_at_once in range(2, 9)
    assert made.receiver.connections < 20


def test_gone_suspends_the_webhook_until_it_is_set_going_by_hand(hook: MakeHook) -> None:
    made, other = hook("company.created", answer=410), hook("company.created")
    made.desk.company(name="First")
    made.eventually(lambda: made.read()["state"] == "suspended")
    assert made.read()["suspended_because"] == "The receiver answered 410 Gone."
    made.receiver.answer = 200
    made.desk.company(name="Of this it hears nothing")
    other.told(2)
    made.desk.clock(int(time.time()) + 2 * MINUTE)
    made.set(topics=["company.created", "contact.user.created"])
    assert made.read()["state"] == "suspended"
    made.set(state="active")
    made.desk.company(name="Second")
    made.eventually(lambda: "Second" in companies(made.receiver.notifications()))
    assert made.read()["suspended_because"] is None
    made.settled()
    assert set(companies(made.receiver.notifications())) == {"First", "Second"}


def test_too_many_requests_holds_everything_back_for_longer_each_time(hook: MakeHook) -> None:
    made = hook("company.created", answer=429)
    made.desk.company(name="First")
    for number, minutes in enumerate([1, 2, 4], start=1):
        now = made.attempts(number)[-1]["sent_at"]
        held_until = made.read()["held_until"]
        assert held_until - now - minutes * MINUTE in {0, 1}
        made.desk.clock(held_until + 1)
    made.attempts(4)
    made.desk.company(name="Held back")
    made.eventually(lambda: len(made.deliveries(state="waiting")) == 2)
    assert companies(made.receiver.notifications()) == ["First"] * 4
    made.receiver.answer = 200
    made.desk.clock(made.read()["held_until"] + 1)
    made.settled()
    assert set(companies(made.receiver.notifications()[4:])) == {"First", "Held back"}
    assert made.read()["held_until"] is None


def test_deliveries_are_kept_for_a_week_and_deleted_webhooks_as_long_as_theirs(
    hook: MakeHook, server: RunningServer
) -> None:
    made, deleted = hook("company.created"), hook("company.created")
    made.desk.company()
    for each in (made, deleted):
        each.told(1)
        each.settled()
    made.desk.call("DELETE", deleted.path)

    async def forget() -> int:
        await SCHEDULES[0].handler()
        async with connection() as held:
            count: int = await held.fetchval("SELECT count(*) FROM webhooks WHERE workspace_id = $1", made.workspace_id)
        return count

    told = made.deliveries()
    for age, left, webhooks in [(KEPT_FOR - timedelta(minutes=1), told, 2), (KEPT_FOR + timedelta(minutes=1), [], 1)]:
        made.desk.clock(int(time.time() + age.total_seconds()))
        assert inside(server.database_url, forget) == webhooks
        assert made.deliveries() == left


def test_what_becomes_due_after_a_change_is_signed_with_the_new_secret(
    quiet_server: RunningServer, quiet: TestWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callbox.channels.webhooks.policy._policy", Policy(private_receivers=True))
    desk, changes = TicketDesk(quiet.api), ["the-second-secret"]

    def then_changed(read: Callable[..., Any]) -> Callable[..., Any]:
        """The change comes between the two statements that a lane begins with, whichever is the first."""

        async def reading(*arguments: Any) -> Any:
            rows = await read(*arguments)
            while changes:
                await asyncio.to_thread(desk.call, "PUT", path, json={"secret": changes.pop()})
            return rows

        return reading

    for name, method in (("due_deliveries", "all"), ("receiver_of_webhook", "first")):
        read = getattr(getattr(queries, name), method)
        monkeypatch.setattr(queries, name, SimpleNamespace(**{method: then_changed(read)}))
    with listening() as receiver:
        path = f"/manage/v1/webhooks/{desk.post('/manage/v1/webhooks', {'url': receiver.url})['id']}"

        async def deliver_both_pings() -> None:
            stop = asyncio.Event()
            delivering = asyncio.create_task(deliver(stop))
            await asyncio.to_thread(wait_for, lambda: len(receiver.posted()) == 2)
            stop.set()
            await delivering

        inside(quiet_server.database_url, deliver_both_pings)
        assert receiver.posted()[-1].is_signed_with("the-second-secret")
