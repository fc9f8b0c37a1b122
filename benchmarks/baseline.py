"""The bare baseline: one ASGI function on the same server program, doing each operation's main SQL statement
and the same encoding, and nothing else: no routing, no authentication, no limits, no validation."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import msgspec
import uvicorn

from callbox.people.contacts import queries
from callbox.people.contacts.queries import CONTACT_COLUMNS, ContactRow
from callbox.people.contacts.schemas import (
    ContactList,
    CreateContactRequest,
    UpdateContactRequest,
    contact_from_row,
)
from callbox.platform import clock, ids
from callbox.wire.authentication import Caller

Answer = Callable[[bytes, str], Awaitable[bytes]]


async def _keep(_: object) -> None:
    """No reset round trip, as in Callbox."""
