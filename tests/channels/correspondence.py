"""What tests of mail that goes out make and read, through the API alone."""

import base64
import csv
import gzip
import io
import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.support.tickets import TicketDesk

Json = dict[str, Any]
Eventually = Callable[[Callable[[], Any]], Any]


class MailDesk(TicketDesk):
    """A workspace whose outbox is looked into."""

    def __init__(self, api: httpx.Client, eventually: Eventually) -> None:
        super().__init__(api)
        self.eventually = eventually
        self.workspace_id = str(self.call("GET", "/manage/v1/workspace")["id"])

    def receive(
        self, sender: str, subject: str = "My invoice", text: str = "It shows two seats", **headers: str
    ) -> Json:
        """Somebody writes an e-mail to the workspace; answers what became of it."""
        address = headers.pop("to", f"{self.workspace_id}@localhost")
        fields = {"From": sender, "To": address, "Subject": subject, **headers}
        lines = [*(f"{name.replace('_', '-')}: {value}" for name, value in fields.items()), "", text, ""]
        mail = {
            "sender": sender,
            "recipients": [address],
            "data": base64.b64encode("\r\n".join(lines).encode()).decode(),
        }
        taken = self.post("/manage/v1/inbound_emails", mail)

        def done() -> Json | None:
            found: Json = self.call("GET", f"/manage/v1/inbound_emails/{taken['id']}")
            return None if found["state"] == "received" else found

        read: Json = self.eventually(done)
        return read

    def message(self, contact: Json, **values: Any) -> Json:
        """An admin sends a message by e-mail."""
        return self.post(
            "/messages",
            {
                "from": {"type": "admin", "id": self.me},
                "to": {"type": "contact", "id": contact["id"]},
                "message_type": "email",
                "subject": "Your new roster",
                "body": "<p>It is ready to look at.</p>",
                "template": "plain",
                **values,
            },
        )

    def reply(self, conversation_id: str, body: str = "I will look into it", **values: Any) -> Json:
        """An admin answers in a conversation."""
        said = {"type": "admin", "message_type": "comment", "admin_id": self.me, "body": body, **values}
        return self.post(f"/conversations/{conversation_id}/reply", said)

    def outbox(self, contact_id: str, **query: str) -> list[Json]:
        """The mails to a contact, oldest first, with their texts."""
        listed = self.call("GET", "/manage/v1/outbox", params={"contact_id": contact_id, **query})["data"]
        return [self.call("GET", f"/manage/v1/outbox/{each['id']}") for each in reversed(listed)]

    def mails(self, contact_id: str, number: int = 1, state: str = "stored") -> list[Json]:
        """The contact's mails, once there are so many in this state, oldest first."""

        def found() -> list[Json]:
            listed = self.outbox(contact_id)
            return listed if [each["state"] for each in listed] == [state] * number else []

        mails: list[Json] = self.eventually(found)
        return mails

    def receipts(self) -> list[dict[str, str]]:
        """What an export tells of the messages of these days."""
        now, path = int(time.time()), "/export/content/data"
        made = self.post(path, {"created_at_after": now - 86_400, "created_at_before": now + 86_400})
        self.eventually(lambda: self.call("GET", f"{path}/{made['job_identifier']}")["status"] == "completed")
        answer = self.api.get(f"/download/content/data/{made['job_identifier']}")
        return list(csv.DictReader(io.StringIO(gzip.decompress(answer.content).decode(), newline="")))
