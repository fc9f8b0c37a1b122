"""Every topic that can be told, raised through the API once, arrives in the form that receivers know."""

import time
from collections.abc import Callable

import pytest

from callbox.platform.events import Topic
from tests.channels.conftest import Hook
from tests.channels.receiver import Json
from tests.support.conversations import last_part
from tests.support.tickets import TITLE, TicketDesk

# Topics that no operation of the API raises, but the surfaces that are to come.
_NOT_RAISED = {Topic.CONVERSATION_OPERATOR_REPLIED, Topic.CONVERSATION_PRIORITY_UPDATED}


def people(desk: TicketDesk) -> None:
    """Everything that contacts, companies and admins are told for."""
    user, company = desk.employee()
    tag, kind = desk.tag()["id"], desk.subscription_type()["id"]
    path = f"/contacts/{user['id']}"
    desk.call("PUT", path, json={"email": "elsewhere@example.com"})
    desk.call("DELETE", f"{path}/companies/{company['id']}")
    desk.call("PUT", f"/companies/{company['id']}", json={"name": "Renamed"})
    desk.call("DELETE", f"/companies/{company['id']}")
    desk.post(f"{path}/tags", {"id": tag})
    desk.call("DELETE", f"{path}/tags/{tag}")
    desk.post(f"{path}/subscriptions", {"id": kind, "consent_type": "opt_out"})
    desk.call("DELETE", f"{path}/subscriptions/{kind}")
    desk.event(user, metadata={"page": "/prices"})
    lead = f"/contacts/{desk.lead()['id']}"
    desk.call("PUT", lead, json={"email": "lead@example.com"})
    desk.post(f"{lead}/tags", {"id": tag})
    desk.call("DELETE", f"{lead}/tags/{tag}")
    desk.call("PUT", lead, json={"role": "user"})
    desk.post("/contacts/merge", {"from": desk.lead()["id"], "into": user["id"]})
    for action in ("archive", "unarchive"):
        desk.call("POST", f"{path}/{action}")
    desk.call("DELETE", path)
    visitor = {"user_id": desk.visitor()["user_id"]}
    desk.post("/visitors/convert", {"visitor": visitor, "user": {"email": "v@example.com"}, "type": "user"})
    admin = desk.admin()
    desk.go_away(admin)
    desk.call("DELETE", f"/manage/v1/admins/{admin}")


def talks(desk: TicketDesk) -> None:
    """Everything that conversations are told for."""
    talk = desk.start()
    desk.answer(talk)
    part = last_part(desk.write(talk))
    desk.leave_note(talk)
    desk.assign(talk, desk.me)
    for text in ("Let me see.", "Here it is."):
        desk.answer(talk, body=text)
    desk.call("PUT", f"/conversations/{talk['id']}", json={"read": True})
    desk.snooze(talk, int(time.time()) + 3600)
    desk.leave_note(talk, desk.admin())
    desk.close(talk)
    desk.manage(talk, "open")
    desk.post(f"/conversations/{talk['id']}/tags", {"id": desk.tag()["id"], "admin_id": desk.me})
    redacted = {"type": "conversation_part", "conversation_id": talk["id"], "conversation_part_id": part["id"]}
    desk.post("/conversations/redact", redacted)
    desk.call("POST", f"/manage/v1/conversations/{talk['id']}/rating/request")
    desk.call("PUT", f"/manage/v1/conversations/{talk['id']}/rating", json={"rating": 5})
    join_and_leave(desk, talk["id"])
    desk.post(
        "/messages",
        {
            "from": {"type": "admin", "id": desk.me},
            "to": {"type": "user", "id": desk.user()["id"]},
            "body": "Hello",
            "create_conversation_without_contact_reply": True,
        },
    )


def join_and_leave(desk: TicketDesk, conversation_id: str) -> None:
    """A further contact takes part for a while."""
    user = desk.user()["id"]
    customer = {"admin_id": desk.me, "customer": {"intercom_user_id": user}}
    desk.post(f"/conversations/{conversation_id}/customers", customer)
    path = f"/conversations/{conversation_id}/customers/{user}"
    desk.call("DELETE", path, json={"admin_id": desk.me})


def tickets(desk: TicketDesk) -> None:
    """Everything that tickets are told for."""
    ticket = desk.ticket()
    desk.say(ticket)
    desk.say(ticket, "note")
    desk.hear(ticket)
    desk.update(ticket["id"], ticket_attributes={TITLE: "Invoice"})
    desk.update(ticket["id"], assignment={"admin_id": desk.me, "assignee_id": desk.me})
    team = desk.team()["id"]
    desk.update(ticket["id"], assignment={"admin_id": desk.me, "assignee_id": team})
    join_and_leave(desk, ticket["id"])
    desk.update(ticket["id"], state="resolved")
    desk.call("POST", f"/manage/v1/conversations/{ticket['id']}/rating/request")
    desk.call("PUT", f"/manage/v1/conversations/{ticket['id']}/rating", json={"rating": 5})


def articles(desk: TicketDesk) -> None:
    """Everything that articles are told for."""
    article = desk.post("/articles", {"title": "How to pay", "author_id": int(desk.me), "state": "draft"})
    path = f"/articles/{article['id']}"
    desk.call("PUT", path, json={"body": "<p>By card.</p>"})
    desk.call("PUT", path, json={"state": "published"})
    desk.call("PUT", path, json={"state": "draft"})
    desk.call("DELETE", path)


def conversation(item: Json, parts: int) -> bool:
    """A conversation that shows so many parts, with times of its statistics in ISO 8601."""
    statistics = item["statistics"]
    times = [] if statistics is None else [value for name, value in statistics.items() if name.endswith("_at")]
    assert all(time is None or (isinstance(time, str) and time.endswith("Z")) for time in times)
    return bool(item["type"] == "conversation") and item["conversation_parts"]["total_count"] == parts


Form = Callable[[Json], bool]
TALK: Form = lambda item: conversation(item, 1)  # noqa: E731
TICKET: Form = lambda item: item["type"] == "ticket" and "ticket_parts" in item  # noqa: E731
TICKET_PART: Form = lambda item: (  # noqa: E731
    list(item) == ["type", "ticket", "ticket_part"]
    and item["type"] == "ticket_ticket_part"
    and item["ticket"]["ticket_parts"]["ticket_parts"][-1]["id"] >= item["ticket_part"]["id"]
)
CONTACT: Form = lambda item: item["type"] == "contact" and "custom_attributes" in item  # noqa: E731
TAGGED: Form = lambda item: (  # noqa: E731
    list(item) == ["type", "created_at", "tag", "contact"]
    and item["type"] == "contact_tag"
    and set(item["tag"]) == {"type", "id", "name"}
)
SUBSCRIPTION: Form = lambda item: item["type"] == "subscription" and "contact" in item  # noqa: E731
COMPANY: Form = lambda item: item["type"] == "company" and "plan" in item  # noqa: E731
COMPANY_CONTACT: Form = lambda item: list(item) == ["company", "contact"]  # noqa: E731
ARTICLE: Form = lambda item: item["type"] == "article" and "parent_ids" in item  # noqa: E731
ADMIN: Form = lambda item: item["type"] == "admin" and "email" in item  # noqa: E731

FORMS: dict[str, Form] = {
    "admin.activity_log_event.created": lambda item: "activity_type" in item and "performed_by" in item,
    "admin.added_to_workspace": ADMIN,
    "admin.away_mode_updated": ADMIN,
    "admin.removed_from_workspace": ADMIN,
    "article.created": ARTICLE,
    "article.deleted": lambda item: set(item) == {"id", "object", "deleted"},
    "article.published": ARTICLE,
    "article.unpublished": ARTICLE,
    "article.updated": ARTICLE,
    "company.contact.attached": COMPANY_CONTACT,
    "company.contact.detached": COMPANY_CONTACT,
    "company.created": COMPANY,
    "company.deleted": lambda item: set(item) == {"id", "object", "deleted"},
    "company.updated": COMPANY,
    "contact.archived": CONTACT,
    "contact.deleted": lambda item: set(item) == {"id", "external_id", "type", "deleted"},
    "contact.email.updated": CONTACT,
    "contact.lead.added_email": CONTACT,
    "contact.lead.created": CONTACT,
    "contact.lead.signed_up": CONTACT,
    "contact.lead.tag.created": TAGGED,
    "contact.lead.tag.deleted": TAGGED,
    "contact.lead.updated": CONTACT,
    "contact.merged": lambda item: CONTACT(item) and set(item["merged_from"]) == {"type", "id"},
    "contact.subscribed": SUBSCRIPTION,
    "contact.unarchive": CONTACT,
    "contact.unsubscribed": SUBSCRIPTION,
    "contact.user.created": CONTACT,
    "contact.user.tag.created": TAGGED,
    "contact.user.tag.deleted": TAGGED,
    "contact.user.updated": CONTACT,
    "conversation.admin.assigned": TALK,
    "conversation.admin.closed": TALK,
    "conversation.admin.noted": TALK,
    "conversation.admin.open.assigned": TALK,
    "conversation.admin.opened": TALK,
    "conversation.admin.replied": TALK,
    "conversation.admin.single.created": lambda item: conversation(item, 0),
    "conversation.admin.snoozed": TALK,
    "conversation.admin.unsnoozed": TALK,
    "conversation.contact.attached": lambda item: (
        list(item) == ["conversation", "contact"] and TALK(item["conversation"])
    ),
    "conversation.contact.detached": lambda item: (
        list(item) == ["conversation", "contact"] and TALK(item["conversation"])
    ),
    "conversation.rating.added": TALK,
    # What was said since the contact wrote, but no note and no assignment.
    "conversation.read": lambda item: conversation(item, 2),
    "conversation.user.created": lambda item: conversation(item, 0),
    "conversation.user.replied": TALK,
    "conversation_part.redacted": TALK,
    "conversation_part.tag.created": lambda item: TALK(item) and item["tags_added"]["type"] == "tag.list",
    "event.created": lambda item: item["type"] == "event" and {"event_name", "intercom_user_id", "id"} <= set(item),
    "granular.subscribe": SUBSCRIPTION,
    "granular.unsubscribe": SUBSCRIPTION,
    "ticket.admin.assigned": TICKET_PART,
    "ticket.admin.replied": TICKET_PART,
    "ticket.attribute.updated": TICKET_PART,
    "ticket.closed": TICKET,
    "ticket.contact.attached": lambda item: list(item) == ["ticket", "contact"],
    "ticket.contact.detached": lambda item: list(item) == ["ticket", "contact"],
    "ticket.contact.replied": TICKET_PART,
    "ticket.created": TICKET,
    "ticket.note.created": TICKET_PART,
    "ticket.rating.provided": TICKET,
    "ticket.state.updated": TICKET,
    "ticket.team.assigned": TICKET_PART,
    "visitor.signed_up": lambda item: item["type"] == "visitor",
}


@pytest.mark.parametrize("scene", [people, talks, tickets, articles], ids=lambda scene: scene.__name__)
def test_what_happens_is_told_in_the_form_that_receivers_know(
    hook: Callable[..., Hook], scene: Callable[[TicketDesk], None]
) -> None:
    wanted = set(_told_by(scene))
    made = hook(*wanted)
    scene(made.desk)
    made.eventually(lambda: wanted <= {each["topic"] for each in made.receiver.notifications()})
    made.settled()
    for told in made.receiver.notifications():
        assert FORMS[told["topic"]](told["data"]["item"]), told


def _told_by(scene: Callable[[TicketDesk], None]) -> list[str]:
    """Topics are told by the scene of what they are about."""
    about = {talks: ("conversation",), tickets: ("ticket",), articles: ("article",)}
    others = ("conversation", "ticket", "article")
    return [t for t in FORMS if (t.startswith(about[scene]) if scene in about else not t.startswith(others))]


def test_no_topic_is_forgotten() -> None:
    topics = {topic.value for topic in Topic if not topic.startswith("internal.")}
    assert set(FORMS) | {topic.value for topic in _NOT_RAISED} == topics
