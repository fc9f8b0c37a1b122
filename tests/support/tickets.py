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
