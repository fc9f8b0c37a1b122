"""A valid request, or several, for each operation of the application.

A request is made from a tenant: what it names of others' things is different from tenant to tenant, and
nothing else is. So the places where two tenants' requests differ are the places that name something.
"""

import copy
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from callbox.app import API_ROUTES, MANAGE_ROUTES
from callbox.wire.description import plain_path
from callbox.wire.operations import Operation
from tests.channels.receiver import accepting_url
from tests.guards.tenants import AN_HOUR_AGO, AWAY, IN_YEARS, Tenant

Json = dict[str, Any]
_ONLY_ONCE = (
    "ada@example.com",
    "c-77",
    "Favourite bread",
    "Topic of talk",
    "foo@example.com",
    "grace@example.com",
    "second-help",
    "u-1042",
    "u-1043",
)
Place = tuple[str | int, ...]

OPERATIONS: dict[str, Operation] = {
    f"{operation.method} {plain_path(operation)}": operation
    for operation in (route.opt["operation"] for route in [*API_ROUTES, *MANAGE_ROUTES])
}


@dataclass
class Request:
    """The parts of a request that say what it is about."""

    path: Json = field(default_factory=dict)
    query: Json = field(default_factory=dict)
    body: Any = None

    def send(self, key: str, api: httpx.Client, **options: Any) -> httpx.Response:
        """Send it to an operation; `options` replace its parts."""
        method, _, template = key.partition(" ")
        given: Json = {"params": self.query, **options}
        if self.body is not None and "content" not in options:
            given.setdefault("json", self.body)
        return api.request(method, template.format(**self.path), **given)

    def renewed(self) -> "Request":
        """The same request with other keys of the customer's, where a workspace can have each only once."""
        request, mark = self, secrets.token_hex(4)
        for place, value in self.places():
            if value in _ONLY_ONCE:
                request = request.with_value(place, f"{mark} {value}" if " " in value else f"{mark}-{value}")
        return request

    def places(self) -> Iterator[tuple[Place, Any]]:
        """Every value in it, and where it stands."""
        for part in ("path", "query", "body"):
            yield from _leaves(getattr(self, part), (part,))

    def with_value(self, place: Place, value: Any) -> "Request":
        """The same request with another value in one place."""
        changed = copy.deepcopy(self)
        target: Any = getattr(changed, str(place[0]))
        for step in place[1:-1]:
            target = target[step]
        target[place[-1]] = value
        return changed


def _leaves(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*place, index))
    elif value is not None:
        yield place, value


REQUESTS: dict[str, Callable[[Tenant], list[Request]]] = {}


def requests_to(key: str) -> Callable[[Callable[[Tenant], Request | list[Request]]], None]:
    """Registers how a tenant asks for an operation; of several requests, the first is the fullest."""

    def register(make: Callable[[Tenant], Request | list[Request]]) -> None:
        def listed(tenant: Tenant) -> list[Request]:
            made = make(tenant)
            return made if isinstance(made, list) else [made]

        REQUESTS[key] = listed

    return register


def _about(key: str, **path: Callable[[Tenant], Any]) -> None:
    """Registers a request that is all in its path."""
    requests_to(key)(lambda tenant: Request({name: value(tenant) for name, value in path.items()}))


def _contact(tenant: Tenant) -> str:
    return str(tenant.contact["id"])


def _company(tenant: Tenant) -> str:
    return str(tenant.company_made["id"])


# Admins, teams

_about("GET /me")
_about("GET /admins")
_about("GET /admins/{admin_id}", admin_id=lambda tenant: tenant.second_admin)
_about("GET /teams")
_about("GET /teams/{team_id}", team_id=lambda tenant: tenant.team_id)
_about("DELETE /manage/v1/admins/{admin_id}", admin_id=lambda tenant: tenant.admin()["id"])
_about("DELETE /manage/v1/teams/{team_id}", team_id=lambda tenant: tenant.team()["id"])


@requests_to("PUT /admins/{admin_id}/away")
def _(tenant: Tenant) -> Request:
    return Request({"admin_id": tenant.second_admin}, body=AWAY)


@requests_to("GET /admins/activity_logs")
def _(_: Tenant) -> Request:
    return Request(query={"created_at_after": AN_HOUR_AGO})


@requests_to("POST /manage/v1/admins")
def _(_: Tenant) -> Request:
    body = {
        "email": "ada@example.com",
        "name": "Ada Example",
        "job_title": "Support",
        "avatar": "https://example.com/a.png",
        "has_inbox_seat": True,
    }
    return Request(body=body)


@requests_to("PUT /manage/v1/admins/{admin_id}")
def _(tenant: Tenant) -> Request:
    return Request({"admin_id": tenant.second_admin}, body={"name": "Grace Example", "job_title": "Support lead"})


@requests_to("POST /manage/v1/teams")
def _(tenant: Tenant) -> Request:
    return Request(body={"name": "Billing", "members": [{"admin_id": tenant.second_admin, "priority": "primary"}]})


@requests_to("PUT /manage/v1/teams/{team_id}")
def _(tenant: Tenant) -> Request:
    body = {"name": "Refunds", "members": [{"admin_id": tenant.second_admin, "priority": "secondary"}]}
    return Request({"team_id": tenant.team()["id"]}, body=body)


# Companies

_about("GET /companies/{company_id}", company_id=_company)
_about("DELETE /companies/{company_id}", company_id=lambda tenant: tenant.company()["id"])
_about("GET /companies/{company_id}/contacts", company_id=_company)
_about("GET /companies/{company_id}/segments", company_id=_company)
_about("GET /contacts/{contact_id}/companies", contact_id=_contact)

_COMPANY = {
    "name": "Example Ltd",
    "plan": "Growth",
    "size": 38,
    "website": "https://example.com",
    "industry": "Bakeries",
    "custom_attributes": {},
    "remote_created_at": 1_700_000_000,
    "monthly_spend": 490,
}


@requests_to("POST /companies")
def _(_: Tenant) -> Request:
    return Request(body={"company_id": "c-77", **_COMPANY})


@requests_to("GET /companies")
def _(tenant: Tenant) -> list[Request]:
    return [
        Request(query={"tag_id": tenant.tag_id}),
        Request(query={"segment_id": tenant.company_segment_id}),
        Request(query={"company_id": tenant.company_made["company_id"]}),
        Request(query={"name": tenant.company_made["name"]}),
        Request(),
    ]


@requests_to("PUT /companies/{company_id}")
def _(tenant: Tenant) -> Request:
    return Request({"company_id": tenant.company()["id"]}, body=_COMPANY)


@requests_to("POST /companies/list")
def _(_: Tenant) -> Request:
    return Request(query={"order": "asc"})


@requests_to("GET /companies/scroll")
def _(tenant: Tenant) -> Request:
    return Request(query={"scroll_param": tenant.scroll_param()})


@requests_to("POST /contacts/{contact_id}/companies")
def _(tenant: Tenant) -> Request:
    return Request({"contact_id": tenant.user()["id"]}, body={"id": tenant.company()["id"]})


@requests_to("DELETE /contacts/{contact_id}/companies/{company_id}")
def _(tenant: Tenant) -> Request:
    user, company = tenant.employee()
    return Request({"contact_id": user["id"], "company_id": company["id"]})


# Contacts

_about("GET /contacts/{contact_id}", contact_id=_contact)
_about("DELETE /contacts/{contact_id}", contact_id=lambda tenant: tenant.user()["id"])
_about("POST /contacts/{contact_id}/archive", contact_id=lambda tenant: tenant.user()["id"])
_about("POST /contacts/{contact_id}/unarchive", contact_id=lambda tenant: tenant.archived()["id"])

_PERSON = {
    "role": "user",
    "external_id": "u-1042",
    "email": "grace@example.com",
    "phone": "+353 1 234 5678",
    "name": "Grace Example",
    "avatar": "https://example.com/g.png",
    "signed_up_at": 1_700_000_000,
    "last_seen_at": 1_700_000_500,
    "unsubscribed_from_emails": True,
    "custom_attributes": {},
}


@requests_to("POST /contacts")
def _(tenant: Tenant) -> Request:
    return Request(body={**_PERSON, "owner_id": tenant.second_admin})


@requests_to("PUT /contacts/{contact_id}")
def _(tenant: Tenant) -> Request:
    body = {**_PERSON, "external_id": "u-1043", "owner_id": tenant.second_admin}
    return Request({"contact_id": tenant.user()["id"]}, body=body)


@requests_to("POST /contacts/merge")
def _(tenant: Tenant) -> Request:
    return Request(body={"from": tenant.lead()["id"], "into": tenant.user()["id"]})


_EVERYBODY = {"field": "created_at", "operator": ">", "value": 0}


@requests_to("POST /contacts/search")
def _(tenant: Tenant) -> list[Request]:
    cursor = tenant.search_cursor(_EVERYBODY)
    asked = {
        "id": tenant.contact["id"],
        "email": tenant.contact["email"],
        "external_id": tenant.contact["external_id"],
        "name": tenant.contact["name"],
        "owner_id": tenant.second_admin,
        "tag_id": tenant.tag_id,
        "segment_id": tenant.segment_id,
    }
    full = {
        "query": {"operator": "AND", "value": [{"field": "email", "operator": "=", "value": tenant.contact["email"]}]},
        "pagination": {"per_page": 5},
        "sort": {"field": "updated_at", "order": "ascending"},
    }
    return [
        Request(body=full),
        *(Request(body={"query": {"field": name, "operator": "=", "value": value}}) for name, value in asked.items()),
        Request(body={"query": {"field": f"custom_attributes.{tenant.attribute_name}", "operator": "!=", "value": ""}}),
        Request(body={"query": _EVERYBODY, "pagination": {"per_page": 1, "starting_after": cursor}}),
        Request(body={"query": _EVERYBODY}),
    ]


@requests_to("GET /contacts")
def _(tenant: Tenant) -> list[Request]:
    return [Request(query={"per_page": 1, "starting_after": tenant.list_cursor}), Request()]


# Data attributes and events


@requests_to("GET /data_attributes")
def _(_: Tenant) -> Request:
    return Request(query={"model": "contact", "include_archived": "true"})


@requests_to("POST /data_attributes")
def _(_: Tenant) -> Request:
    body = {
        "name": "Favourite bread",
        "model": "contact",
        "data_type": "string",
        "description": "What they buy",
        "options": [{"value": "rye"}, {"value": "spelt"}],
        "messenger_writable": True,
    }
    return Request(body=body)


@requests_to("PUT /data_attributes/{attribute_id}")
def _(tenant: Tenant) -> Request:
    attribute = tenant.attribute(name=tenant.new_name(), options=[{"value": "1"}, {"value": "2"}])
    body = {
        "archived": False,
        "description": "Another",
        "options": [{"value": "2"}, {"value": "3"}],
        "messenger_writable": True,
    }
    return Request({"attribute_id": attribute["id"]}, body=body)


_EVENT = {"event_name": "placed-order", "created_at": AN_HOUR_AGO, "metadata": {"number": 17}}
_SUMMARY = {"event_name": "placed-order", "count": 7, "first": 1_735_689_600, "last": 1_767_225_600}


@requests_to("POST /events")
def _(tenant: Tenant) -> list[Request]:
    return [
        Request(body={**_EVENT, "id": tenant.contact["id"]}),
        Request(body={**_EVENT, "user_id": tenant.contact["external_id"]}),
        Request(body={**_EVENT, "email": tenant.contact["email"]}),
    ]


@requests_to("GET /events")
def _(tenant: Tenant) -> list[Request]:
    return [
        Request(query={"type": "user", "intercom_user_id": tenant.contact["id"]}),
        Request(query={"type": "user", "user_id": tenant.contact["external_id"]}),
        Request(query={"type": "user", "email": tenant.contact["email"], "summary": "true"}),
    ]


@requests_to("POST /events/summaries")
def _(tenant: Tenant) -> list[Request]:
    return [
        Request(body={"user_id": tenant.contact["external_id"], "event_summaries": _SUMMARY}),
        Request(body={"user_id": tenant.contact["external_id"], "event_summaries": [_SUMMARY]}),
    ]


# Notes, segments, subscription types

_about("GET /contacts/{contact_id}/notes", contact_id=_contact)
_about("GET /notes/{note_id}", note_id=lambda tenant: tenant.note_id)
_about("GET /segments")
_about("GET /segments/{segment_id}", segment_id=lambda tenant: tenant.segment_id)
_about("GET /contacts/{contact_id}/segments", contact_id=_contact)
_about("GET /manage/v1/segments")
_about("POST /manage/v1/segments/{segment_id}/compute", segment_id=lambda tenant: tenant.segment_id)
_about("DELETE /manage/v1/segments/{segment_id}", segment_id=lambda tenant: tenant.segment(_EVERYBODY)["id"])
_about("GET /contacts/{contact_id}/subscriptions", contact_id=_contact)
_about("GET /subscription_types")

_TRANSLATION = {"name": "Newsletter", "description": "Once a month", "locale": "en"}


@requests_to("POST /contacts/{contact_id}/notes")
def _(tenant: Tenant) -> Request:
    return Request({"contact_id": tenant.user()["id"]}, body={"body": "Hello", "admin_id": tenant.second_admin})


@requests_to("POST /manage/v1/segments")
def _(_: Tenant) -> Request:
    return Request(body={"name": "Everybody", "person_type": "user", "predicate": _EVERYBODY})


@requests_to("PUT /manage/v1/segments/{segment_id}")
def _(tenant: Tenant) -> Request:
    return Request({"segment_id": tenant.segment(_EVERYBODY)["id"]}, body={"name": "All", "predicate": _EVERYBODY})


@requests_to("POST /contacts/{contact_id}/subscriptions")
def _(tenant: Tenant) -> Request:
    body = {"id": tenant.subscription_type()["id"], "consent_type": "opt_out"}
    return Request({"contact_id": tenant.user()["id"]}, body=body)


@requests_to("DELETE /contacts/{contact_id}/subscriptions/{subscription_id}")
def _(tenant: Tenant) -> Request:
    user, kind = tenant.subscriber()
    return Request({"contact_id": user["id"], "subscription_id": kind["id"]})


@requests_to("POST /manage/v1/subscription_types")
def _(_: Tenant) -> Request:
    body = {
        "consent_type": "opt_out",
        "content_types": ["email"],
        "default_translation": _TRANSLATION,
        "translations": [{**_TRANSLATION, "locale": "de"}],
        "state": "live",
    }
    return Request(body=body)


@requests_to("PUT /manage/v1/subscription_types/{subscription_id}")
def _(tenant: Tenant) -> Request:
    body = {
        "state": "archived",
        "content_types": ["sms_message"],
        "default_translation": _TRANSLATION,
        "translations": [{**_TRANSLATION, "locale": "fr"}],
    }
    return Request({"subscription_id": tenant.subscription_type()["id"]}, body=body)


# Tags

_about("GET /contacts/{contact_id}/tags", contact_id=_contact)
_about("GET /tags")
_about("GET /tags/{tag_id}", tag_id=lambda tenant: tenant.tag_id)
_about("DELETE /tags/{tag_id}", tag_id=lambda tenant: tenant.tag()["id"])


@requests_to("POST /contacts/{contact_id}/tags")
def _(tenant: Tenant) -> Request:
    return Request({"contact_id": tenant.user()["id"]}, body={"id": tenant.tag()["id"]})


@requests_to("DELETE /contacts/{contact_id}/tags/{tag_id}")
def _(tenant: Tenant) -> Request:
    user, tag = tenant.tagged_user()
    return Request({"contact_id": user["id"], "tag_id": tag["id"]})


@requests_to("POST /tags")
def _(tenant: Tenant) -> list[Request]:
    contact, company = tenant.contact, tenant.company_made
    targets = {
        "users": [{"id": contact["id"]}, {"user_id": contact["external_id"]}, {"email": contact["email"]}],
        "companies": [{"id": company["id"]}, {"company_id": company["company_id"]}],
    }
    return [
        Request(body={"name": "Beta", "users": [{"id": contact["id"], "untag": False}]}),
        *(Request(body={"name": "Beta", kind: [target]}) for kind, each in targets.items() for target in each),
        *(
            Request(body={"name": "Beta", kind: [{**target, "untag": True}]})
            for kind, each in targets.items()
            for target in each
        ),
        Request(body={"name": "Gamma", "id": tenant.tag()["id"]}),
    ]


# Tickets, their types and attributes

_TITLE = {"_default_title_": "Two seats"}
_OPTIONS = [{"text": "Yes", "uuid": "22d6d1f4-1a19-41d0-94c2-e54031f78aca"}]

_about("GET /ticket_types")
_about("GET /ticket_types/{ticket_type_id}", ticket_type_id=lambda tenant: tenant.ticket_type_made["id"])
_about("GET /tickets/{ticket_id}", ticket_id=lambda tenant: tenant.ticket_made["id"])


@requests_to("POST /ticket_types")
def _(_: Tenant) -> Request:
    return Request(
        body={
            "name": "Bug",
            "description": "It is broken",
            "category": "Back-office",
            "icon": "🐞",
            "is_internal": True,
        }
    )


@requests_to("PUT /ticket_types/{ticket_type_id}")
def _(tenant: Tenant) -> Request:
    body = {
        "name": "Bug",
        "description": "It is broken",
        "category": "Tracker",
        "icon": "🐞",
        "archived": True,
        "is_internal": True,
    }
    return Request({"ticket_type_id": tenant.ticket_type()["id"]}, body=body)


_FIELD = {
    "name": "Priority",
    "description": "How soon",
    "required_to_create": True,
    "required_to_create_for_contacts": True,
    "visible_on_create": False,
    "visible_to_contacts": False,
    "multiline": True,
    "list_items": "Low,High",
    "allow_multiple_values": True,
}


@requests_to("POST /ticket_types/{ticket_type_id}/attributes")
def _(tenant: Tenant) -> Request:
    return Request({"ticket_type_id": tenant.ticket_type()["id"]}, body={**_FIELD, "data_type": "list"})


@requests_to("PUT /ticket_types/{ticket_type_id}/attributes/{attribute_id}")
def _(tenant: Tenant) -> Request:
    ticket_type_id = tenant.ticket_type()["id"]
    path = {"ticket_type_id": ticket_type_id, "attribute_id": tenant.ticket_field(ticket_type_id)["id"]}
    return Request(path, body={**_FIELD, "archived": True})


@requests_to("POST /tickets")
def _(tenant: Tenant) -> list[Request]:
    contact, body = tenant.contact, {"ticket_type_id": tenant.ticket_type_made["id"], "ticket_attributes": _TITLE}
    company_id = tenant.company_made["company_id"]
    return [
        Request(
            body={
                **body,
                "contacts": [{"id": contact["id"]}],
                "company_id": company_id,
                "created_at": AN_HOUR_AGO,
            }
        ),
        Request(body={**body, "contacts": [{"external_id": contact["external_id"]}]}),
        Request(body={**body, "contacts": [{"email": "ticket@example.com"}]}),
    ]


@requests_to("PUT /tickets/{ticket_id}")
def _(tenant: Tenant) -> list[Request]:
    path, by = {"ticket_id": tenant.ticket()["id"]}, {"admin_id": tenant.second_admin}
    body = {
        "ticket_attributes": _TITLE,
        "state": "in_progress",
        "open": True,
        "is_shared": True,
        "snoozed_until": 4_000_000_000,
        "assignment": {**by, "assignee_id": tenant.second_admin},
    }
    return [Request(path, body=body), Request(path, body={"assignment": {**by, "assignee_id": tenant.team_id}})]


@requests_to("POST /tickets/{ticket_id}/reply")
def _(tenant: Tenant) -> list[Request]:
    back_office, ticket = tenant.linked_ticket()
    note = {
        "message_type": "note",
        "type": "admin",
        "admin_id": tenant.second_admin,
        "body": "Hello",
        "created_at": AN_HOUR_AGO,
        "attachment_urls": ["https://example.com/a.png"],
        "attachment_files": [{"name": "a.txt", "content_type": "text/plain", "data": "YQ=="}],
        "cross_post": True,
    }
    comment = {"message_type": "comment", "type": "user", "body": "Hello"}
    identities = {
        "intercom_user_id": tenant.contact["id"],
        "user_id": tenant.contact["external_id"],
        "email": tenant.contact["email"],
    }
    quick = {"message_type": "quick_reply", "type": "admin", "admin_id": tenant.second_admin, "reply_options": _OPTIONS}
    return [
        Request({"ticket_id": back_office["id"]}, body=note),
        Request({"ticket_id": ticket["id"]}, body=quick),
        *(Request({"ticket_id": ticket["id"]}, body={**comment, key: value}) for key, value in identities.items()),
    ]


@requests_to("POST /tickets/search")
def _(tenant: Tenant) -> list[Request]:
    ticket = tenant.ticket_made
    asked = {
        "id": ticket["id"],
        "title": ticket["ticket_attributes"]["_default_title_"],
        "ticket_type_id": ticket["ticket_type"]["id"],
        "contact_ids": ticket["contacts"]["contacts"][0]["id"],
        "teammate_ids": tenant.second_admin,
        "admin_assignee_id": tenant.second_admin,
        "team_assignee_id": tenant.team_id,
    }
    attribute_id = tenant.ticket_type_made["ticket_type_attributes"]["data"][-1]["id"]
    full = {
        "query": {"operator": "AND", "value": [{"field": "id", "operator": "=", "value": ticket["id"]}]},
        "pagination": {"per_page": 5},
        "sort": {"field": "updated_at", "order": "ascending"},
    }
    everything = {"field": "created_at", "operator": ">", "value": 0}
    return [
        Request(body=full),
        *(Request(body={"query": {"field": name, "operator": "=", "value": value}}) for name, value in asked.items()),
        Request(body={"query": {"field": f"ticket_attribute.{attribute_id}", "operator": "=", "value": "a"}}),
        Request(body={"query": everything}),
    ]


@requests_to("POST /tickets/{ticket_id}/tags")
def _(tenant: Tenant) -> Request:
    body = {"id": tenant.tag()["id"], "admin_id": tenant.second_admin}
    return Request({"ticket_id": tenant.ticket()["id"]}, body=body)


@requests_to("DELETE /tickets/{ticket_id}/tags/{tag_id}")
def _(tenant: Tenant) -> Request:
    ticket, tag = tenant.tagged_ticket()
    return Request({"ticket_id": ticket["id"], "tag_id": tag["id"]}, body={"admin_id": tenant.second_admin})


@requests_to("POST /conversations/{conversation_id}/convert")
def _(tenant: Tenant) -> Request:
    body = {"ticket_type_id": tenant.ticket_type_made["id"], "attributes": _TITLE}
    return Request({"conversation_id": tenant.conversation()}, body=body)


@requests_to("POST /manage/v1/tickets/{ticket_id}/links")
def _(tenant: Tenant) -> Request:
    return Request({"ticket_id": tenant.ticket("Back-office")["id"]}, body={"id": tenant.ticket()["id"]})


@requests_to("DELETE /manage/v1/tickets/{ticket_id}/links/{linked_id}")
def _(tenant: Tenant) -> Request:
    ticket, linked = tenant.linked_ticket()
    return Request({"ticket_id": ticket["id"], "linked_id": linked["id"]})


# Conversations


def _conversation(tenant: Tenant) -> str:
    return str(tenant.conversation_made["id"])


_about("GET /conversations/{conversation_id}", conversation_id=_conversation)
_about("POST /conversations/{conversation_id}/run_assignment_rules", conversation_id=Tenant.conversation)
_about("GET /manage/v1/rating_settings")
_about("POST /manage/v1/conversations/{conversation_id}/rating/request", conversation_id=Tenant.conversation)
_about("DELETE /manage/v1/conversations/{conversation_id}/sla", conversation_id=Tenant.conversation)


@requests_to("GET /conversations")
def _(_: Tenant) -> Request:
    return Request(query={"per_page": 5})


@requests_to("POST /conversations")
def _(tenant: Tenant) -> list[Request]:
    contact = tenant.contact
    named = {"id": contact["id"], "user_id": contact["external_id"], "email": contact["email"]}
    more = {
        "subject": "Seats",
        "created_at": AN_HOUR_AGO,
        "attachment_urls": ["https://example.com/a.png"],
        "referer": "https://example.com/pricing",
    }
    return [
        Request(body={"from": {"type": "user", "id": contact["id"]}, "body": "Two seats", **more}),
        *(Request(body={"from": {"type": "contact", key: value}, "body": "Two"}) for key, value in named.items()),
        Request(body={"from": {"type": "contact", "user_id": tenant.visitor()["user_id"]}, "body": "Two seats"}),
    ]


@requests_to("PUT /conversations/{conversation_id}")
def _(tenant: Tenant) -> Request:
    body = {"read": True, "title": "Seats", "custom_attributes": {}}
    return Request({"conversation_id": tenant.conversation()}, body=body)


@requests_to("POST /conversations/search")
def _(tenant: Tenant) -> list[Request]:
    made = tenant.conversation_made
    asked = {
        "id": made["id"],
        "source.id": made["source"]["id"],
        "source.body": tenant.mark,
        "source.author.id": tenant.contact["id"],
        "source.author.email": tenant.contact["email"],
        "contact_ids": tenant.contact["id"],
        "teammate_ids": tenant.second_admin,
        "tag_ids": made["tags"]["tags"][0]["id"],
        "admin_assignee_id": made["admin_assignee_id"],
        "team_assignee_id": made["team_assignee_id"],
        f"custom_attributes.{tenant.conversation_attribute}": tenant.mark,
        "conversation_rating.remark": tenant.mark,
        "conversation_rating.contact_id": tenant.contact["id"],
    }
    full = {
        "query": {"operator": "AND", "value": [{"field": "id", "operator": "=", "value": made["id"]}]},
        "pagination": {"per_page": 5},
        "sort": {"field": "updated_at", "order": "ascending"},
    }
    return [
        Request(body=full),
        *(Request(body={"query": {"field": name, "operator": "=", "value": value}}) for name, value in asked.items()),
        Request(body={"query": _EVERYBODY}),
    ]


@requests_to("POST /conversations/{conversation_id}/reply")
def _(tenant: Tenant) -> list[Request]:
    path, contact = {"conversation_id": tenant.conversation()}, tenant.contact
    by_admin = {"type": "admin", "admin_id": tenant.second_admin, "body": "Hello"}
    more = {
        "created_at": AN_HOUR_AGO,
        "attachment_urls": ["https://example.com/a.png"],
        "attachment_files": [{"name": "a.txt", "content_type": "text/plain", "data": "YQ=="}],
    }
    by_contact = {"type": "user", "message_type": "comment", "body": "Hello"}
    named = {"intercom_user_id": contact["id"], "user_id": contact["external_id"], "email": contact["email"]}
    quick = {"message_type": "quick_reply", "reply_options": _OPTIONS}
    return [
        Request(path, body={**by_admin, **more, "message_type": "comment"}),
        Request(path, body={**by_admin, "message_type": "note"}),
        Request(path, body={**by_admin, **quick}),
        *(Request(path, body={**by_contact, key: value}) for key, value in named.items()),
    ]


@requests_to("POST /conversations/{conversation_id}/parts")
def _(tenant: Tenant) -> list[Request]:
    path, by = {"conversation_id": tenant.conversation()}, {"admin_id": tenant.second_admin}
    assignment = {**by, "message_type": "assignment", "body": "Yours"}
    return [
        Request(path, body={**assignment, "type": "admin", "assignee_id": tenant.second_admin}),
        Request(path, body={**assignment, "type": "team", "assignee_id": tenant.team_id}),
        Request(path, body={**by, "message_type": "snoozed", "snoozed_until": 4_000_000_000}),
        Request(path, body={**by, "message_type": "open"}),
        Request(path, body={**by, "message_type": "close", "type": "admin", "body": "Bye"}),
    ]


@requests_to("POST /conversations/{conversation_id}/customers")
def _(tenant: Tenant) -> list[Request]:
    path, by = {"conversation_id": tenant.conversation()}, {"admin_id": tenant.second_admin}
    user = tenant.user()
    named = {"intercom_user_id": user["id"], "user_id": user["external_id"]}
    host = {"intercom_user_id": tenant.contact["id"]}
    return [
        *(Request(path, body={**by, "customer": {key: value}}) for key, value in named.items()),
        Request(path, body={"customer": {"intercom_user_id": tenant.user()["id"], "customer": host}}),
        Request(path, body={**by, "customer": {"email": "joins@example.com"}}),
    ]


@requests_to("DELETE /conversations/{conversation_id}/customers/{contact_id}")
def _(tenant: Tenant) -> Request:
    conversation_id, contact_id = tenant.group()
    path = {"conversation_id": conversation_id, "contact_id": contact_id}
    return Request(path, body={"admin_id": tenant.second_admin})


@requests_to("POST /conversations/redact")
def _(tenant: Tenant) -> list[Request]:
    conversation = tenant.call("GET", f"/conversations/{tenant.conversation()}")
    spoken = tenant.spoken_in(conversation["id"])
    of_part = {"type": "conversation_part", "conversation_id": conversation["id"], "conversation_part_id": spoken}
    of_source = {"type": "source", "conversation_id": conversation["id"], "source_id": conversation["source"]["id"]}
    return [Request(body=of_part), Request(body=of_source)]


@requests_to("POST /conversations/{conversation_id}/tags")
def _(tenant: Tenant) -> Request:
    body = {"id": tenant.tag()["id"], "admin_id": tenant.second_admin}
    return Request({"conversation_id": tenant.conversation()}, body=body)


@requests_to("DELETE /conversations/{conversation_id}/tags/{tag_id}")
def _(tenant: Tenant) -> Request:
    conversation_id, tag_id = tenant.tagged_conversation()
    path = {"conversation_id": conversation_id, "tag_id": tag_id}
    return Request(path, body={"admin_id": tenant.second_admin})


@requests_to("POST /manage/v1/data_attributes")
def _(_: Tenant) -> Request:
    body = {
        "name": "Topic of talk",
        "model": "conversation",
        "data_type": "string",
        "description": "What it is about",
        "options": [{"value": "Billing"}, {"value": "Delivery"}],
        "messenger_writable": True,
    }
    return Request(body=body)


@requests_to("PUT /manage/v1/rating_settings")
def _(_: Tenant) -> Request:
    return Request(body={"asks_users": True, "asks_leads": True, "asks_about_outbound": True, "hours_to_rate": 72})


@requests_to("PUT /manage/v1/conversations/{conversation_id}/rating")
def _(tenant: Tenant) -> Request:
    body = {"rating": 5, "remark": "Quick", "contact_id": tenant.contact["id"]}
    return Request({"conversation_id": tenant.conversation_to_rate()}, body=body)


# Assignment

_about("GET /manage/v1/assignment_rules")
_about("GET /manage/v1/sla_rules")
_about("GET /manage/v1/teams/{team_id}/assignment", team_id=lambda tenant: tenant.team_id)
_about("GET /manage/v1/admins/{admin_id}/assignment", admin_id=lambda tenant: tenant.second_admin)

_ABOUT = {
    "name": "Invoices",
    "conversation": {"field": "source.body", "operator": "~", "value": "invoice"},
    "contact": {"field": "role", "operator": "=", "value": "user"},
}


@requests_to("PUT /manage/v1/assignment_rules")
def _(tenant: Tenant) -> list[Request]:
    def ruled(kind: str, id_: str) -> Request:
        return Request(body={"rules": [{**_ABOUT, "assign_to": {"type": kind, "id": id_}}]})

    return [ruled("admin", tenant.second_admin), ruled("team", tenant.team_id)]


@requests_to("PUT /manage/v1/sla_rules")
def _(_: Tenant) -> Request:
    targets = {"first_reply": 1800, "next_reply": 3600, "close": 86400}
    hours = [{"weekday": 0, "opens": 540, "closes": 1020}]
    return Request(body={"rules": [{**_ABOUT, **targets, "office_hours": hours}]})


@requests_to("PUT /manage/v1/teams/{team_id}/assignment")
def _(tenant: Tenant) -> Request:
    return Request({"team_id": tenant.team()["id"]}, body={"method": "balanced", "max_open_conversations": 20})


@requests_to("PUT /manage/v1/admins/{admin_id}/assignment")
def _(tenant: Tenant) -> Request:
    return Request({"admin_id": tenant.second_admin}, body={"max_open_conversations": 20})


# Visitors

_about("GET /visitors/{visitor_id}", visitor_id=lambda tenant: tenant.visitor_made["id"])
_about("DELETE /visitors/{visitor_id}", visitor_id=lambda tenant: tenant.visitor()["id"])


@requests_to("PUT /visitors")
def _(tenant: Tenant) -> list[Request]:
    visitor = tenant.visitor()
    return [
        Request(body={"id": visitor["id"], "name": "Gareth", "custom_attributes": {}}),
        Request(body={"user_id": visitor["user_id"], "name": "Gareth"}),
        Request(query={"user_id": visitor["user_id"]}, body={"name": "Gareth"}),
    ]


@requests_to("GET /visitors")
def _(tenant: Tenant) -> Request:
    return Request(query={"user_id": tenant.visitor_made["user_id"]})


@requests_to("POST /visitors/convert")
def _(tenant: Tenant) -> list[Request]:
    return [
        Request(
            body={
                "type": "user",
                "visitor": {"user_id": tenant.visitor()["user_id"]},
                "user": {"email": "foo@example.com"},
            }
        ),
        Request(body={"type": "lead", "visitor": {"id": tenant.visitor()["id"]}}),
        Request(body={"type": "lead", "visitor": {"email": tenant.visitor()["email"]}}),
        Request(
            body={
                "type": "user",
                "visitor": {"user_id": tenant.visitor()["user_id"]},
                "user": {"id": tenant.user()["id"]},
            }
        ),
    ]


@requests_to("POST /manage/v1/visitors")
def _(_: Tenant) -> Request:
    body = {
        "name": "Curious",
        "email": "curious@example.com",
        "phone": "+353 1 234 5678",
        "avatar": "https://example.com/c.png",
        "country": "Ireland",
        "region": "Leinster",
        "city": "Dublin",
        "custom_attributes": {},
        "referrer": "https://example.com/pricing",
        "utm_campaign": "spring",
        "utm_content": "banner",
        "utm_medium": "web",
        "utm_source": "newsletter",
        "utm_term": "bread",
    }
    return Request(body=body)


# Messages and Switch


@requests_to("POST /messages")
def _(tenant: Tenant) -> list[Request]:
    sender, user = {"type": "admin", "id": tenant.second_admin}, tenant.user()
    answered = {"create_conversation_without_contact_reply": True, "created_at": AN_HOUR_AGO}
    email = {"message_type": "email", "subject": "Your new roster", "template": "plain"}
    return [
        Request(body={"from": sender, "to": {"type": "user", "id": user["id"]}, "body": "Ready", **answered}),
        Request(body={"from": sender, "to": {"user_id": user["external_id"]}, "body": "Ready", **email}),
        Request(body={"from": sender, "to": {"email": user["email"]}, "body": "Ready"}),
        Request(body={"from": {"type": "user", "id": user["id"]}, "body": "Hello", "referer": "https://example.com/a"}),
    ]


_about("GET /manage/v1/messages")


@requests_to("POST /manage/v1/messages/{message_id}/answer")
def _(tenant: Tenant) -> Request:
    return Request({"message_id": tenant.message()["id"]}, body={"body": "Thank you"})


# E-mail

_about("GET /manage/v1/email_settings")
_about("GET /manage/v1/outbox/{email_id}", email_id=lambda tenant: tenant.mail_sent())


@requests_to("PUT /manage/v1/email_settings")
def _(_: Tenant) -> Request:
    # Without addresses: of these, no two workspaces can have the same.
    body = {"sender_name": "Help", "inbound_domain": "mail.example.com", "signature": "<p>Yours</p>"}
    return Request(body=body)


@requests_to("GET /manage/v1/outbox")
def _(tenant: Tenant) -> Request:
    return Request(query={"contact_id": tenant.contact["id"], "state": "stored", "per_page": "10"})


_about("GET /manage/v1/inbound_emails")


@requests_to("POST /manage/v1/inbound_emails")
def _(tenant: Tenant) -> Request:
    return Request(body=tenant.mail())


@requests_to("GET /manage/v1/inbound_emails/{email_id}")
def _(tenant: Tenant) -> Request:
    return Request({"email_id": tenant.mail_taken_in()})


@requests_to("POST /manage/v1/inbound_emails/{email_id}/retry")
def _(tenant: Tenant) -> Request:
    return Request({"email_id": tenant.mail_taken_in()})


@requests_to("POST /phone_call_redirects")
def _(_: Tenant) -> Request:
    return Request(body={"phone": "+353832345678", "custom_attributes": {}})


# Articles

_about("GET /articles")
_about("GET /articles/{article_id}", article_id=lambda tenant: tenant.article_made["id"])
_about("DELETE /articles/{article_id}", article_id=lambda tenant: tenant.article()["id"])
_about("POST /manage/v1/articles/{article_id}/views", article_id=lambda tenant: tenant.article_made["id"])

_BODY = "<h2>How</h2><p>Like <b>this</b></p>"


def _in_german(tenant: Tenant) -> Json:
    content = {"title": "Danke", "description": "Wofür", "body": _BODY, "author_id": tenant.second_admin}
    return {"type": "article_translated_content", "de": {**content, "state": "draft"}}


@requests_to("POST /articles")
def _(tenant: Tenant) -> list[Request]:
    written = {"title": "Thanks for everything", "description": "For what", "body": _BODY, "state": "published"}
    by = {"author_id": tenant.second_admin}
    parent = {"parent_id": tenant.collection_made["id"], "parent_type": "collection"}
    return [
        Request(body={**written, **by, **parent, "translated_content": _in_german(tenant)}),
        Request(body={"translated_content": {"en": {"title": "Thanks", **by}}}),
    ]


@requests_to("PUT /articles/{article_id}")
def _(tenant: Tenant) -> list[Request]:
    path = {"article_id": tenant.article()["id"]}
    written = {"title": "Christmas is here!", "description": "At last", "body": _BODY, "state": "published"}
    parent = {"parent_id": tenant.collection_made["id"], "parent_type": "collection"}
    by = {"author_id": tenant.second_admin, "translated_content": _in_german(tenant)}
    return [Request(path, body={**written, **parent, **by}), Request(path, body={"parent_id": None})]


@requests_to("GET /articles/search")
def _(tenant: Tenant) -> list[Request]:
    assert tenant.article_made
    return [
        Request(query={"phrase": tenant.mark, "highlight": "true"}),
        Request(query={"help_center_id": tenant.center_id, "state": "published"}),
    ]


@requests_to("POST /manage/v1/articles/{article_id}/reactions")
def _(tenant: Tenant) -> Request:
    return Request({"article_id": tenant.article_made["id"]}, body={"person_id": "somebody", "reaction": "sad"})


@requests_to("POST /manage/v1/articles/{article_id}/conversations")
def _(tenant: Tenant) -> Request:
    return Request({"article_id": tenant.article_made["id"]}, body={"conversation_id": tenant.conversation()})


# Help Center

_about("GET /help_center/collections")
_about("GET /help_center/collections/{collection_id}", collection_id=lambda tenant: tenant.collection_made["id"])
_about("DELETE /help_center/collections/{collection_id}", collection_id=lambda tenant: tenant.collection()["id"])
_about("GET /help_center/help_centers")
_about("GET /help_center/help_centers/{help_center_id}", help_center_id=lambda tenant: tenant.center_id)
_about("GET /manage/v1/help_centers/{help_center_id}", help_center_id=lambda tenant: tenant.center_id)

_GROUP_IN_GERMAN = {"type": "group_translated_content", "de": {"name": "Danke", "description": "Wofür"}}


@requests_to("POST /help_center/collections")
def _(tenant: Tenant) -> list[Request]:
    named = {"name": "Thanks for everything", "description": "For what", "translated_content": _GROUP_IN_GERMAN}
    return [
        Request(body={**named, "help_center_id": tenant.center_id, "parent_id": tenant.collection_made["id"]}),
        Request(body={"name": "Alone"}),
    ]


@requests_to("PUT /help_center/collections/{collection_id}")
def _(tenant: Tenant) -> Request:
    named = {"name": "Update collection name", "description": "New", "translated_content": _GROUP_IN_GERMAN}
    body = {**named, "parent_id": tenant.collection_made["id"]}
    return Request({"collection_id": tenant.collection()["id"]}, body=body)


@requests_to("PUT /manage/v1/collections/{collection_id}")
def _(tenant: Tenant) -> Request:
    return Request({"collection_id": tenant.collection()["id"]}, body={"icon": "bookmark", "order": 1})


@requests_to("POST /manage/v1/help_centers")
def _(_: Tenant) -> Request:
    body = {"identifier": "second-help", "display_name": "Second Help", "website_turned_on": True}
    return Request(body={**body, "custom_domain": None, "default_locale": "de", "locales": ["de", "en"]})


@requests_to("PUT /manage/v1/help_centers/{help_center_id}")
def _(tenant: Tenant) -> Request:
    center = tenant.call("GET", f"/manage/v1/help_centers/{tenant.center_id}")
    body = {"display_name": "Help", "website_turned_on": True, "custom_domain": None}
    return Request({"help_center_id": center["id"]}, body={**body, "default_locale": "en", "locales": ["en", "de"]})


# News

_about("GET /news/news_items")
_about("GET /news/news_items/{news_item_id}", news_item_id=lambda tenant: tenant.news_made["id"])
_about("DELETE /news/news_items/{news_item_id}", news_item_id=lambda tenant: tenant.news()["id"])
_about("GET /news/newsfeeds")
_about("GET /news/newsfeeds/{newsfeed_id}", newsfeed_id=lambda tenant: tenant.newsfeed_made["id"])
_about("GET /news/newsfeeds/{newsfeed_id}/items", newsfeed_id=lambda tenant: tenant.newsfeed_made["id"])
_about("GET /manage/v1/news_items/{news_item_id}", news_item_id=lambda tenant: tenant.news_made["id"])
_about("GET /manage/v1/newsfeeds")
_about("DELETE /manage/v1/newsfeeds/{newsfeed_id}", newsfeed_id=lambda tenant: tenant.newsfeed()["id"])
_about("GET /manage/v1/contacts/{contact_id}/news", contact_id=_contact)


def _news(tenant: Tenant) -> Json:
    assignment = {"newsfeed_id": int(tenant.newsfeed_made["id"]), "published_at": AN_HOUR_AGO}
    return {
        "title": "Halloween is here!",
        "body": _BODY,
        "sender_id": tenant.second_admin,
        "state": "live",
        "deliver_silently": True,
        "labels": ["Product"],
        "reactions": ["😆", "😅"],
        "newsfeed_assignments": [assignment],
    }


@requests_to("POST /news/news_items")
def _(tenant: Tenant) -> Request:
    return Request(body=_news(tenant))


@requests_to("PUT /news/news_items/{news_item_id}")
def _(tenant: Tenant) -> Request:
    return Request({"news_item_id": tenant.news()["id"]}, body=_news(tenant))


@requests_to("PUT /manage/v1/news_items/{news_item_id}")
def _(tenant: Tenant) -> Request:
    body = {"cover_image_url": "https://example.com/cover.png", "publish_at": IN_YEARS}
    return Request({"news_item_id": tenant.news(state="draft")["id"]}, body=body)


@requests_to("PUT /manage/v1/news_items/{news_item_id}/reactions/{contact_id}")
def _(tenant: Tenant) -> Request:
    path = {"news_item_id": tenant.news_made["id"], "contact_id": tenant.contact["id"]}
    return Request(path, body={"reaction": "😅"})


@requests_to("POST /manage/v1/newsfeeds")
def _(tenant: Tenant) -> Request:
    return Request(body={"name": "Customers", "roles": ["user"], "segment_ids": [tenant.segment_id]})


@requests_to("PUT /manage/v1/newsfeeds/{newsfeed_id}")
def _(tenant: Tenant) -> Request:
    body = {"name": "Everybody", "roles": ["user", "lead"], "segment_ids": [tenant.segment_id]}
    return Request({"newsfeed_id": tenant.newsfeed()["id"]}, body=body)


# Data Export

_about("GET /manage/v1/exports")
_about("GET /export/content/data/{job_identifier}", job_identifier=lambda tenant: tenant.export_made)
_about("GET /download/content/data/{job_identifier}", job_identifier=lambda tenant: tenant.export_made)
_about("POST /export/cancel/{job_identifier}", job_identifier=lambda tenant: tenant.export())


@requests_to("POST /export/content/data")
def _(tenant: Tenant) -> Request:
    tenant.cancel_exports()
    return Request(body={"created_at_after": AN_HOUR_AGO, "created_at_before": IN_YEARS})


# Workspaces, clocks and tokens

_about("GET /manage/v1/workspace")
_about("GET /manage/v1/clock")
_about("GET /manage/v1/access_tokens")
_about("DELETE /manage/v1/access_tokens/{token_id}", token_id=lambda tenant: tenant.token()["id"])


@requests_to("POST /manage/v1/workspaces")
def _(_: Tenant) -> Request:
    return Request(body={"name": "Example Ltd", "timezone": "Europe/Dublin"})


@requests_to("PUT /manage/v1/workspace")
def _(_: Tenant) -> Request:
    return Request(body={"name": "Example Group", "timezone": "Europe/Dublin"})


@requests_to("PUT /manage/v1/clock")
def _(_: Tenant) -> Request:
    return Request(body={"now": None})


@requests_to("POST /manage/v1/access_tokens")
def _(_: Tenant) -> Request:
    return Request(body={"name": "Data warehouse", "scopes": ["api"]})


# Webhooks


def _webhook(tenant: Tenant) -> str:
    return str(tenant.webhook_made["id"])


_about("GET /manage/v1/webhooks")
_about("GET /manage/v1/webhooks/{webhook_id}", webhook_id=_webhook)
_about("DELETE /manage/v1/webhooks/{webhook_id}", webhook_id=lambda tenant: tenant.webhook()["id"])
_about("POST /manage/v1/webhooks/{webhook_id}/ping", webhook_id=_webhook)
_about("GET /manage/v1/webhooks/{webhook_id}/deliveries", webhook_id=_webhook)
_about(
    "GET /manage/v1/webhooks/{webhook_id}/deliveries/{delivery_id}",
    webhook_id=_webhook,
    delivery_id=lambda tenant: tenant.delivery_id,
)
_about(
    "POST /manage/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver",
    webhook_id=_webhook,
    delivery_id=lambda tenant: tenant.delivery_id,
)


@requests_to("POST /manage/v1/webhooks")
def _(_: Tenant) -> Request:
    return Request(body={"url": accepting_url(), "topics": ["ticket.created"], "secret": "a-secret-of-the-receivers"})


@requests_to("PUT /manage/v1/webhooks/{webhook_id}")
def _(tenant: Tenant) -> Request:
    body = {"url": accepting_url(), "topics": ["ticket.created"], "secret": "another-secret-of-ours", "state": "active"}
    return Request({"webhook_id": tenant.webhook_made["id"]}, body=body)


# Live updates

_about("GET /manage/v1/live/presence")


@requests_to("POST /manage/v1/live/tokens")
def _(tenant: Tenant) -> list[Request]:
    return [Request(body={"contact_id": _contact(tenant)}), Request(body={"admin_id": tenant.second_admin})]


@requests_to("POST /manage/v1/live/typing")
def _(tenant: Tenant) -> Request:
    return Request(body={"conversation_id": tenant.conversation_made["id"]})


# Text messages

_about("GET /manage/v1/text_messages")
