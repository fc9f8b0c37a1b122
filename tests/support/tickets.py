"""What tests of tickets make, through the API alone."""

from typing import Any

from tests.contract.world import World

Json = dict[str, Any]


class Desk(World):
    """Makes ticket types and tickets in one workspace."""

    def ticket_type(self, **values: Any) -> Json:
        """A ticket type."""
        return self.post("/ticket_types", {"name": "Bug report", **values})

    def field(self, ticket_type_id: str, name: str, **values: Any) -> Json:
        """An attribute of a ticket type."""
        body = {"name": name, "description": "", "data_type": "string", **values}
        return self.post(f"/ticket_types/{ticket_type_id}/attributes", body)

    def ticket(self, **values: Any) -> Json:
        """A ticket of the given type, or of a new Customer one, for the given contact, or for a new user."""
        body = {
            "ticket_type_id": values.pop("ticket_type_id", None) or self.ticket_type()["id"],
            "contacts": values.pop("contacts", None) or [{"id": self.user()["id"]}],
            **values,
        }
        return self.post("/tickets", body)

    def update(self, ticket_id: str, **values: Any) -> Json:
        """A change of a ticket."""
        changed: Json = self.call("PUT", f"/tickets/{ticket_id}", json=values)
        return changed
