"""What a process remembers of attributes: it may accept for seconds what another one has just forbidden, but
refuses nothing that is allowed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import msgspec
import pytest

from callbox.people.contacts.schemas import CreateContactRequest
from callbox.people.contacts.search import search_contacts
from callbox.people.contacts.service import create_contact
from callbox.people.data_attributes import values
from callbox.people.data_attributes.schemas import CreateDataAttributeRequest, UpdateDataAttributeRequest
from callbox.people.data_attributes.service import create_data_attribute, update_data_attribute
from callbox.wire.authentication import Caller
from callbox.wire.errors import ParameterInvalid
from callbox.wire.search import InvalidField
from tests.people.tools import inside

Elsewhere = Callable[[str], Awaitable[None]]


async def define(caller: Caller, name: str, options: list[str] | None = None) -> str:
    made = await create_data_attribute(
        caller, CreateDataAttributeRequest(name=name, model="contact", data_type="string", options=options)
    )
    return str(made.id)


async def write(caller: Caller, **attributes: Any) -> None:
    await create_contact(caller, CreateContactRequest(role="lead", custom_attributes=attributes))


async def search(caller: Caller, name: str) -> int:
    query = {"field": f"custom_attributes.{name}", "operator": "=", "value": "pro"}
    return (await search_contacts(caller, msgspec.json.encode({"query": query}))).total_count


def promised(database_url: str, promise: Callable[[Caller, Elsewhere], Awaitable[None]]) -> None:
    """Run inside a process, and hand it a way to change the database behind the back of its memory."""

    async def elsewhere(statement: str) -> None:
        connection = await asyncpg.connect(database_url)
        await connection.execute(statement)
        await connection.close()

    inside(database_url, lambda caller: promise(caller, elsewhere))


def test_an_attribute_that_another_process_made_is_known(database_url: str) -> None:
    async def promise(caller: Caller, elsewhere: Elsewhere) -> None:
        await define(caller, "plan")
        await write(caller, plan="pro")
        await elsewhere("UPDATE data_attributes SET name = 'tier'")
        await write(caller, tier="pro")
        await elsewhere("UPDATE data_attributes SET name = 'level'")
        assert await search(caller, "level") == 0

    promised(database_url, promise)


def test_an_option_that_another_process_added_is_taken(database_url: str) -> None:
    async def promise(caller: Caller, elsewhere: Elsewhere) -> None:
        await define(caller, "plan", ["free", "pro"])
        await write(caller, plan="pro")
        await elsewhere("UPDATE data_attributes SET options = '{free,gold}'")
        await write(caller, plan="gold")
        with pytest.raises(ParameterInvalid, match="plan must be one of: free, gold"):
            await write(caller, plan="silver")

    promised(database_url, promise)


def test_what_this_process_archives_is_refused_at_once(database_url: str) -> None:
    async def promise(caller: Caller, _: Elsewhere) -> None:
        attribute_id = await define(caller, "plan")
        await write(caller, plan="pro")
        assert await search(caller, "plan") == 1
        await update_data_attribute(caller, attribute_id, UpdateDataAttributeRequest(archived=True))
        with pytest.raises(ParameterInvalid, match="plan"):
            await write(caller, plan="pro")
        with pytest.raises(InvalidField, match="plan"):
            await search(caller, "plan")

    promised(database_url, promise)


def test_what_another_process_archives_is_refused_when_the_memory_ends(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values, "REMEMBERED_SECONDS", 0.05)

    async def promise(caller: Caller, elsewhere: Elsewhere) -> None:
        await define(caller, "plan")
        await write(caller, plan="pro")
        await elsewhere("UPDATE data_attributes SET archived = true")
        await asyncio.sleep(0.06)
        with pytest.raises(ParameterInvalid, match="plan"):
            await write(caller, plan="pro")

    promised(database_url, promise)
