"""django-helpdesk under gunicorn, on the same PostgreSQL as Callbox and with as many tickets of as many messages.

Its REST API has no search by text; the search of its web pages is asked through the address that they ask.
"""

import asyncio
import base64
import os
import random
import secrets
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
import msgspec

from benchmarks.copying import Table, copy, filling
from benchmarks.inbox import texts
from benchmarks.inbox.stories import PARTS
from benchmarks.measuring import Call
from benchmarks.peers.installing import python_environment
from benchmarks.peers.works import CREATE, LIST, PER_PAGE, READ, REPLY, SEARCH, Peer, Way, get, post
from benchmarks.servers import free_port, program, wait_until_connectable

_SITE = Path(__file__).parent / "sites/helpdesk_site"
_REQUIREMENTS = _SITE / "requirements.txt"
_BEGAN_AT = datetime(2026, 1, 1, tzinfo=UTC)
_AGENT = """
from django.contrib.auth import get_user_model
from helpdesk.models import Queue
from rest_framework.authtoken.models import Token
agent = get_user_model().objects.create_superuser("agent", "agent@callbox.example", {password!r})
queue = Queue.objects.create(title="Support", slug="support")
print(agent.id, queue.id, Token.objects.create(user=agent).key)
"""
_TICKET_COLUMNS = (
    "id",
    "title",
    "created",
    "modified",
    "submitter_email",
    "status",
    "on_hold",
    "description",
    "priority",
    "assigned_to_id",
    "queue_id",
    "secret_key",
)
_FOLLOWUP_COLUMNS = ("id", "date", "title", "comment", "public", "ticket_id", "user_id")


def versions() -> str:
    """What is measured, from its requirements."""
    pinned = dict(line.split("==") for line in _REQUIREMENTS.read_text().split())
    return ", ".join(f"{name} {pinned[name]}" for name in ("django-helpdesk", "Django", "gunicorn", "psycopg"))


@contextmanager
def running_helpdesk(dsn: str, tickets: int, workers: int, threads: int) -> Iterator[Peer]:
    """It, filled, on a database of its own in the PostgreSQL of this URL."""
    programs = python_environment(_REQUIREMENTS)
    database = asyncio.run(_create_database(dsn))
    environment = {
        "HELPDESK_DATABASE_URL": database,
        "DJANGO_SETTINGS_MODULE": "helpdesk_site.settings",
        "PYTHONPATH": str(_SITE.parent),
    }
    password = secrets.token_urlsafe()
    django = [str(programs / "python"), "-m", "django"]
    _run([*django, "migrate", "-v", "0"], environment)
    _run([*django, "loaddata", "-v", "0", "emailtemplate.json"], environment)
    made = _run([*django, "shell", "-v", "0", "-c", _AGENT.format(password=password)], environment).split()
    agent_id, queue_id, token = int(made[0]), int(made[1]), made[2]
    asyncio.run(_fill(database, tickets, agent_id, queue_id))
    port = free_port()
    gunicorn = [str(programs / "gunicorn"), "--workers", str(workers), "--threads", str(threads)]
    address = ["--bind", f"127.0.0.1:{port}", "--no-control-socket", "--log-level", "warning"]
    with program([*gunicorn, *address, "helpdesk_site.wsgi"], environment) as process:
        wait_until_connectable(port)
        cookie = _log_in(port, password)
        yield Peer("django-helpdesk", port, process.pid, _ways(tickets, queue_id), token, cookie)


def _run(command: Sequence[str], environment: dict[str, str]) -> str:
    return subprocess.run(
        command, env={**os.environ, **environment}, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


async def _create_database(dsn: str) -> str:
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE DATABASE helpdesk")
    await connection.close()
    parts = urlsplit(dsn)
    return urlunsplit((parts.scheme, parts.netloc, "/helpdesk", parts.query, parts.fragment))


async def _fill(dsn: str, tickets: int, agent_id: int, queue_id: int) -> None:
    """Tickets with the same texts as Callbox's conversations have, and as many messages."""
    async with filling(dsn, ["helpdesk_ticket", "helpdesk_followup"]) as connection:
        rows = (_ticket(number, agent_id, queue_id) for number in range(tickets))
        await copy(connection, Table("helpdesk_ticket", _TICKET_COLUMNS, rows))
        followups = (_followup(number, place, agent_id) for number in range(tickets) for place in range(PARTS))
        await copy(connection, Table("helpdesk_followup", _FOLLOWUP_COLUMNS, followups))
        await connection.execute("SELECT setval('helpdesk_ticket_id_seq', $1)", tickets)
        await connection.execute("SELECT setval('helpdesk_followup_id_seq', $1)", tickets * PARTS)


def _ticket(number: int, agent_id: int, queue_id: int) -> tuple[Any, ...]:
    at = _BEGAN_AT + number * timedelta(minutes=5)
    title, description = texts.ticket_title(number), texts.question(number)
    email = f"contact.{number}@customer.example"
    return number + 1, title, at, at, email, 1 + number % 4, False, description, 3, agent_id, queue_id, f"key-{number}"


def _followup(number: int, place: int, agent_id: int) -> tuple[Any, ...]:
    by_agent = place % 2 == 0
    said = texts.said(texts.ANSWERS if by_agent else texts.THANKS, number + place)
    at = _BEGAN_AT + number * timedelta(minutes=5) + place * timedelta(minutes=50)
    return number * PARTS + place + 1, at, "Comment", said, True, number + 1, agent_id if by_agent else None


def _log_in(port: int, password: str) -> str:
    url = f"http://127.0.0.1:{port}/login/"
    with httpx.Client(headers={"Referer": url}) as browser:
        browser.get(url)
        form = {"username": "agent", "password": password, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        browser.post(url, data=form)
        return f"sessionid={browser.cookies['sessionid']}"


def _ways(tickets: int, queue_id: int) -> Sequence[Way]:
    chance = random.Random(17)

    def some() -> int:
        return chance.randint(1, tickets)

    def create(number: int) -> Call:
        return post(
            "/api/tickets/",
            queue=queue_id,
            title=texts.ticket_title(number),
            description=texts.question(number),
            submitter_email=f"new.{number}@customer.example",
            priority=3,
        )

    def reply(number: int) -> Call:
        said = texts.said(texts.ANSWERS, number)
        return post("/api/followups/", ticket=some(), title="Comment", comment=said, public=True)

    return [
        Way(READ, lambda _: get(f"/api/tickets/{some()}/"), "GET /api/tickets/{id}/"),
        Way(READ, lambda _: get(f"/tickets/{some()}/"), "GET /tickets/{id}/"),
        Way(LIST, lambda _: get(f"/api/tickets/?page_size={PER_PAGE}"), "GET /api/tickets/"),
        Way(LIST, lambda _: _table_of(""), "GET /datatables_ticket_list/…"),
        Way(SEARCH, lambda number: _table_of(texts.product(number)), "GET /datatables_ticket_list/…"),
        Way(REPLY, reply, "POST /api/followups/"),
        Way(CREATE, create, "POST /api/tickets/"),
    ]


def _table_of(text: str) -> Call:
    """The table on the page of tickets, newest first."""
    asked = {"search_string": text, "filtering": {}, "sorting": "created", "sortreverse": True}
    query = base64.b64encode(msgspec.json.encode(asked)).decode()
    return get(f"/datatables_ticket_list/{query}?draw=1&start=0&length={PER_PAGE}")
