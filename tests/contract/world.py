"""What tests put into a workspace, through the API and the management API alone."""

import secrets
import time
from typing import Any

import httpx

from tests.waiting import wait_for

Json = dict[str, Any]


class World:
    """Makes things in one workspace; each method answers what the server answered."""

    def __init__(self, api: httpx.Client) -> None:
        self.api = api

    def call(self, method: str, path: str, **request: Any) -> Any:
        """A request that must succeed; its JSON, or None where the body is empty."""
        answer = self.api.request(method, path, **request)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def post(self, path: str, body: Json) -> Json:
        """A POST that must succeed."""
        made: Json = self.call("POST", path, json=body)
        return made

    def admin_id(self) -> str:
        """The admin that the token acts as."""
        return str(self.call("GET", "/me")["id"])

    def user(self, **values: Any) -> Json:
        """A user with an external id and an e-mail address of its own."""
        name = secrets.token_hex(6)
        return self.post(
            "/contacts", {"role": "user", "external_id": name, "email": f"{name}@example.com", "name": name, **values}
        )

    def lead(self, **values: Any) -> Json:
        """A lead."""
        return self.post("/contacts", {"role": "lead", **values})

    def company(self, **values: Any) -> Json:
        """A company with a company id of its own."""
        name = secrets.token_hex(6)
        return self.post("/companies", {"company_id": name, "name": f"Company {name}", **values})

    def employee(self) -> tuple[Json, Json]:
        """A user attached to a company."""
        user, company = self.user(), self.company()
        return user, self.post(f"/contacts/{user['id']}/companies", {"id": company["id"]})

    def tag(self, name: str = "") -> Json:
        """A tag."""
        return self.post("/tags", {"name": name or f"Tag {secrets.token_hex(6)}"})

    def tagged_user(self) -> tuple[Json, Json]:
        """A user with a tag, and the tag as it was applied."""
        user = self.user()
        return user, self.post(f"/contacts/{user['id']}/tags", {"id": self.tag()["id"]})

    def note(self, contact_id: str, body: str = "Hello") -> Json:
        """A note on a contact."""
        return self.post(f"/contacts/{contact_id}/notes", {"body": body, "admin_id": self.admin_id()})

    def attribute(self, **values: Any) -> Json:
        """A custom attribute of contacts."""
        name = f"attribute {secrets.token_hex(4)}"
        return self.post("/data_attributes", {"name": name, "model": "contact", "data_type": "string", **values})

    def event(self, contact: Json, name: str = "ordered", **values: Any) -> None:
        """Something that a contact did just now."""
        body = {"event_name": name, "created_at": int(time.time()), "id": contact["id"], **values}
        self.call("POST", "/events", json=body)

    def segment(self, predicate: Json, name: str = "Segment", person_type: str = "user") -> Json:
        """A segment of those whom a query of the search language finds."""
        body = {"name": name, "person_type": person_type, "predicate": predicate}
        return self.post("/manage/v1/segments", body)

    def segment_of(self, user: Json) -> Json:
        """A segment in which this user is alone."""
        return self.segment({"field": "external_id", "operator": "=", "value": user["external_id"]})

    def wait_for_members(self, segment_id: str) -> None:
        """Until the worker has found who is in a segment."""
        wait_for(lambda: self._managed_segment(segment_id)["computed_at"] is not None)

    def _managed_segment(self, segment_id: str) -> Json:
        segments = self.call("GET", "/manage/v1/segments")["data"]
        found: Json = next(each for each in segments if each["id"] == segment_id)
        return found

    def subscription_type(self, consent_type: str = "opt_out") -> Json:
        """A live subscription type."""
        translation = {"name": "Newsletter", "description": "Once a month", "locale": "en"}
        return self.post(
            "/manage/v1/subscription_types",
            {
                "state": "live",
                "consent_type": consent_type,
                "default_translation": translation,
                "translations": [translation],
                "content_types": ["email" if consent_type == "opt_out" else "sms_message"],
            },
        )

    def subscriber(self) -> tuple[Json, Json]:
        """A user who said no to a subscription type, and this type."""
        user, kind = self.user(), self.subscription_type()
        self.post(f"/contacts/{user['id']}/subscriptions", {"id": kind["id"], "consent_type": "opt_out"})
        return user, kind

    def newsfeed_id(self) -> int:
        """The newsfeed that every workspace begins with."""
        return int(self.call("GET", "/news/newsfeeds")["data"][0]["id"])

    def news(self, **values: Any) -> Json:
        """A news item of the token's admin, a draft unless it says otherwise."""
        return self.post("/news/news_items", {"title": "We have news", "sender_id": int(self.admin_id()), **values})

    def team(self) -> Json:
        """A team of one."""
        body = {"name": f"Team {secrets.token_hex(4)}", "members": [{"admin_id": self.admin_id()}]}
        return self.post("/manage/v1/teams", body)

    def collection(self, **values: Any) -> Json:
        """A collection of the default help center."""
        return self.post("/help_center/collections", {"name": f"Collection {secrets.token_hex(4)}", **values})

    def article(self, **values: Any) -> Json:
        """An article by the token's admin."""
        body = {"title": f"Article {secrets.token_hex(4)}", "author_id": self.admin_id(), **values}
        return self.post("/articles", body)

    def help_center_id(self) -> str:
        """The default help center."""
        return str(self.call("GET", "/help_center/help_centers")["data"][0]["id"])

    def speak(self, *locales: str) -> None:
        """Turn languages of the default help center on, the first as the default one."""
        body = {"default_locale": locales[0], "locales": locales}
        self.call("PUT", f"/manage/v1/help_centers/{self.help_center_id()}", json=body)

    def visitor(self) -> Json:
        """A visitor, as the messenger makes them."""
        return self.post("/manage/v1/visitors", {})
