"""What tests of tickets make, beside conversations."""

from typing import Any

from tests.support.conversations import Desk

Json = dict[str, Any]

TITLE = "_default_title_"
DESCRIPTION = "_default_description_"


class TicketDesk(Desk):
    """A workspace with tickets. Each action on a ticket answers the ticket after it."""

    def ticket_type(self, category: str = "Customer", **values: Any) -> str:
        """A ticket type; answers the id."""
        return str(self.post("/ticket_types", {"name": "Bug report", "category": category, **values})["id"])

    def field(self, ticket_type_id: str, name: str, **values: Any) -> Json:
        """An attribute of a ticket type."""
        body = {"name": name, "description": "", "data_type": "string", **values}
        return self.post(f"/ticket_types/{ticket_type_id}/attributes", body)

    def ticket(self, ticket_type_id: str = "", contacts: list[Json] | None = None, **values: Any) -> Json:
        """A ticket of a type, or of a new Customer one, for a contact, or for a new user."""
        return self.post(
            "/tickets",
            {
                "ticket_type_id": ticket_type_id or self.ticket_type(),
                "contacts": contacts or [{"id": self.user()["id"]}],
                **values,
            },
        )

    def read(self, ticket_id: str) -> Json:
        """The ticket."""
        found: Json = self.call("GET", f"/tickets/{ticket_id}")
        return found

    def update(self, ticket_id: str, **values: Any) -> Json:
        """A change of a ticket."""
        changed: Json = self.call("PUT", f"/tickets/{ticket_id}", json=values)
        return changed

    def convert(self, conversation_id: str, ticket_type_id: str = "", **values: Any) -> Json:
        """A conversation becomes a ticket."""
        body = {"ticket_type_id": ticket_type_id or self.ticket_type(), **values}
        return self.post(f"/conversations/{conversation_id}/convert", body)

    def say(self, ticket: Json, kind: str = "comment", **values: Any) -> Json:
        """An admin says something; answers the part."""
        body = {"type": "admin", "message_type": kind, "admin_id": self.me, "body": "I see", **values}
        return self.post(f"/tickets/{ticket['id']}/reply", body)

    def hear(self, ticket: Json, body: str = "One more thing", **values: Any) -> Json:
        """The contact says something; answers the part."""
        contact_id = ticket["contacts"]["contacts"][0]["id"]
        sent = {"type": "user", "message_type": "comment", "intercom_user_id": contact_id, "body": body, **values}
        return self.post(f"/tickets/{ticket['id']}/reply", sent)

    def link(self, ticket: Json, linked_id: str) -> Json:
        """A ticket is about a conversation, or a customer's ticket."""
        return self.post(f"/manage/v1/tickets/{ticket['id']}/links", {"id": linked_id})


def ticket_parts_of(ticket: Json) -> list[Json]:
    """The parts, oldest first."""
    listed: list[Json] = ticket["ticket_parts"]["ticket_parts"]
    return listed


def told_by(ticket: Json) -> list[tuple[str, str]]:
    """What each part tells, and who did it, oldest first."""
    return [(part["part_type"], part["author"]["type"]) for part in ticket_parts_of(ticket)]
