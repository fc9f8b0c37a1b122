"""A workspace of realistic size, written by COPY: contacts with custom attributes, companies, tags, notes, events.

The same numbers give the same workspace at every run.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import msgspec

from benchmarks.copying import Table, copy, filling
from callbox.platform.database import Connection

FIRST_CONTACT_AT = datetime(2024, 1, 1, tzinfo=UTC)
_BETWEEN_CONTACTS = timedelta(seconds=50)
_COUNT_SHARDS = 32
TAGS = 20
_ADJECTIVES = ("Amber", "Brisk", "Clear", "Dusty", "Early", "Frosty", "Gentle", "Hollow", "Ivory", "Jolly", "Keen")
NOUNS = ("Anchor", "Birch", "Cedar", "Dune", "Ember", "Fjord", "Grove", "Harbour", "Inlet", "Juniper", "Kestrel")
_PLANS = ("free", "starter", "pro", "enterprise")
_BROWSERS = ("chrome", "firefox", "safari", "edge")
_COUNTRIES = ("Ireland", "Germany", "Japan", "Brazil", "Kenya", "Canada")

CONTACT_ATTRIBUTES = {
    "plan": "string",
    "shop": "string",
    "seats": "integer",
    "balance": "float",
    "on_trial": "boolean",
    "renews_at": "date",
}
COMPANY_ATTRIBUTES = {"tier": "string", "employees_in_eu": "integer"}
SEGMENTS: dict[str, dict[str, Any]] = {
    "Enterprise": {"field": "custom_attributes.plan", "operator": "=", "value": "enterprise"},
    "Slipping away": {"field": "last_seen_at", "operator": "<", "value": {"days_ago": 30}},
}


def created_at(number: int) -> datetime:
    """When the contact with this number, from 0, was created."""
    return FIRST_CONTACT_AT + number * _BETWEEN_CONTACTS


def contact_id(number: int) -> str:
    """The id of the contact with this number, from 0."""
    return f"{int(created_at(number).timestamp()):08x}00bec4{number:010x}"


def company_id(number: int) -> str:
    """The id of the company with this number, from 0."""
    return f"{int(FIRST_CONTACT_AT.timestamp()):08x}00c0de{number:010x}"


def email(number: int) -> str:
    """The e-mail address of the contact with this number."""
    return f"contact.{number}@customer{number % 5000}.example"


def external_id(number: int) -> str:
    """The customer's own id of the contact with this number."""
    return f"user-{number}"


def shop(number: int) -> str:
    """An attribute that ten of 100,000 contacts share."""
    return f"Shop {number % 10_000}"


def plan(number: int) -> str:
    """An attribute that a quarter of the contacts share."""
    return _PLANS[number // 10_000 % 4]


def is_lead(number: int) -> bool:
    """Whether the contact with this number is no user yet."""
    return number % 10 == 0


def define(api: httpx.Client) -> None:
    """Custom attributes and tags, through the API: 20 tags get the ids 1 to 20 of a new database."""
    for model, attributes in (("contact", CONTACT_ATTRIBUTES), ("company", COMPANY_ATTRIBUTES)):
        for name, data_type in attributes.items():
            _post(api, "/data_attributes", {"name": name, "model": model, "data_type": data_type})
    for number in range(1, TAGS + 1):
        _post(api, "/tags", {"name": f"Tag {number}"})


def define_segments(api: httpx.Client) -> None:
    """Segments, so that changes of contacts bring the worker what they bring it in life."""
    for name, predicate in SEGMENTS.items():
        _post(api, "/manage/v1/segments", {"name": name, "person_type": "user", "predicate": predicate})


def _post(api: httpx.Client, path: str, body: dict[str, Any]) -> None:
    answer = api.post(path, json=body)
    if answer.is_error:
        raise RuntimeError(f"{path}: {answer.text}")


async def load(dsn: str, workspace_id: str, contacts: int, companies: int) -> None:
    """Fill the workspace's tables."""
    attached = [number * 7919 % companies for number in range(contacts)]
    async with filling(dsn, _TABLES) as connection:
        admin_id = await connection.fetchval("SELECT min(id) FROM admins WHERE workspace_id = $1", workspace_id)
        type_id = await connection.fetchval(
            "SELECT min(id) FROM subscription_types WHERE workspace_id = $1 AND consent_type = 'opt_out'", workspace_id
        )
        for table in (
            Table("contacts", _CONTACT_COLUMNS, _contacts(workspace_id, contacts)),
            Table("companies", _COMPANY_COLUMNS, _companies(workspace_id, companies, attached)),
            Table("contact_companies", _ATTACHED_COLUMNS, _attachments(workspace_id, attached)),
            Table("contact_tags", _TAGGED_COLUMNS, _tagged(workspace_id, contacts, admin_id)),
            Table("notes", _NOTE_COLUMNS, _notes(workspace_id, contacts, admin_id)),
            Table("contact_subscriptions", _OPT_OUT_COLUMNS, _opt_outs(workspace_id, contacts, type_id)),
            Table("data_events", _EVENT_COLUMNS, _events(workspace_id, contacts)),
            Table("data_event_summaries", _SUMMARY_COLUMNS, _summaries(workspace_id, contacts)),
        ):
            await copy(connection, table)
        await _count(connection, workspace_id, contacts)


_TABLES = (
    "contacts",
    "companies",
    "contact_companies",
    "contact_tags",
    "notes",
    "contact_subscriptions",
    "data_events",
    "data_event_summaries",
)
_CONTACT_COLUMNS = (
    "workspace_id",
    "id",
    "role",
    "external_id",
    "email",
    "phone",
    "formatted_phone",
    "name",
    "created_at",
    "updated_at",
    "signed_up_at",
    "last_seen_at",
    "browser",
    "os",
    "location_country",
    "custom_attributes",
    "custom_attributes_folded",
)


def _contacts(workspace_id: str, count: int) -> Iterator[tuple[Any, ...]]:
    chance = random.Random(1)
    for number in range(count):
        began_at = created_at(number)
        seen_at = began_at + timedelta(hours=chance.randrange(2000))
        attributes = {
            "plan": plan(number),
            "shop": shop(number),
            "seats": chance.randrange(1, 500),
            "balance": chance.randrange(100_000) / 100,
            "on_trial": number % 9 == 0,
            "renews_at": int(began_at.timestamp()) + 31_536_000,
        }
        folded = {name: value.lower() if isinstance(value, str) else value for name, value in attributes.items()}
        digits = f"+353 1 {number:07d}"
        yield (
            workspace_id,
            contact_id(number),
            "lead" if is_lead(number) else "user",
            external_id(number),
            email(number),
            digits.replace(" ", "") if number % 3 == 0 else None,
            digits if number % 3 == 0 else None,
            f"{chance.choice(_ADJECTIVES)} {chance.choice(NOUNS)} {number % 1000}",
            began_at,
            seen_at,
            began_at,
            seen_at,
            chance.choice(_BROWSERS),
            "Linux",
            chance.choice(_COUNTRIES),
            msgspec.json.encode(attributes).decode(),
            msgspec.json.encode(folded).decode(),
        )


_COMPANY_COLUMNS = (
    "workspace_id",
    "id",
    "company_id",
    "name",
    "monthly_spend",
    "user_count",
    "size",
    "website",
    "industry",
    "remote_created_at",
    "created_at",
    "updated_at",
    "last_request_at",
    "custom_attributes",
    "custom_attributes_folded",
)


def _companies(workspace_id: str, count: int, attached: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    chance = random.Random(2)
    members = [0] * count
    for number in attached:
        members[number] += 1
    for number in range(count):
        seen_at = FIRST_CONTACT_AT + timedelta(hours=chance.randrange(15_000))
        attributes = msgspec.json.encode({"tier": f"tier {number % 5}", "employees_in_eu": number % 700}).decode()
        yield (
            workspace_id,
            company_id(number),
            f"company-{number}",
            f"{chance.choice(_ADJECTIVES)} {chance.choice(NOUNS)} Ltd {number}",
            chance.randrange(10_000),
            members[number],
            chance.randrange(1, 5000),
            f"https://customer{number}.example",
            "Retail",
            FIRST_CONTACT_AT,
            FIRST_CONTACT_AT,
            seen_at,
            seen_at,
            attributes,
            attributes,
        )


_ATTACHED_COLUMNS = ("workspace_id", "contact_id", "company_id", "attached_at")


def _attachments(workspace_id: str, attached: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    for number, company in enumerate(attached):
        yield workspace_id, contact_id(number), company_id(company), FIRST_CONTACT_AT


_TAGGED_COLUMNS = ("workspace_id", "contact_id", "tag_id", "applied_at", "applied_by_admin_id")


def _tagged(workspace_id: str, contacts: int, admin_id: int) -> Iterator[tuple[Any, ...]]:
    for number in range(contacts):
        for tag_id in {1 + number % TAGS, 1 + number // 7 % TAGS}:
            yield workspace_id, contact_id(number), tag_id, FIRST_CONTACT_AT, admin_id


_NOTE_COLUMNS = ("workspace_id", "contact_id", "author_admin_id", "body", "created_at")


def _notes(workspace_id: str, contacts: int, admin_id: int) -> Iterator[tuple[Any, ...]]:
    for number in range(0, contacts, 10):
        yield workspace_id, contact_id(number), admin_id, f"<p>Called about order {number}.</p>", FIRST_CONTACT_AT


_OPT_OUT_COLUMNS = ("workspace_id", "contact_id", "subscription_type_id", "consent_type", "created_at")


def _opt_outs(workspace_id: str, contacts: int, type_id: int) -> Iterator[tuple[Any, ...]]:
    for number in range(0, contacts, 20):
        yield workspace_id, contact_id(number), type_id, "opt_out", FIRST_CONTACT_AT


_EVENT_COLUMNS = ("workspace_id", "contact_id", "event_name", "created_at", "id", "metadata")


def _events(workspace_id: str, contacts: int) -> Iterator[tuple[Any, ...]]:
    for number in range(contacts):
        metadata = msgspec.json.encode({"order_number": f"A-{number}", "items": number % 9}).decode()
        yield workspace_id, contact_id(number), "placed-order", _ordered_at(number), UUID(int=number), metadata


_SUMMARY_COLUMNS = ("workspace_id", "contact_id", "event_name", "count", "first_at", "last_at")


def _summaries(workspace_id: str, contacts: int) -> Iterator[tuple[Any, ...]]:
    for number in range(contacts):
        yield workspace_id, contact_id(number), "placed-order", 1, _ordered_at(number), _ordered_at(number)


def _ordered_at(number: int) -> datetime:
    """Events are listed for 90 days, so they are the only thing here that is as old as the day of loading says."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=number % 60, seconds=number % 86_400)


async def _count(connection: Connection, workspace_id: str, contacts: int) -> None:
    """What creating contacts one by one would have counted, spread over the shards."""
    await connection.executemany(
        "INSERT INTO counts (workspace_id, kind, shard, n) VALUES ($1, 'contacts', $2, $3)",
        [
            (workspace_id, shard, contacts // _COUNT_SHARDS + (shard < contacts % _COUNT_SHARDS))
            for shard in range(_COUNT_SHARDS)
        ],
    )
