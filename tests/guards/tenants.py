"""A workspace with one of everything, and a mark in every text it was given."""

import base64
import secrets
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar

from callbox.channels.email.composing import mail_message
from tests.channels.receiver import accepting_url
from tests.conftest import TestWorkspace
from tests.contract.world import World
from tests.support.conversations import inside

Json = dict[str, Any]


class Tenant(World):
    """Makes things in one workspace. The properties are things that stay; the methods make fresh ones."""

    # What a worker would do with an export; the server that has none says how.
    write_export: ClassVar[Callable[[str, str], None]]
    # Of the guarded server, which has no worker.
    database_url: ClassVar[str]

    def __init__(self, workspace: TestWorkspace) -> None:
        super().__init__(workspace.api)
        self.workspace_id = workspace.id
        self.mark = f"mark{secrets.token_hex(6)}"
        self._number = 0
        self._scroll: str | None = None

    def new_name(self) -> str:
        """A text that only this workspace has."""
        self._number += 1
        return f"{self.mark}-{self._number}"

    def user(self, **values: Any) -> Json:
        """A user whose texts all bear the mark."""
        name = self.new_name()
        return super().user(**{"external_id": name, "email": f"{name}@example.com", "name": name, **values})

    def lead(self, **values: Any) -> Json:
        """A lead with an e-mail address."""
        name = self.new_name()
        return super().lead(**{"email": f"{name}@example.com", "name": name, **values})

    def company(self, **values: Any) -> Json:
        """A company with a plan."""
        name = self.new_name()
        return super().company(**{"company_id": name, "name": name, "plan": name, **values})

    def tag(self, name: str = "") -> Json:
        """A tag."""
        return super().tag(name or self.new_name())

    def visitor(self) -> Json:
        """A visitor who said their e-mail address."""
        name = self.new_name()
        return self.post("/manage/v1/visitors", {"name": name, "email": f"{name}@example.com"})

    def admin(self) -> Json:
        """A further admin."""
        name = self.new_name()
        return self.post("/manage/v1/admins", {"name": name, "email": f"{name}@example.com"})

    def team(self) -> Json:
        """A team of the second admin."""
        return self.post("/manage/v1/teams", {"name": self.new_name(), "members": [{"admin_id": self.second_admin}]})

    def token(self) -> Json:
        """A further access token."""
        return self.post("/manage/v1/access_tokens", {"name": self.new_name()})

    def archived(self) -> Json:
        """A user who is archived."""
        user = self.user()
        self.call("POST", f"/contacts/{user['id']}/archive")
        return user

    def ticket_type(self, category: str = "Customer") -> Json:
        """A ticket type."""
        return self.post("/ticket_types", {"name": self.new_name(), "category": category})

    def ticket_field(self, ticket_type_id: str) -> Json:
        """An attribute of a ticket type."""
        body = {"name": self.new_name(), "description": "Which", "data_type": "list", "list_items": "a,b"}
        return self.post(f"/ticket_types/{ticket_type_id}/attributes", body)

    def ticket(self, category: str = "Customer") -> Json:
        """A ticket of a new type for the contact."""
        body = {
            "ticket_type_id": self.ticket_type(category)["id"],
            "contacts": [{"id": self.contact["id"]}],
            "ticket_attributes": {"_default_title_": self.mark},
        }
        return self.post("/tickets", body)

    def tagged_ticket(self) -> tuple[Json, Json]:
        """A ticket with a tag, and the tag as it was applied."""
        ticket, tag = self.ticket(), self.tag()
        body = {"id": tag["id"], "admin_id": self.second_admin}
        return ticket, self.post(f"/tickets/{ticket['id']}/tags", body)

    def linked_ticket(self) -> tuple[Json, Json]:
        """A Back-office ticket, and the Customer ticket that it is about."""
        ticket, linked = self.ticket("Back-office"), self.ticket()
        self.post(f"/manage/v1/tickets/{ticket['id']}/links", {"id": linked["id"]})
        return ticket, linked

    def collection(self, **values: Any) -> Json:
        """A collection."""
        return super().collection(**{"name": self.new_name(), "description": self.mark, **values})

    def article(self, **values: Any) -> Json:
        """An article by the second admin."""
        texts = {"title": self.new_name(), "description": self.mark, "body": self.mark}
        return super().article(**{**texts, "author_id": self.second_admin, **values})

    @cached_property
    def collection_made(self) -> Json:
        """A collection."""
        return self.collection()

    @cached_property
    def article_made(self) -> Json:
        """An article in the collection, with statistics."""
        self.speak("en", "de")
        made = self.article(parent_id=self.collection_made["id"], state="published")
        path = f"/manage/v1/articles/{made['id']}"
        self.call("POST", f"{path}/views")
        self.post(f"{path}/reactions", {"person_id": self.contact["id"], "reaction": "happy"})
        self.post(f"{path}/conversations", {"conversation_id": self.conversation_made["id"]})
        found: Json = self.call("GET", f"/articles/{made['id']}")
        return found

    @cached_property
    def center_id(self) -> str:
        """The help center."""
        return self.help_center_id()

    def conversation(self) -> str:
        """A conversation that the contact began; answers its id."""
        message = {"from": {"type": "user", "id": self.contact["id"]}, "body": self.mark}
        return str(self.post("/conversations", message)["conversation_id"])

    def message(self) -> Json:
        """A message of an admin that waits for the contact."""
        sender, to = {"type": "admin", "id": self.second_admin}, {"type": "user", "id": self.contact["id"]}
        return self.post("/messages", {"from": sender, "to": to, "body": self.mark})

    def mail(self) -> Json:
        """A mail to the workspace, as it is taken in."""
        content = "From: grace@example.com\r\nSubject: Roster\r\n\r\nIt does not open.\r\n"
        return {
            "sender": "ada@example.com",
            "recipients": [f"{self.workspace_id}@localhost"],
            "data": base64.b64encode(content.encode()).decode(),
        }

    def mail_taken_in(self) -> str:
        """A mail that waits to be read; answers its id."""
        return str(self.post("/manage/v1/inbound_emails", self.mail())["id"])

    def mail_sent(self) -> str:
        """A mail to the contact, written as the worker would; answers its id."""
        sender, to = {"type": "admin", "id": self.second_admin}, {"type": "user", "id": self.contact["id"]}
        message = self.post(
            "/messages", {"from": sender, "to": to, "message_type": "email", "subject": "Roster", "body": self.mark}
        )
        inside(self.database_url, lambda: mail_message(self.workspace_id, int(message["id"])))
        return str(self.call("GET", "/manage/v1/outbox")["data"][0]["id"])

    def spoken_in(self, conversation_id: str) -> str:
        """What an admin said in a conversation; answers the part's id."""
        reply = {"message_type": "comment", "type": "admin", "admin_id": self.second_admin, "body": self.mark}
        said = self.post(f"/conversations/{conversation_id}/reply", reply)
        return str(said["conversation_parts"]["conversation_parts"][-1]["id"])

    def group(self) -> tuple[str, str]:
        """A conversation of two contacts, and the second."""
        conversation_id, user = self.conversation(), self.user()
        customer = {"admin_id": self.second_admin, "customer": {"intercom_user_id": user["id"]}}
        self.post(f"/conversations/{conversation_id}/customers", customer)
        return conversation_id, str(user["id"])

    def tagged_conversation(self) -> tuple[str, str]:
        """A conversation and a tag on it."""
        conversation_id, tag = self.conversation(), self.tag()
        body = {"id": tag["id"], "admin_id": self.second_admin}
        return conversation_id, str(self.post(f"/conversations/{conversation_id}/tags", body)["id"])

    def conversation_to_rate(self) -> str:
        """A conversation about which the contact is asked."""
        conversation_id = self.conversation()
        self.call("POST", f"/manage/v1/conversations/{conversation_id}/rating/request")
        return conversation_id

    @cached_property
    def conversation_attribute(self) -> str:
        """A custom attribute of conversations."""
        attribute = {"name": self.new_name(), "model": "conversation", "data_type": "string"}
        return str(self.post("/manage/v1/data_attributes", attribute)["name"])

    @cached_property
    def conversation_made(self) -> Json:
        """A conversation in which everything happened."""
        conversation_id, _ = self.tagged_conversation()
        path, by = f"/conversations/{conversation_id}", {"admin_id": self.second_admin}
        self.spoken_in(conversation_id)
        assignment = {**by, "message_type": "assignment"}
        self.post(f"{path}/parts", {**assignment, "type": "team", "assignee_id": self.team_id})
        self.post(f"{path}/parts", {**assignment, "type": "admin", "assignee_id": self.second_admin})
        self.call("PUT", path, json={"title": self.mark, "custom_attributes": {self.conversation_attribute: self.mark}})
        self.call("POST", f"/manage/v1{path}/rating/request")
        self.call("PUT", f"/manage/v1{path}/rating", json={"rating": 4, "remark": self.mark})
        found: Json = self.call("GET", path)
        return found

    def rule(self) -> None:
        """Rules that are met by nothing here."""
        rule = {"name": self.new_name(), "conversation": {"field": "id", "operator": "=", "value": "0"}}
        target = {"assign_to": {"type": "team", "id": self.team_id}}
        self.call("PUT", "/manage/v1/assignment_rules", json={"rules": [{**rule, **target}]})
        self.call("PUT", "/manage/v1/sla_rules", json={"rules": [{**rule, "first_reply": 3600}]})

    @cached_property
    def ticket_type_made(self) -> Json:
        """A ticket type with an attribute."""
        made = self.ticket_type()
        self.ticket_field(made["id"])
        found: Json = self.call("GET", f"/ticket_types/{made['id']}")
        return found

    @cached_property
    def ticket_made(self) -> Json:
        """A ticket that is linked."""
        return self.linked_ticket()[1]

    @cached_property
    def second_admin(self) -> str:
        """An admin besides the token's."""
        return str(self.admin()["id"])

    @cached_property
    def attribute_name(self) -> str:
        """A custom attribute of contacts."""
        return str(self.attribute(name=self.new_name())["name"])

    @cached_property
    def company_made(self) -> Json:
        """The company that the contact is in."""
        return self.company()

    @cached_property
    def tag_id(self) -> str:
        """The tag on the contact and the company."""
        return str(self.tag()["id"])

    @cached_property
    def subscription_id(self) -> str:
        """The type that the contact is opted out of."""
        return str(self.subscription_type()["id"])

    @cached_property
    def contact(self) -> Json:
        """A user on whom everything hangs that can hang on one."""
        user = self.user(owner_id=self.second_admin, custom_attributes={self.attribute_name: self.mark})
        path = f"/contacts/{user['id']}"
        self.post(f"{path}/companies", {"id": self.company_made["id"]})
        self.post("/tags", {"name": self._tag_name(), "companies": [{"id": self.company_made["id"]}]})
        self.post(f"{path}/tags", {"id": self.tag_id})
        self.post(f"{path}/subscriptions", {"id": self.subscription_id, "consent_type": "opt_out"})
        self.event(user, f"{self.mark} ordered", metadata={"text": self.mark})
        return user

    def _tag_name(self) -> str:
        return str(self.call("GET", f"/tags/{self.tag_id}")["name"])

    @cached_property
    def note_id(self) -> str:
        """A note on the contact."""
        return str(self.note(self.contact["id"], self.mark)["id"])

    @cached_property
    def segment_id(self) -> str:
        """The segment that the contact is in."""
        predicate = {"field": "external_id", "operator": "=", "value": self.contact["external_id"]}
        return self._computed(self.segment(predicate, self.new_name()))

    @cached_property
    def company_segment_id(self) -> str:
        """The segment that the company is in."""
        predicate = {"field": "tag_id", "operator": "=", "value": self.tag_id}
        return self._computed(self.segment(predicate, self.new_name(), "company"))

    def _computed(self, segment: Json) -> str:
        return str(self.post(f"/manage/v1/segments/{segment['id']}/compute", {})["id"])

    @cached_property
    def team_id(self) -> str:
        """A team."""
        return str(self.team()["id"])

    def webhook(self) -> Json:
        """A webhook whose receiver takes everything."""
        return self.post("/manage/v1/webhooks", {"url": f"{accepting_url()}?{self.mark}"})

    @cached_property
    def webhook_made(self) -> Json:
        """A webhook."""
        return self.webhook()

    @cached_property
    def delivery_id(self) -> str:
        """The webhook's ping."""
        return str(self.call("GET", f"/manage/v1/webhooks/{self.webhook_made['id']}/deliveries")["data"][0]["id"])

    @cached_property
    def visitor_made(self) -> Json:
        """A visitor."""
        return self.visitor()

    def scroll_param(self) -> str:
        """A scroll over companies that was just opened; one that was open is read to its end."""
        while self._scroll is not None:
            answer = self.api.get("/companies/scroll", params={"scroll_param": self._scroll})
            self._scroll = answer.json().get("scroll_param")
        self._scroll = self.call("GET", "/companies/scroll")["scroll_param"]
        return str(self._scroll)

    @cached_property
    def list_cursor(self) -> str:
        """Where the second page of contacts begins."""
        page = self.call("GET", "/contacts", params={"per_page": 1})
        return str(page["pages"]["next"]["starting_after"])

    def search_cursor(self, query: Json) -> str:
        """Where the second page of a search begins."""
        page = self.post("/contacts/search", {"query": query, "pagination": {"per_page": 1}})
        return str(page["pages"]["next"]["starting_after"])

    def news(self, **values: Any) -> Json:
        """A news item on the newsfeed, live unless it is said otherwise."""
        assignments = [{"newsfeed_id": self.newsfeed_made["id"]}]
        texts = {"title": self.new_name(), "body": self.mark, "labels": [self.mark], "reactions": ["😆", "😅"]}
        by = {"sender_id": self.second_admin, "newsfeed_assignments": assignments}
        return self.post("/news/news_items", {"state": "live", **texts, **by, **values})

    def newsfeed(self) -> Json:
        """A newsfeed for the segment that the contact is in."""
        return self.post("/manage/v1/newsfeeds", {"name": self.new_name(), "segment_ids": [self.segment_id]})

    @cached_property
    def newsfeed_made(self) -> Json:
        """A newsfeed."""
        return self.newsfeed()

    @cached_property
    def news_made(self) -> Json:
        """A news item with a reaction to it."""
        made = self.news()
        path = f"/manage/v1/news_items/{made['id']}"
        self.call("PUT", f"{path}/reactions/{self.contact['id']}", json={"reaction": "😆"})
        return made

    def cancel_exports(self) -> None:
        """Let a new export begin."""
        for each in self.call("GET", "/manage/v1/exports")["data"]:
            if each["status"] in {"pending", "in_progress"}:
                self.call("POST", f"/export/cancel/{each['job_identifier']}")

    def export(self) -> str:
        """An export that waits for a worker; answers its id."""
        self.cancel_exports()
        body = {"created_at_after": AN_HOUR_AGO, "created_at_before": IN_YEARS}
        return str(self.post("/export/content/data", body)["job_identifier"])

    @cached_property
    def export_made(self) -> str:
        """A complete export, with a message in it."""
        self.message()
        made = self.export()
        type(self).write_export(self.workspace_id, made)
        return made

    def furnish(self) -> None:
        """Make one of everything now."""
        self.lead()
        self.archived()
        self.token()
        assert self.contact, "with its attribute, company, tag, subscription, event and owner"
        assert self.note_id
        assert self.segment_id
        assert self.company_segment_id
        assert self.team_id
        assert self.visitor_made
        assert self.delivery_id
        assert self.ticket_type_made
        assert self.ticket_made
        assert self.conversation_made
        assert self.article_made
        assert self.news_made
        assert self.export_made
        self.rule()
        self.call("PUT", f"/admins/{self.second_admin}/away", json=AWAY)


AWAY = {"away_mode_enabled": True, "away_mode_reassign": True}
AN_HOUR_AGO = int(time.time()) - 3600
IN_YEARS = 4_070_908_800
