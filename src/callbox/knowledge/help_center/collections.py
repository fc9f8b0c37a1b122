"""The rules of collections: each help center has a tree of them, in which articles are."""

from datetime import datetime

import msgspec
from msgspec import UNSET

from callbox.knowledge.help_center import queries
from callbox.knowledge.help_center.queries import CollectionRow, HelpCenterRow, Translation, TreeRow
from callbox.knowledge.help_center.schemas import (
    ArrangeCollectionRequest,
    Collection,
    CollectionDeleted,
    CreateCollectionRequest,
    GroupContentRequest,
    UpdateCollectionRequest,
    collection_from_row,
)
from callbox.knowledge.help_center.service import help_center_of
from callbox.knowledge.locales import translations_sent
from callbox.platform.database import Connection, connection, transaction
from callbox.platform.events import announce
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId, decimal_id
from callbox.wire.errors import NotFound, ParameterInvalid, ParameterNotFound
from callbox.wire.pagination import NumberedPage

MAX_LEVELS = 3
DEFAULT_ICON = "book-bookmark"


class CollectionNotFound(NotFound):
    """The workspace has no such collection."""


class NameMissing(ParameterNotFound):
    """A collection is created without a name."""

    message = "Name is a required parameter."


class CollectionsRemoved(msgspec.Struct, frozen=True):
    """Announced before collections are deleted, so that what is in them is taken out."""

    collection_ids: list[int]
    at: datetime


async def list_collections(caller: Caller, page: NumberedPage) -> tuple[list[Collection], int]:
    """A page of collections of all levels, latest change first, and how many there are."""
    async with connection() as held:
        rows = await queries.collections_page.all(held, caller.workspace_id, page.per_page, page.offset)
        total = await queries.collections_total.one(held, caller.workspace_id)
    return [collection_from_row(caller, row) for row in rows], total


async def get_collection(caller: Caller, collection_id: WireId) -> Collection:
    """One collection."""
    async with connection() as held:
        return collection_from_row(caller, await _find_collection(held, caller, collection_id))


async def _find_collection(held: Connection, caller: Caller, collection_id: WireId) -> CollectionRow:
    row = await queries.collection_by_id.first(held, caller.workspace_id, decimal_id(collection_id))
    if row is None:
        raise CollectionNotFound
    return row


async def collection_to_fill(held: Connection, caller: Caller, collection_id: WireId) -> CollectionRow:
    """The collection that something is put into, kept from being deleted until the transaction ends.

    Raises ParameterInvalid.
    """
    row = await queries.collection_to_fill.first(held, caller.workspace_id, decimal_id(collection_id))
    if row is None:
        raise ParameterInvalid(f"parent_id: there is no collection {collection_id}")
    return row


async def create_collection(caller: Caller, request: CreateCollectionRequest) -> Collection:
    """A new collection, after its siblings. Raises NameMissing."""
    translations = translations_sent(request.translated_content)
    async with transaction() as held:
        center = await _center_of_new(held, caller, request)
        own = translations.get(center.default_locale) or GroupContentRequest()
        name = request.name if request.name is not None else own.name
        if name is None or not name.strip():
            raise NameMissing
        description = request.description if request.description is not None else own.description
        translations[center.default_locale] = GroupContentRequest(name, description)
        parent_id = await _parent(held, caller, center.id, _sent(request.parent_id))
        collection_id = await queries.insert_collection.one(
            held,
            caller.workspace_id,
            center.id,
            parent_id,
            center.default_locale,
            _json(_merged({}, translations, center.default_locale)),
            DEFAULT_ICON,
            caller.now(),
        )
        return collection_from_row(caller, await _find_collection(held, caller, collection_id))


async def _center_of_new(held: Connection, caller: Caller, request: CreateCollectionRequest) -> HelpCenterRow:
    """The help center that a new collection is in, held: its parent's, the named one, or the default one."""
    parent_id = _sent(request.parent_id)
    center_id = None if request.help_center_id is None else decimal_id(request.help_center_id)
    if parent_id is not None:
        # Held in the order of a deletion: the help center before what is in it.
        await queries.lock_help_center_of.first(held, caller.workspace_id, decimal_id(parent_id))
        parent = await collection_to_fill(held, caller, parent_id)
        if request.help_center_id is not None and center_id != parent.help_center_id:
            raise ParameterInvalid("help_center_id must be the one of the parent_id's collection, or left out")
        center_id = parent.help_center_id
    elif request.help_center_id is None:
        center_id = (await help_center_of(held, caller, None)).id
    center = await queries.help_center_for_update.first(held, caller.workspace_id, center_id)
    if center is None:
        raise ParameterInvalid(f"help_center_id: there is no help center {request.help_center_id}")
    return center


def _sent(parent_id: WireId | None) -> WireId | None:
    """Some clients send an empty text for none."""
    return None if parent_id == "" else parent_id


async def update_collection(caller: Caller, collection_id: str, request: UpdateCollectionRequest) -> Collection:
    """Change what is sent of a collection."""
    translations = translations_sent(request.translated_content)
    async with transaction() as held:
        row = await _held_collection(held, caller, collection_id)
        own = GroupContentRequest()
        if request.name is not UNSET:
            own.name = request.name
        if request.description is not UNSET:
            own.description = request.description or ""
        merged = _merged(row.translations, translations, row.default_locale)
        merged = _merged(merged, {row.default_locale: own}, row.default_locale)
        if request.parent_id is not UNSET:
            parent_id = await _parent(held, caller, row.help_center_id, _sent(request.parent_id), row.id)
            if parent_id != row.parent_id:
                await queries.move_collection.run(held, caller.workspace_id, row.id, row.help_center_id, parent_id)
        await queries.update_collection.run(held, caller.workspace_id, row.id, _json(merged), row.icon, caller.now())
        return collection_from_row(caller, await _find_collection(held, caller, row.id))


async def _held_collection(held: Connection, caller: Caller, collection_id: str) -> CollectionRow:
    """The collection; nobody else changes the tree that it is in until the transaction ends."""
    number = decimal_id(collection_id)
    await queries.lock_help_center_of.first(held, caller.workspace_id, number)
    return await _find_collection(held, caller, collection_id)


def _merged(
    stored: dict[str, Translation], sent: dict[str, GroupContentRequest | None], default: str
) -> dict[str, Translation]:
    """Translations after a change: null removes one, what is not sent of one stays. Raises ParameterInvalid."""
    merged = dict(stored)
    for locale, content in sent.items():
        if content is None:
            if locale == default:
                raise ParameterInvalid(f"translated_content.{locale} is the default language and cannot be null")
            merged.pop(locale, None)
            continue
        before = merged.get(locale)
        if before is None:
            if content.name is None:
                raise ParameterNotFound(f"translated_content.{locale}.name is a required parameter")
            before = Translation(content.name, "")
        merged[locale] = Translation(
            before.name if content.name is None else content.name,
            before.description if content.description is None else content.description,
        )
    return merged


def _json(translations: dict[str, Translation]) -> str:
    return msgspec.json.encode(translations).decode()


async def _parent(
    held: Connection, caller: Caller, center_id: int, parent_id: WireId | None, moved_id: int | None = None
) -> int | None:
    """The collection that one is to be put into, with all that is below it. Raises ParameterInvalid."""
    if parent_id is None:
        return None
    parent = await collection_to_fill(held, caller, parent_id)
    if parent.help_center_id != center_id:
        raise ParameterInvalid("parent_id must be a collection of the same help center")
    rows = await queries.tree.all(held, caller.workspace_id, center_id)
    below = [] if moved_id is None else _branch(rows, moved_id)
    if parent.id in below:
        raise ParameterInvalid("parent_id must be neither the collection itself nor one below it")
    height = 1 if moved_id is None else max(_level(rows, each) for each in below) - _level(rows, moved_id) + 1
    if _level(rows, parent.id) + height > MAX_LEVELS:
        raise ParameterInvalid(f"parent_id: collections can have at most {MAX_LEVELS} levels")
    return parent.id


def _branch(rows: list[TreeRow], top: int) -> list[int]:
    """A collection and all below it."""
    children = [row.id for row in rows if row.parent_id == top]
    return [top, *(each for child in children for each in _branch(rows, child))]


def _level(rows: list[TreeRow], collection_id: int) -> int:
    parents = {row.id: row.parent_id for row in rows}
    level, above = 1, parents[collection_id]
    while above is not None:
        level, above = level + 1, parents[above]
    return level


async def arrange_collection(caller: Caller, collection_id: str, request: ArrangeCollectionRequest) -> Collection:
    """Give a collection an icon, or another place among its siblings."""
    async with transaction() as held:
        row = await _held_collection(held, caller, collection_id)
        if request.order is not UNSET:
            rows = await queries.tree.all(held, caller.workspace_id, row.help_center_id)
            siblings = [each.id for each in rows if each.parent_id == row.parent_id and each.id != row.id]
            siblings.insert(request.order - 1, row.id)
            await queries.order_collections.run(held, caller.workspace_id, siblings)
        icon = row.icon if request.icon is UNSET else request.icon
        await queries.update_collection.run(
            held, caller.workspace_id, row.id, _json(row.translations), icon, caller.now()
        )
        return collection_from_row(caller, await _find_collection(held, caller, row.id))


async def delete_collection(caller: Caller, collection_id: str) -> CollectionDeleted:
    """Delete a collection and those below it. Articles in them stay, without a collection."""
    async with transaction() as held:
        row = await _held_collection(held, caller, collection_id)
        branch = _branch(await queries.tree.all(held, caller.workspace_id, row.help_center_id), row.id)
        await queries.lock_collections.all(held, caller.workspace_id, branch)
        await announce(held, caller.workspace_id, CollectionsRemoved(branch, caller.now()))
        await queries.delete_collections.run(held, caller.workspace_id, branch)
    return CollectionDeleted(str(row.id), "collection", deleted=True)
