"""Work for every kind of job, made as the product makes it, and how to tell that it was done, and done once."""

import base64
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.channels.correspondence import MailDesk
from tests.channels.mail_server import MailServer
from tests.channels.test_text_messages import TwilioLike, messages, switch
from tests.contract.world import World
from tests.people.tools import execute
from tests.support.conversations import last_part, part_types
from tests.support.test_attachments import PNG

Json = dict[str, Any]
# Whether the work was done: nothing less, and nothing twice.
Check = Callable[[], bool]
HOUR = 3600


@dataclass
class Place:
    """A workspace on a server without a worker, and everything around it that work reaches."""

    desk: MailDesk
    database_url: str
    files: Path
    mails: MailServer
    phones: TwilioLike
    pictures: str
    earlier: "Earlier | None" = None

    @property
    def before(self) -> "Earlier":
        """What `prepare` made."""
        assert self.earlier is not None
        return self.earlier

    def reader(self) -> Json:
        """A user to whom mail can be sent."""
        return self.desk.user(email=f"{secrets.token_hex(6)}@shop.internal")

    def files_kept(self) -> list[Path]:
        """Every file that is kept."""
        return [path for path in self.files.rglob("*") if path.is_file()]

    def count(self, statement: str, *arguments: object) -> int:
        """A number from the database, of what no operation shows."""
        return int(execute(self.database_url, statement, *arguments)[0][0])

    def is_mailed(self, reader: Json) -> bool:
        """One mail was written and handed over; copies of it are one mail to whoever receives it."""
        states = [each["state"] for each in self.desk.outbox(reader["id"])]
        copies = {str(mail["Message-ID"]) for mail in self.mails.mails_to(reader["email"])}
        return states == ["sent"] and len(copies) == 1


@dataclass
class Earlier:
    """What must have happened before some of the work can be there."""

    name: str
    segment: Json
    message_to: Json
    reply_to: Json


# The kinds of jobs by which it happens.
BY_EARLIER = ("email.mail_message", "email.mail_reply", "segments.compute", "segments.compute_members")


def prepare(place: Place) -> None:
    """Make what some of the work follows from."""
    desk, name = place.desk, secrets.token_hex(4)
    segment = desk.segment({"field": "name", "operator": "=", "value": name}, name)
    place.earlier = Earlier(name, segment, place.reader(), place.reader())
    desk.message(place.earlier.message_to)
    desk.answer(desk.start(place.earlier.reply_to["id"]))


def is_prepared(place: Place) -> bool:
    """There is a mail to deliver, and a reply that nobody has seen."""
    mails = place.count("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'email.deliver'")
    replies = place.count("SELECT count(*) FROM unseen_replies")
    left = place.count(
        "SELECT (SELECT count(*) FROM outbox) + count(*) FROM pgqueuer WHERE entrypoint = ANY ($1)", BY_EARLIER
    )
    return (mails, replies, left) == (1, 1, 0)


def share_out(place: Place) -> Check:
    desk = place.desk
    ada = desk.admin()
    team = desk.team_of(ada)
    body = {"method": "balanced", "max_open_conversations": None}
    desk.call("PUT", f"/manage/v1/teams/{team}/assignment", json=body)
    desk.go_away(ada)
    talk = desk.assign(desk.start(), team, "team")
    desk.come_back(ada)

    def check() -> bool:
        found = desk.get(talk["id"])
        is_once = part_types(found) == ["assignment", "message_strategy_assignment"]
        return bool(is_once and found["admin_assignee_id"] == int(ada))

    return check


def unassign(place: Place) -> Check:
    """The job is for what was assigned while the admin was being removed."""
    desk = place.desk
    ada, talk = desk.admin(), desk.start()
    desk.call("DELETE", f"/manage/v1/admins/{ada}")
    assigned = "UPDATE conversations SET admin_assignee_id = $1 WHERE id = $2"
    execute(place.database_url, assigned, int(ada), int(talk["id"]))
    return lambda: desk.get(talk["id"])["admin_assignee_id"] is None


def fetch(place: Place) -> Check:
    talk = place.desk.start(attachment_urls=[place.pictures])

    def check() -> bool:
        [file] = place.desk.get(talk["id"])["source"]["attachments"]
        return bool(file["filesize"]) and httpx.get(file["url"]).content == PNG

    return check


def delete_file(place: Place) -> Check:
    desk, talk = place.desk, place.desk.start()
    file = {"name": "a.txt", "content_type": "text/plain", "data": base64.b64encode(b"Seats: 3").decode()}
    part = last_part(desk.write(talk, attachment_files=[file]))
    workspace_id, file_id = urlsplit(part["attachments"][0]["url"]).path.split("/")[2:4]
    kept = place.files / workspace_id / file_id[:2] / file_id
    assert kept.exists()
    redaction = {"type": "conversation_part", "conversation_id": talk["id"], "conversation_part_id": part["id"]}
    desk.post("/conversations/redact", redaction)
    return lambda: not kept.exists()


def detach_contacts(place: Place) -> Check:
    _, company = place.desk.employee()
    place.desk.call("DELETE", f"/companies/{company['id']}")
    return lambda: place.count("SELECT count(*) FROM contact_companies WHERE company_id = $1", company["id"]) == 0


def release_owned(place: Place) -> Check:
    ada = place.desk.admin()
    owned = place.desk.user(owner_id=int(ada))
    place.desk.call("DELETE", f"/manage/v1/admins/{ada}")
    return lambda: place.desk.call("GET", f"/contacts/{owned['id']}")["owner_id"] is None


def wake(place: Place) -> Check:
    talk = place.desk.snooze(place.desk.start(), int(time.time()) + HOUR)
    return lambda: part_types(place.desk.get(talk["id"])) == ["snoozed", "timer_unsnooze"]


def export(place: Place) -> Check:
    desk, now = place.desk, int(time.time())
    body = {"created_at_after": now - HOUR, "created_at_before": now + HOUR}
    job = desk.post("/export/content/data", body)["job_identifier"]

    def check() -> bool:
        is_complete = desk.call("GET", f"/export/content/data/{job}")["status"] == "completed"
        return bool(is_complete and desk.api.get(f"/download/content/data/{job}").is_success)

    return check


def publish(place: Place) -> Check:
    desk, feed = place.desk, place.desk.newsfeed_id()
    item = desk.news(newsfeed_assignments=[{"newsfeed_id": feed}])
    desk.call("PUT", f"/manage/v1/news_items/{item['id']}", json={"publish_at": int(time.time()) + HOUR})
    return lambda: [each["id"] for each in desk.call("GET", f"/news/newsfeeds/{feed}/items")["data"]] == [item["id"]]


def mail_message(place: Place) -> Check:
    reader = place.reader()
    place.desk.message(reader)
    return lambda: place.is_mailed(reader)


def mail_reply(place: Place) -> Check:
    """In the messenger, a reply waits to be seen before it is mailed."""
    talk = place.desk.answer(place.desk.start(place.reader()["id"]))
    waiting = "SELECT coalesce(sum(cardinality(part_ids)), 0) FROM unseen_replies WHERE conversation_id = $1"
    return lambda: place.count(waiting, int(talk["id"])) == 1


def mail_ticket(place: Place) -> Check:
    reader = place.reader()
    place.desk.ticket(contacts=[{"id": reader["id"]}])
    return lambda: place.is_mailed(reader)


def mail_unseen(place: Place) -> Check:
    return lambda: place.is_mailed(place.before.reply_to)


def deliver(place: Place) -> Check:
    return lambda: place.is_mailed(place.before.message_to)


def read_mail(place: Place) -> Check:
    desk, subject = place.desk, secrets.token_hex(4)
    lines = ["From: grace@shop.internal", f"Message-ID: <{subject}@shop.internal>", f"Subject: {subject}", "", "Hello"]
    mail = {
        "sender": "grace@shop.internal",
        "recipients": [f"{desk.workspace_id}@localhost"],
        "data": base64.b64encode("\r\n".join(lines).encode()).decode(),
    }
    desk.post("/manage/v1/inbound_emails", mail)
    return lambda: len(desk.found("source.subject", "=", subject)) == 1


def compute_segment(place: Place) -> Check:
    user = place.desk.user()
    segment = place.desk.segment_of(user)
    return lambda: _members(place.desk, segment) == 1


def compute_members(place: Place) -> Check:
    place.desk.user(name=place.before.name)
    return lambda: _members(place.desk, place.before.segment) == 1


def _members(world: World, segment: Json) -> int:
    segments = world.call("GET", "/segments", params={"include_count": True})["segments"]
    return next(int(each["count"] or 0) for each in segments if each["id"] == segment["id"])


def send_text(place: Place) -> Check:
    """The provider gets it again where our note of its answer was lost."""
    switch(place.desk.api)

    def check() -> bool:
        texts = {each["Body"] for each in place.phones.taken}
        return [each["state"] for each in messages(place.desk.api)] == ["sent"] and len(texts) == 1

    return check


# What there is to do for each kind of job; made in this order.
WORK: dict[str, Callable[[Place], Check]] = {
    "assignment.share_out": share_out,
    "assignment.unassign_removed": unassign,
    "attachments.delete": delete_file,
    "attachments.fetch": fetch,
    "companies.detach_contacts": detach_contacts,
    "contacts.release_owned": release_owned,
    "conversations.wake": wake,
    "data_export.write": export,
    "email.deliver": deliver,
    "email.mail_message": mail_message,
    "email.mail_reply": mail_reply,
    "email.mail_ticket": mail_ticket,
    "email.mail_unseen": mail_unseen,
    "email.read": read_mail,
    "news.publish": publish,
    "segments.compute": compute_segment,
    "segments.compute_members": compute_members,
    "sms.send": send_text,
}
