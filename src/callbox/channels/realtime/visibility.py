"""What contacts see of an event: of the conversations and tickets they take part in, what was said to them.

Everything is left out that is not named here, so that a field that an item gets later stays among the team.
"""

from typing import Any

import msgspec

from callbox.platform.events import Topic
from callbox.support.conversations.transitions import is_for_contacts

Json = dict[str, Any]

_ABOUT_CONVERSATIONS = frozenset(
    {
        Topic.CONVERSATION_ADMIN_CLOSED,
        Topic.CONVERSATION_ADMIN_OPENED,
        Topic.CONVERSATION_ADMIN_REPLIED,
        Topic.CONVERSATION_ADMIN_SINGLE_CREATED,
        Topic.CONVERSATION_OPERATOR_REPLIED,
        Topic.CONVERSATION_PART_REDACTED,
        Topic.CONVERSATION_RATING_ADDED,
        Topic.CONVERSATION_USER_CREATED,
        Topic.CONVERSATION_USER_REPLIED,
    }
)
_ABOUT_TICKETS = frozenset(
    {
        Topic.TICKET_ADMIN_REPLIED,
        Topic.TICKET_CLOSED,
        Topic.TICKET_CONTACT_REPLIED,
        Topic.TICKET_CREATED,
        Topic.TICKET_STATE_UPDATED,
    }
)
TOPICS_FOR_CONTACTS = _ABOUT_CONVERSATIONS | _ABOUT_TICKETS

# They show the whole of what they are about, not a part that may have been left out.
_WITHOUT_PART = frozenset({Topic.CONVERSATION_USER_CREATED, Topic.CONVERSATION_ADMIN_SINGLE_CREATED})

_CONVERSATION_FIELDS = ("type", "id", "created_at", "updated_at", "title", "state", "open", "read")
_SOURCE_FIELDS = ("type", "id", "delivered_as", "subject", "body", "attachments", "url", "redacted")
_TICKET_FIELDS = (
    *("type", "id", "ticket_id", "created_at", "updated_at", "open", "ticket_state", "ticket_state_external_label"),
)
_PART_FIELDS = (
    *("type", "id", "part_type", "body", "created_at", "updated_at", "attachments", "redacted"),
    *("ticket_state", "previous_ticket_state"),
)
_STATE_PARTS = frozenset({"open", "close", "ticket_state_updated_by_admin"})


class ContactView(msgspec.Struct):
    """Who may see an event, and what of its item."""

    contact_ids: list[str]
    item: bytes


def contact_view(topic: str, item: str) -> ContactView | None:
    """What contacts see of an event; None where it is none of theirs."""
    if topic not in TOPICS_FOR_CONTACTS:
        return None
    told: Json = msgspec.json.decode(item)
    shown = _ticket(told) if topic in _ABOUT_TICKETS else _conversation(topic, told)
    if shown is None:
        return None
    about = told.get("ticket", told) if topic in _ABOUT_TICKETS else told
    ids = [contact["id"] for contact in about["contacts"]["contacts"]]
    return ContactView(ids, msgspec.json.encode(shown))


def _conversation(topic: str, told: Json) -> Json | None:
    parts = told["conversation_parts"]["conversation_parts"]
    visible = [_part(part) for part in parts if _is_for_contacts(part)]
    if parts and not visible and topic not in _WITHOUT_PART:
        return None
    source = told["source"]
    shown = _only(told, _CONVERSATION_FIELDS)
    shown["source"] = {**_only(source, _SOURCE_FIELDS), "author": _author(source["author"])}
    shown["conversation_parts"] = _list_of("conversation_part.list", "conversation_parts", visible)
    return shown


def _ticket(told: Json) -> Json | None:
    """A ticket, or a part of one with it. What is the team's alone is none of the contact's."""
    ticket = told.get("ticket", told)
    if ticket["category"] != "Customer":
        return None
    shown = _only(ticket, _TICKET_FIELDS)
    if "ticket_part" not in told:
        return shown
    part = told["ticket_part"]
    return {"type": told["type"], "ticket": shown, "ticket_part": _part(part)} if _is_for_contacts(part) else None


def _is_for_contacts(part: Json) -> bool:
    if part.get("body") is None and part["part_type"] not in _STATE_PARTS:
        return False
    author, assigned_to = part["author"], part.get("assigned_to")
    to = (assigned_to["type"], assigned_to["id"]) if assigned_to else None
    return is_for_contacts(part["part_type"], (author["type"], author["id"]), to)


def _part(part: Json) -> Json:
    return {**_only(part, _PART_FIELDS), "author": _author(part["author"])}


def _author(author: Json) -> Json:
    """Without the address: teammates' ones are the team's."""
    return _only(author, ("type", "id", "name"))


def _only(of: Json, fields: tuple[str, ...]) -> Json:
    return {field: of[field] for field in fields if field in of}


def _list_of(kind: str, name: str, members: list[Json]) -> Json:
    return {"type": kind, name: members, "total_count": len(members)}
