"""The rules of help centers: every workspace has one; each has languages, and a tree of collections."""

from datetime import datetime
from typing import TypeVar

import msgspec
from asyncpg import UniqueViolationError
from litestar.types import HTTPScope
from msgspec import UNSET, UnsetType

from callbox.knowledge.help_center import queries
from callbox.knowledge.help_center.queries import CollectionRow, HelpCenterRow, Translation, TreeRow
from callbox.knowledge.help_center.schemas import (
    ArrangeCollectionRequest,
    Collection,
    CollectionDeleted,
    CollectionList,
    CreateCollectionRequest,
    CreateHelpCenterRequest,
    GroupContentRequest,
    HelpCenter,
    HelpCenterList,
    ManagedHelpCenter,
    UpdateCollectionRequest,
    UpdateHelpCenterRequest,
    collection_from_row,
    help_center_from_row,
    managed_help_center,
)
from callbox.knowledge.locales import DEFAULT_LOCALE, check_locale, translations_sent
from callbox.platform.database import Connection, connection, savepoint, transaction
from callbox.platform.events import announce
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId, decimal_id
from callbox.wire.errors import Conflict, NotFound, ParameterInvalid, ParameterNotFound
from callbox.wire.pagination import PageQuery, linked_pages, numbered_page
from callbox.workspace.workspaces import WorkspaceCreated

T = TypeVar("T")

DEFAULT_PER_PAGE = 20
MAX_PER_PAGE = 250
MAX_HELP_CENTERS = 100
MAX_LEVELS = 3
DEFAULT_ICON = "book-bookmark"


class HelpCenterNotFound(NotFound):
    """The workspace has no such help center."""


class CollectionNotFound(NotFound):
    """The workspace has no such collection."""


class HelpCenterNameTaken(Conflict):
    """Readers come with an address alone, so no two help centers of the installation share one."""

    message = "identifier or custom_domain is taken by another help center"


class TooManyHelpCenters(ParameterInvalid):
    """A limit of the reference."""

    message = f"A workspace can have at most {MAX_HELP_CENTERS} help centers"


class NameMissing(ParameterNotFound):
    """A collection is created without a name."""

    message = "Name is a required parameter."


class CollectionsRemoved(msgspec.Struct, frozen=True):
    """Announced before collections are deleted, so that what is in them is taken out."""

    collection_ids: list[int]
    at: datetime


class DefaultLocaleChanged(msgspec.Struct, frozen=True):
    """Announced when a help center has another default language."""

    help_center_id: int
    locale: str


# Help centers


async def create_default_help_center(held: Connection, workspace_id: str, created: WorkspaceCreated) -> None:
    """A new workspace begins with a help center in English, whose site is off."""
    await queries.insert_default_help_center.run(held, workspace_id, created.created_at, DEFAULT_LOCALE)


async def list_help_centers(scope: HTTPScope, caller: Caller, query: PageQuery) -> HelpCenterList:
    """A page of help centers, oldest first."""
    page = numbered_page(query.page, query.per_page, DEFAULT_PER_PAGE, MAX_PER_PAGE)
    async with connection() as held:
        total = await queries.help_centers_total.one(held, caller.workspace_id)
        rows = await queries.help_centers_page.all(held, caller.workspace_id, page.per_page, page.offset)
    shown = [help_center_from_row(caller, row) for row in rows]
    return HelpCenterList("list", linked_pages(scope, page, total), total, shown)


async def get_help_center(caller: Caller, help_center_id: WireId) -> HelpCenter:
    """One help center."""
    async with connection() as held:
        return help_center_from_row(caller, await _find_help_center(held, caller, help_center_id))


async def get_managed(caller: Caller, help_center_id: WireId) -> ManagedHelpCenter:
    """One help center with its languages."""
    async with connection() as held:
        return managed_help_center(caller, await _find_help_center(held, caller, help_center_id))


async def _find_help_center(held: Connection, caller: Caller, help_center_id: WireId) -> HelpCenterRow:
    row = await queries.help_center_by_id.first(held, caller.workspace_id, decimal_id(help_center_id))
    if row is None:
        raise HelpCenterNotFound
    return row


async def help_center_of(held: Connection, caller: Caller, collection: CollectionRow | None) -> HelpCenterRow:
    """Where something in a collection is; in none, it is in the default help center, the workspace's first."""
    if collection is None:
        return await queries.default_help_center.one(held, caller.workspace_id)
    return await queries.help_center_by_id.one(held, caller.workspace_id, collection.help_center_id)


async def create_help_center(caller: Caller, request: CreateHelpCenterRequest) -> ManagedHelpCenter:
    """A further help center. Raises HelpCenterNameTaken and TooManyHelpCenters."""
    default, locales = _languages(
        request.default_locale or next(iter(request.locales or []), DEFAULT_LOCALE), request.locales
    )
    async with transaction() as held:
        if await queries.help_centers_total.one(held, caller.workspace_id) >= MAX_HELP_CENTERS:
            raise TooManyHelpCenters
        try:
            async with savepoint(held):
                row = await queries.insert_help_center.one(
                    held,
                    caller.workspace_id,
                    request.identifier,
                    request.display_name,
                    request.custom_domain,
                    request.website_turned_on,
                    default,
                    locales,
                    caller.now(),
                )
        except UniqueViolationError:
            raise HelpCenterNameTaken from None
    return managed_help_center(caller, row)


def _languages(default: str, locales: list[str] | None) -> tuple[str, list[str]]:
    """The default language, and those that are on, each once. Raises ParameterInvalid."""
    chosen = list(dict.fromkeys(locales or [default]))
    check_locale(default, "default_locale")
    for locale in chosen:
        check_locale(locale, "locales")
    if default not in chosen:
        raise ParameterInvalid(f"locales must contain the default_locale, {default}")
    return default, chosen


async def update_help_center(
    caller: Caller, help_center_id: str, request: UpdateHelpCenterRequest
) -> ManagedHelpCenter:
    """Change what is sent of a help center. Raises HelpCenterNameTaken."""
    async with transaction() as held:
        row = await queries.help_center_for_update.first(held, caller.workspace_id, decimal_id(help_center_id))
        if row is None:
            raise HelpCenterNotFound
        default, locales = _languages(_sent(request.default_locale, row.default_locale), _locales_sent(request, row))
        try:
            async with savepoint(held):
                changed = await queries.update_help_center.one(
                    held,
                    caller.workspace_id,
                    row.id,
                    _sent(request.identifier, row.identifier),
                    _sent(request.display_name, row.display_name),
                    _sent(request.custom_domain, row.custom_domain),
                    _sent(request.website_turned_on, row.website_turned_on),
                    default,
                    locales,
                    caller.now(),
                )
        except UniqueViolationError:
            raise HelpCenterNameTaken from None
        if default != row.default_locale:
            await queries.turn_collections.run(held, caller.workspace_id, row.id, default)
            await announce(held, caller.workspace_id, DefaultLocaleChanged(row.id, default))
    return managed_help_center(caller, changed)


def _locales_sent(request: UpdateHelpCenterRequest, row: HelpCenterRow) -> list[str]:
    """A new default language that is sent alone is turned on."""
    if request.locales is not UNSET:
        return request.locales
    return row.locales if request.default_locale is UNSET else [*row.locales, request.default_locale]


def _sent(value: T | UnsetType, stored: T) -> T:
    return stored if value is UNSET else value


# Collections


async def list_collections(scope: HTTPScope, caller: Caller, query: PageQuery) -> CollectionList:
    """A page of collections of all levels, latest change first."""
    page = numbered_page(query.page, query.per_page, DEFAULT_PER_PAGE, MAX_PER_PAGE)
    async with connection() as held:
        total = await queries.collections_total.one(held, caller.workspace_id)
        rows = await queries.collections_page.all(held, caller.workspace_id, page.per_page, page.offset)
    shown = [collection_from_row(caller, row) for row in rows]
    return CollectionList("list", linked_pages(scope, page, total), total, shown)


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
        parent_id = await _parent(held, caller, center.id, request.parent_id)
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
    center_id = decimal_id(request.help_center_id) if request.help_center_id is not None else None
    if _is_none(request.parent_id):
        if request.help_center_id is None:
            center_id = (await help_center_of(held, caller, None)).id
    else:
        # Held in the order of a deletion: the help center before what is in it.
        await queries.lock_help_center_of.first(held, caller.workspace_id, decimal_id(request.parent_id or ""))
        parent = await collection_to_fill(held, caller, request.parent_id or "")
        if request.help_center_id is not None and center_id != parent.help_center_id:
            raise ParameterInvalid("help_center_id must be the one of the parent_id's collection, or left out")
        center_id = parent.help_center_id
    center = await queries.help_center_for_update.first(held, caller.workspace_id, center_id)
    if center is None:
        raise ParameterInvalid(f"help_center_id: there is no help center {request.help_center_id}")
    return center


def _is_none(parent_id: WireId | None) -> bool:
    return parent_id is None or parent_id == ""


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
            parent_id = await _parent(held, caller, row.help_center_id, request.parent_id, row.id)
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
    if parent_id is None or _is_none(parent_id):
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
        icon = _sent(request.icon, row.icon)
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
