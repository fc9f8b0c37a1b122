"""Webhooks as they are managed: who may listen, what is shown, and what of it stays secret."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from callbox.channels.webhooks.schemas import CreateWebhookRequest
from callbox.channels.webhooks.service import MAX_WEBHOOKS, create_webhook
from callbox.platform.events import Topic
from callbox.wire.authentication import Caller
from callbox.wire.errors import ParameterInvalid
from tests.channels.conftest import Hook
from tests.channels.receiver import listening
from tests.conftest import TestWorkspace
from tests.people.tools import Json, error_of, execute, inside
from tests.support.tickets import TicketDesk

MakeHook = Callable[..., Hook]


def test_a_new_webhook_is_asked_for_and_pinged(hook: MakeHook) -> None:
    made = hook("contact.user.created", "company.created", "contact.user.created")
    head, ping = made.receiver.taken
    assert (head.method, ping.method) == ("HEAD", "POST")
    created_at = made.made["created_at"]
    assert ping.notification["first_sent_at"] - created_at in range(10)
    assert ping.notification == {
        "type": "notification_event",
        "app_id": made.desk.call("GET", "/me")["app"]["id_code"],
        "data": {
            "type": "notification_event_data",
            "item": {"type": "ping", "message": "something something interzen"},
        },
        "links": {},
        "id": None,
        "topic": "ping",
        "delivery_status": None,
        "delivery_attempts": 1,
        "delivered_at": 0,
        "first_sent_at": ping.notification["first_sent_at"],
        "created_at": created_at,
        "self": None,
    }
    assert ping.is_signed_with(made.made["secret"])
    assert made.read() == {
        "type": "webhook",
        "id": made.made["id"],
        "url": made.receiver.url,
        "topics": ["company.created", "contact.user.created"],
        "state": "active",
        "suspended_because": None,
        "failing_since": None,
        "held_until": None,
        "created_at": created_at,
        "updated_at": created_at,
    }


def test_a_notification_has_the_documented_envelope_and_headers(hook: MakeHook) -> None:
    secret = "a secret of ours".replace(" ", "-")
    made = hook("contact.user.created", secret=secret)
    user = made.desk.user()
    [told] = made.told(1)
    assert list(told) == [
        "type",
        "app_id",
        "data",
        "links",
        "id",
        "topic",
        "delivery_status",
        "delivery_attempts",
        "delivered_at",
        "first_sent_at",
        "created_at",
        "self",
    ]
    assert told["id"].startswith("notif_")
    assert (told["topic"], told["delivery_status"], told["delivery_attempts"]) == ("contact.user.created", "pending", 1)
    assert told["data"] == {"type": "notification_event_data", "item": made.desk.call("GET", f"/contacts/{user['id']}")}
    taken = made.receiver.posted()[-1]
    assert taken.is_signed_with(secret)
    assert taken.headers["user-agent"] == "intercom-parrot-service-client/1.0"
    assert taken.headers["accept"] == taken.headers["content-type"] == "application/json"


def test_only_topics_asked_for_are_told_and_without_topics_all(hook: MakeHook) -> None:
    few, all_ = hook("company.created"), hook()
    few.desk.company()
    few.desk.user()
    assert {told["topic"] for told in all_.told(3)} >= {"company.created", "contact.user.created"}
    few.settled()
    assert {told["topic"] for told in few.receiver.notifications()} == {"company.created"}


def test_workspaces_hear_nothing_of_one_another(hook: MakeHook, other: TestWorkspace) -> None:
    made = hook()
    TicketDesk(other.api).company(name="Elsewhere")
    made.desk.company(name="Here")
    names = [told["data"]["item"]["name"] for told in made.told(1, "company.created")]
    assert names == ["Here"]
    assert other.api.get("/manage/v1/webhooks").json()["data"] == []
    ping = made.deliveries()[0]["id"]
    for method, path in (
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("POST", "/ping"),
        ("GET", "/deliveries"),
        ("GET", f"/deliveries/{ping}"),
        ("POST", f"/deliveries/{ping}/redeliver"),
    ):
        answer = other.api.request(method, f"{made.path}{path}", json={} if method == "PUT" else None)
        assert error_of(answer) == (404, "not_found", "Webhook not found")


def test_the_secret_is_shown_once_and_nowhere_else(hook: MakeHook, server: Any) -> None:
    made = hook()
    secret = made.made["secret"]
    assert len(secret) == 64
    made.desk.company()
    made.told(1, "company.created")
    made.set(topics=["company.created"])
    shown = [
        made.desk.api.get(path).text
        for path in (
            "/manage/v1/webhooks",
            made.path,
            f"{made.path}/deliveries",
            f"{made.path}/deliveries/{made.deliveries()[-1]['id']}",
            "/admins/activity_logs?created_at_after=0",
        )
    ]
    told = [taken.body.decode() for taken in made.receiver.posted()]
    assert not any(secret in text for text in [*shown, *told])
    changed = "another-secret-of-ours"
    assert "secret" not in made.set(secret=changed)
    made.settled()
    assert made.receiver.posted()[-1].is_signed_with(changed)


def test_coming_and_going_is_in_the_activity_log_without_the_address(hook: MakeHook) -> None:
    made = hook()
    made.desk.call("DELETE", made.path)
    logs = made.desk.call("GET", "/admins/activity_logs?created_at_after=0")["activity_logs"]
    about = [(log["activity_type"], log["metadata"]["webhook"]["host"]) for log in logs if "webhook" in log["metadata"]]
    assert about == [("app_webhook_deletion", "127.0.0.1"), ("app_webhook_creation", "127.0.0.1")]
    assert "/hook" not in str(logs)


def test_a_paused_webhook_gets_everything_later_and_a_deleted_one_nothing(hook: MakeHook) -> None:
    made = hook("company.created")
    assert made.set(state="paused")["state"] == "paused"
    assert error_of(made.desk.api.post(f"{made.path}/ping"))[:2] == (400, "client_error")
    for name in ("First", "Second"):
        made.desk.company(name=name)
    made.eventually(lambda: len(made.deliveries(state="waiting")) == 2)
    assert made.receiver.notifications() == []
    made.set(state="active")
    assert {told["data"]["item"]["name"] for told in made.told(2)} == {"First", "Second"}
    assert made.desk.call("DELETE", made.path) == {"id": made.made["id"], "object": "webhook", "deleted": True}
    after = hook("company.created")
    after.desk.company(name="Third")
    after.told(1)
    assert len(made.receiver.notifications()) == 2
    assert [each["id"] for each in after.desk.call("GET", "/manage/v1/webhooks")["data"]] == [after.made["id"]]
    assert error_of(made.desk.api.get(made.path))[0] == 404


def test_deliveries_are_listed_newest_first_page_by_page(hook: MakeHook) -> None:
    made = hook("company.created")
    companies = [made.desk.company()["id"] for _ in range(5)]
    made.told(5)
    made.settled()
    path, found, query = f"{made.path}/deliveries", [], {"per_page": 2, "state": "delivered"}
    while True:
        page = made.desk.call("GET", path, params=query)
        assert page["total_count"] == 6
        found += page["data"]
        if "next" not in page["pages"]:
            break
        query["starting_after"] = page["pages"]["next"]["starting_after"]
    assert [each["item_id"] for each in found] == [*companies[::-1], ""]
    [newest] = {each["id"] for each in found} & {made.receiver.notifications()[-1]["id"]}
    delivery = made.delivery(newest)
    assert delivery["notification"] == made.receiver.notifications()[-1]
    [attempt] = delivery["latest_attempts"]
    assert (attempt["number"], attempt["status"], attempt["error"]) == (1, 200, None)
    assert attempt["answer"] == "Taken \ufffd \ufffd"


def test_a_notification_is_sent_again_when_asked_for(hook: MakeHook) -> None:
    made = hook("company.created")
    made.desk.company()
    [first] = made.told(1)
    made.settled()
    again = made.desk.call("POST", f"{made.path}/deliveries/{first['id']}/redeliver")
    assert (again["state"], again["attempts"]) == ("waiting", 1)
    _, second = made.told(2)
    assert second == {**first, "delivery_attempts": 2}
    made.settled()
    assert [each["number"] for each in made.delivery(first["id"])["latest_attempts"]] == [2, 1]


def test_a_ping_is_sent_when_asked_for(hook: MakeHook) -> None:
    made = hook("company.created")
    sent = made.desk.call("POST", f"{made.path}/ping")
    assert (sent["topic"], sent["state"]) == ("ping", "waiting")
    made.settled()
    assert len(made.receiver.notifications("ping")) == 2


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({}, "url is a required parameter"),
        ({"url": 5}, "url must be a string, not an integer"),
        ({"url": "ftp://example.com"}, "url must be an address that begins with http or https://"),
        ({"url": "http://"}, "url must be an address that begins with http or https://"),
        ({"url": "http://127.0.0.1:99999/"}, "url must be an address that begins with http or https://"),
        ({"url": "http://127.0.0.1/a b"}, "url must be an address that begins with http or https://"),
        ({"url": "http://exämple.com/"}, "url must be an address that begins with http or https://"),
        ({"url": "http://user:secret@127.0.0.1/"}, "url must hold neither a password nor a fragment"),
        ({"url": "http://127.0.0.1/#a"}, "url must hold neither a password nor a fragment"),
        ({"url": "http://callbox.invalid/"}, "url cannot be reached: ConnectError: callbox.invalid is not known"),
        ({"url": "http://127.0.0.1/", "topics": ["conversation.sung"]}, "topics: conversation.sung is not a topic"),
        (
            {"url": "http://127.0.0.1/", "topics": ["internal.segment.changed"]},
            "topics: internal.segment.changed is not a topic",
        ),
        ({"url": "http://127.0.0.1/", "topics": []}, "topics: expected `array` of length >= 1"),
        ({"url": "http://127.0.0.1/", "secret": "short"}, "secret: expected `str` of length >= 16"),
        ({"url": "http://127.0.0.1/", "secret": "with a space in it"}, "secret: expected `str` matching regex"),
    ],
)
def test_what_can_be_no_webhook_is_refused(api: httpx.Client, sent: Json, message: str) -> None:
    status, code, told = error_of(api.post("/manage/v1/webhooks", json=sent))
    assert status == 400
    assert code == ("parameter_not_found" if sent == {} else "parameter_invalid")
    assert told.startswith(message)
    assert api.get("/manage/v1/webhooks").json()["data"] == []


@pytest.mark.parametrize("answer", [302, 404, 500, "drop", "garbage"])
def test_an_address_that_does_not_answer_head_with_success_is_refused(api: httpx.Client, answer: int | str) -> None:
    with listening() as receiver:
        receiver.answer = answer
        status, code, told = error_of(api.post("/manage/v1/webhooks", json={"url": receiver.url}))
        assert (status, code) == (400, "parameter_invalid")
        assert told.startswith("url must answer a HEAD request" if isinstance(answer, int) else "url cannot be reached")
        assert [taken.method for taken in receiver.taken] == ["HEAD"]


def test_an_address_is_checked_again_when_it_changes(hook: MakeHook) -> None:
    made = hook("company.created")
    with listening() as receiver:
        receiver.answer = 500
        assert error_of(made.desk.api.put(made.path, json={"url": receiver.url}))[0] == 400
        assert made.read()["url"] == made.receiver.url
        receiver.answer = 200
        made.set(url=receiver.url)
        made.desk.company()
        made.eventually(lambda: receiver.notifications("company.created"))
        assert [taken.method for taken in receiver.taken[:2]] == ["HEAD", "HEAD"]
    assert made.receiver.notifications() == []


_PRIVATE = [
    ("http://example.com/", "url must be an address that begins with https://"),
    ("https://127.0.0.1:{port}/", "url cannot be reached: 127.0.0.1 is in a private network"),
    ("https://localhost:{port}/", "url cannot be reached: localhost is in a private network"),
    ("https://[::1]:{port}/", "url cannot be reached: ::1 is in a private network"),
    ("https://169.254.169.254/", "url cannot be reached: 169.254.169.254 is in a private network"),
    ("https://10.0.0.1/", "url cannot be reached: 10.0.0.1 is in a private network"),
    ("https://0x7f000001/", "url cannot be reached: 0x7f000001 is in a private network"),
]


def test_receivers_in_private_networks_are_refused_unless_they_are_allowed(database_url: str) -> None:
    async def attempt(caller: Caller) -> None:
        with listening() as receiver:
            for url, message in _PRIVATE:
                with pytest.raises(ParameterInvalid) as refused:
                    await create_webhook(caller, CreateWebhookRequest(url.format(port=receiver.port)))
                assert str(refused.value) == message
            assert receiver.connections == 0

    inside(database_url, attempt)


def test_a_workspace_has_a_limited_number_of_webhooks(hook: MakeHook, server: Any) -> None:
    made = hook("company.created")
    execute(
        server.database_url,
        """
        INSERT INTO webhooks (workspace_id, url, topics, secret, state, created_at, updated_at)
        SELECT h.workspace_id, h.url, h.topics, h.secret, 'paused', h.created_at, h.updated_at
        FROM webhooks h, generate_series(2, $2)
        WHERE h.id = $1
        """,
        int(made.made["id"]),
        MAX_WEBHOOKS,
    )
    refused = error_of(made.desk.api.post("/manage/v1/webhooks", json={"url": made.receiver.url}))
    assert refused == (400, "client_error", f"A workspace can have {MAX_WEBHOOKS} webhooks")


def test_every_topic_that_is_told_may_be_asked_for(hook: MakeHook) -> None:
    topics = sorted(topic for topic in Topic if not topic.startswith("internal."))
    assert hook(*topics).read()["topics"] == topics
