"""The official Python SDK in its major 5, made for the version 2.14, with the shapes of 2.11.

`make test` has 4.0.0, and this process loads 5.0.1 in its place: nothing else here imports `intercom`.
"""

import importlib
import sys
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import httpx
import pytest

from tests.clients.installing import installed
from tests.conftest import TestWorkspace
from tests.contract.world import World


@pytest.fixture(scope="module")
def intercom() -> ModuleType:
    """The SDK's package."""
    [packages] = installed("python-intercom-5.0.1").glob("lib/python3*/site-packages")
    sys.path.insert(0, str(packages))
    loaded = importlib.import_module("intercom")
    assert str(loaded.__file__).startswith(str(packages))
    return loaded


@pytest.fixture
def sdk(intercom: ModuleType, workspace: TestWorkspace, server_url: str) -> Iterator[Any]:
    """A client as any user of the SDK makes it."""
    with httpx.Client(timeout=30) as transport:
        yield intercom.Intercom(base_url=server_url, token=workspace.token, httpx_client=transport)


@pytest.fixture
def me(sdk: Any) -> str:
    """The id of the admin whose token it is."""
    found: str = sdk.admins.identify().id
    return found


@pytest.fixture
def user(sdk: Any) -> Any:
    """A contact."""
    return sdk.contacts.create(request={"external_id": "u-1", "email": "grace@example.com", "name": "Grace"})


@pytest.fixture
def conversation(sdk: Any, user: Any) -> str:
    """The id of a conversation that the contact began."""
    begun: str = sdk.conversations.create(from_={"type": "user", "id": user.id}, body="Hello").conversation_id
    return begun


def _api_error() -> Any:
    return importlib.import_module("intercom.core.api_error").ApiError


def _ids(items: Any) -> list[str]:
    return [item.id for item in items]


@pytest.mark.parametrize("version", [None, "2.14", "Preview"])
def test_whatever_version_is_asked_for_the_served_one_is_told(version: str | None, sdk: Any) -> None:
    options = {"additional_headers": {"Intercom-Version": version}} if version else None
    answer = sdk.admins.with_raw_response.identify(request_options=options)._response
    assert answer.request.headers.get("Intercom-Version") == version
    assert answer.headers["Intercom-Version"] == "2.11"


def test_admins_and_teams(sdk: Any, me: str, world: World) -> None:
    assert _ids(sdk.admins.list().admins) == [me]
    assert sdk.admins.find(int(me)).id == me
    away = sdk.admins.away(int(me), away_mode_enabled=True, away_mode_reassign=False)
    assert away.away_mode_enabled is True
    logs = sdk.admins.list_all_activity_logs(created_at_after=str(int(time.time()) - 60)).activity_logs
    assert "admin_away_mode_change" in [log.activity_type for log in logs]
    team = world.team()
    assert team["id"] in _ids(sdk.teams.list().teams)
    assert sdk.teams.find(team["id"]).name == team["name"]


def test_contacts(sdk: Any, user: Any) -> None:
    assert (user.role, user.external_id, user.name) == ("user", "u-1", "Grace")
    assert sdk.contacts.find(user.id).dict() == sdk.contacts.update(user.id, name="Grace").dict()
    lead = sdk.contacts.create(request={"role": "lead"})
    assert sdk.contacts.merge_lead_in_user(lead_id=lead.id, contact_id=user.id).id == user.id
    assert sdk.contacts.archive(user.id).archived is True
    assert sdk.contacts.unarchive(user.id).archived is False
    for attached in ("companies", "segments", "subscriptions", "tags"):
        assert getattr(sdk.contacts, f"list_attached_{attached}")(user.id) is not None
    assert sdk.contacts.delete(user.id).deleted is True
    with pytest.raises(_api_error()) as missing:
        sdk.contacts.find(user.id)
    assert missing.value.body["errors"][0]["code"] == "not_found"


def test_pages_and_searches_of_contacts_give_each_once(sdk: Any) -> None:
    made = {sdk.contacts.create(request={"external_id": f"u-{n}", "name": "Grace"}).id for n in range(5)}
    assert sorted(_ids(sdk.contacts.list(per_page=2))) == sorted(made)
    query = {"operator": "AND", "value": [{"field": "name", "operator": "=", "value": "Grace"}]}
    found, cursor = [], None
    while True:
        page = sdk.contacts.search(query=query, pagination={"per_page": 2, "starting_after": cursor})
        found += _ids(page.items)
        following = page.response.pages.next
        if following is None:
            break
        cursor = following.starting_after
    assert sorted(found) == sorted(made)


def test_companies(sdk: Any, user: Any) -> None:
    made = sdk.companies.create_or_update(request={"company_id": "c-1", "name": "Example", "size": 5})
    assert sdk.companies.update(made.id, request={"name": "Renamed"}).name == "Renamed"
    assert sdk.companies.attach_contact(user.id, company_id=made.id).id == made.id
    assert _ids(sdk.companies.list_attached_contacts(made.id).data) == [user.id]
    assert sdk.companies.list_attached_segments(made.id).data == []
    assert _ids(sdk.companies.list()) == [made.id]
    assert _ids(sdk.companies.scroll()) == [made.id]
    assert sdk.companies.retrieve(company_id="c-1").id == made.id
    assert sdk.companies.find(made.id).company_id == "c-1"
    assert sdk.companies.detach_contact(user.id, made.id).id == made.id
    assert sdk.companies.delete(made.id).deleted is True


def test_tags_notes_and_subscriptions(sdk: Any, user: Any, me: str, conversation: str) -> None:
    tag = sdk.tags.create(request={"name": "VIP"})
    assert sdk.tags.tag_contact(user.id, tag_id=tag.id).id == tag.id
    assert sdk.tags.untag_contact(user.id, tag.id).id == tag.id
    assert sdk.tags.tag_conversation(conversation, tag_id=tag.id, admin_id=me).id == tag.id
    assert sdk.tags.untag_conversation(conversation, tag.id, admin_id=me).id == tag.id
    assert sdk.tags.find(tag.id).name == "VIP"
    sdk.tags.delete(tag.id)
    assert sdk.tags.list().data == []
    note = sdk.notes.create(user.id, body="Likes bread", admin_id=me)
    assert sdk.notes.find(int(note.id)).body == "<p>Likes bread</p>"
    assert _ids(sdk.notes.list(user.id)) == [note.id]
    assert sdk.subscription_types.list().data is not None
    assert sdk.segments.list(include_count=True).segments


def test_conversations(sdk: Any, user: Any, me: str, conversation: str) -> None:
    assert sdk.conversations.find(conversation, display_as="plaintext").source.body == "Hello"
    reply = {"message_type": "comment", "type": "admin", "admin_id": me, "body": "Hi"}
    parts = sdk.conversations.reply(conversation, request=reply).conversation_parts.conversation_parts
    assert [part.body for part in parts if part.part_type == "comment"] == ["<p>Hi</p>"]
    reply = {"message_type": "comment", "type": "user", "intercom_user_id": user.id, "body": "Thanks"}
    assert sdk.conversations.reply(conversation, request=reply).id == conversation
    assert sdk.conversations.update(conversation, read=True).read is True
    close = {"message_type": "close", "type": "admin", "admin_id": me}
    assert sdk.conversations.manage(conversation, request=close).state == "closed"
    assert sdk.conversations.run_assignment_rules(conversation).id == conversation
    query = {"field": "source.body", "operator": "~", "value": "hello"}
    assert _ids(sdk.conversations.search(query=query)) == [conversation]
    assert _ids(sdk.conversations.list(per_page=5)) == [conversation]
    second = sdk.contacts.create(request={"external_id": "u-2"})
    customer = {"intercom_user_id": second.id}
    assert sdk.conversations.attach_contact_as_admin(conversation, admin_id=me, customer=customer)
    assert sdk.conversations.detach_contact_as_admin(conversation, second.id, admin_id=me)
    source = sdk.conversations.find(conversation).source
    redact = {"type": "source", "conversation_id": conversation, "source_id": source.id}
    assert sdk.conversations.redact_conversation_part(request=redact).source.redacted is True


def test_messages_and_calls(sdk: Any, user: Any, me: str) -> None:
    ends = {"from": {"type": "admin", "id": int(me)}, "to": {"type": "user", "id": user.id}}
    assert sdk.messages.create(request={"message_type": "inapp", "body": "Hi", **ends}).message_type == "inapp"
    assert sdk.phone_call_redirects.create(request={"phone": "+353871234567"}).type == "phone_call_redirect"


def test_data_attributes_and_events(sdk: Any, user: Any) -> None:
    options = [{"value": "gold"}, {"value": "silver"}]
    request = {"name": "Tier", "model": "contact", "data_type": "options", "options": options}
    made = sdk.data_attributes.create(request=request)
    assert made.options == ["gold", "silver"]
    assert sdk.data_attributes.update(made.id, request={"archived": True}).archived is True
    assert "Tier" not in [attribute.name for attribute in sdk.data_attributes.list(model="contact").data]
    now = int(time.time())
    sdk.events.create(request={"event_name": "ordered", "created_at": now - 10, "user_id": "u-1"})
    listed = sdk.events.list(type="user", intercom_user_id=user.id)
    assert [event.event_name for event in listed.events] == ["ordered"]
    sdk.events.summaries(user_id="u-1", event_summaries={"event_name": "paid", "count": 2, "first": now, "last": now})


def test_tickets(sdk: Any, user: Any, me: str) -> None:
    kind = sdk.ticket_types.create(request={"name": "Complaint", "category": "Customer"})
    assert kind.id in _ids(sdk.ticket_types.list().data)
    assert sdk.ticket_types.update(kind.id, name="Objection").name == "Objection"
    ticket = sdk.tickets.create(ticket_type_id=kind.id, contacts=[{"id": user.id}])
    assert sdk.tickets.get(ticket.id).id == ticket.id
    assert sdk.tickets.update(ticket.id, open=False).open is False
    note = {"message_type": "note", "type": "admin", "admin_id": me, "body": "Look"}
    assert sdk.tickets.reply(ticket.id, request=note).body == "<p>Look</p>"
    assert _ids(sdk.tickets.search(query={"field": "id", "operator": "=", "value": ticket.id})) == [ticket.id]
    tag = sdk.tags.create(request={"name": "VIP"})
    assert sdk.tags.tag_ticket(ticket.id, tag_id=tag.id, admin_id=me).id == tag.id


def test_articles_help_center_and_news(sdk: Any, me: str) -> None:
    article = sdk.articles.create(request={"title": "Bread", "author_id": int(me), "state": "published"})
    assert sdk.articles.update(int(article.id), title="Rolls").title == "Rolls"
    assert sdk.articles.find(int(article.id)).title == "Rolls"
    assert _ids(sdk.articles.list(per_page=1)) == [article.id]
    assert _ids(sdk.articles.search(phrase="rolls").data.articles) == [article.id]
    assert sdk.articles.delete(int(article.id)).deleted is True
    assert len(list(sdk.help_centers.list())) == 1
    collection = sdk.help_centers.collections.create(name="Start")
    assert sdk.help_centers.collections.find(int(collection.id)).name == "Start"
    assert _ids(sdk.help_centers.collections.list()) == [collection.id]
    assert sdk.help_centers.collections.delete(int(collection.id)).deleted is True
    item = sdk.news.items.create(title="Open", body="<p>Now</p>", sender_id=int(me))
    assert sdk.news.items.find(int(item.id)).title == "Open"
    assert sdk.news.items.list().data
    assert sdk.news.feeds.list().data


def test_a_data_export(sdk: Any) -> None:
    now = int(time.time())
    asked = sdk.data_export.create(created_at_after=now - 86_400, created_at_before=now)
    assert sdk.data_export.find(asked.job_identifier).job_identifier == asked.job_identifier
    assert sdk.data_export.cancel(asked.job_identifier).job_identifier == asked.job_identifier


@pytest.mark.parametrize(
    "call",
    [
        lambda sdk: sdk.contacts.block_contact("6a53b99a628b4ba8d26b1632"),
        lambda sdk: sdk.ticket_states.list_ticket_states(),
        lambda sdk: sdk.away_status_reasons.list_away_status_reasons(),
        lambda sdk: sdk.calls.list_calls(),
        lambda sdk: sdk.internal_articles.list_internal_articles(),
        lambda sdk: sdk.ai_content.list_external_pages(),
        lambda sdk: sdk.ip_allowlist.get_ip_allowlist(),
    ],
)
def test_what_came_after_the_served_version_is_not_found(call: Any, sdk: Any) -> None:
    with pytest.raises(_api_error()) as missing:
        call(sdk)
    assert missing.value.status_code == 404


def test_visitors(sdk: Any, workspace: TestWorkspace) -> None:
    visitor = workspace.api.post("/manage/v1/visitors", json={}).json()
    assert sdk.visitors.find(user_id=visitor["user_id"]).id == visitor["id"]
    assert sdk.visitors.update(request={"user_id": visitor["user_id"], "name": "Passing"}).name == "Passing"
    merged = sdk.visitors.merge_to_contact(
        type="user", user={"email": "grace@example.com"}, visitor={"user_id": visitor["user_id"]}
    )
    assert (merged.role, merged.email) == ("user", "grace@example.com")
