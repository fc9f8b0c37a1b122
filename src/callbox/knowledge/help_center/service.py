"""The rules of help centers: every workspace has one, each has its languages. Their collections: `collections.py`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from asyncpg import UniqueViolationError
from msgspec import UNSET

from callbox.knowledge.help_center import queries
from callbox.knowledge.help_center.queries import CollectionRow, HelpCenterRow
from callbox.knowledge.help_center.schemas import (
    CreateHelpCenterRequest,
    HelpCenter,
    ManagedHelpCenter,
    UpdateHelpCenterRequest,
    help_center_from_row,
    managed_help_center,
)
from callbox.knowledge.locales import DEFAULT_LOCALE, check_locale
from callbox.platform.database import Connection, connection, savepoint, transaction
from callbox.platform.events import announce
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId, decimal_id, sent_or
from callbox.wire.errors import Conflict, NotFound, ParameterInvalid
from callbox.wire.pagination import NumberedPage
from callbox.workspace.activity_logs import record_activity
from callbox.workspace.workspaces import WorkspaceCreated

MAX_HELP_CENTERS = 100
_SETTINGS = ("identifier", "display_name", "custom_domain", "website_turned_on", "default_locale", "locales")


# Those beginnings of other addresses that a help center could be called: its pages would be in the way, or not found.
RESERVED_IDENTIFIERS = frozenset(
    {
        *("admins", "articles", "companies", "contacts", "conversations", "docs", "download", "events", "export"),
        *("files", "healthz", "live", "manage", "me", "messages", "metrics", "news", "notes", "readyz", "segments"),
        *("switch", "tags", "teams", "tickets", "unsubscribe", "visitors"),
    }
)


class HelpCenterNotFound(NotFound):
    """The workspace has no such help center."""


class HelpCenterNameTaken(Conflict):
    """Readers come with an address alone, so no two help centers of the installation share one."""

    message = "identifier or custom_domain is taken by another help center"


class HelpCenterNameReserved(ParameterInvalid):
    """Other addresses of the server begin so."""

    message = f"identifier must be none of {', '.join(sorted(RESERVED_IDENTIFIERS))}"


class TooManyHelpCenters(ParameterInvalid):
    """A limit of the reference."""

    message = f"A workspace can have at most {MAX_HELP_CENTERS} help centers"


class DefaultLocaleChanged(msgspec.Struct, frozen=True):
    """Announced when a help center has another default language."""

    help_center_id: int
    locale: str


async def create_default_help_center(held: Connection, workspace_id: str, created: WorkspaceCreated) -> None:
    """A new workspace begins with a help center in English, whose site is off."""
    await queries.insert_default_help_center.run(held, workspace_id, created.created_at, DEFAULT_LOCALE)


async def list_help_centers(caller: Caller, page: NumberedPage) -> tuple[list[HelpCenter], int]:
    """A page of help centers, oldest first, and how many there are."""
    async with connection() as held:
        rows = await queries.help_centers_page.all(held, caller.workspace_id, page.per_page, page.offset)
        total = await queries.help_centers_total.one(held, caller.workspace_id)
    return [help_center_from_row(caller, row) for row in rows], total


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
    """A further help center. Raises HelpCenterNameTaken, HelpCenterNameReserved and TooManyHelpCenters."""
    _check_identifier(request.identifier)
    default = request.default_locale or next(iter(request.locales or []), DEFAULT_LOCALE)
    locales = _checked(default, request.locales or [default])
    async with transaction() as held:
        if await queries.help_centers_total.one(held, caller.workspace_id) >= MAX_HELP_CENTERS:
            raise TooManyHelpCenters
        async with _names_free(held):
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
    return managed_help_center(caller, row)


def _check_identifier(identifier: str) -> None:
    if identifier in RESERVED_IDENTIFIERS:
        raise HelpCenterNameReserved


@asynccontextmanager
async def _names_free(held: Connection) -> AsyncIterator[None]:
    """Raise HelpCenterNameTaken where the block gives a help center an address that another one has."""
    try:
        async with savepoint(held):
            yield
    except UniqueViolationError:
        raise HelpCenterNameTaken from None


def _checked(default: str, locales: list[str]) -> list[str]:
    """The languages that are to be on, each once; the default one is among them. Raises ParameterInvalid."""
    chosen = list(dict.fromkeys(locales))
    check_locale(default, "default_locale")
    for locale in chosen:
        check_locale(locale, "locales")
    if default not in chosen:
        raise ParameterInvalid(f"locales must contain the default_locale, {default}")
    return chosen


async def update_help_center(
    caller: Caller, help_center_id: str, request: UpdateHelpCenterRequest
) -> ManagedHelpCenter:
    """Change what is sent of a help center. Raises HelpCenterNameTaken and HelpCenterNameReserved."""
    if request.identifier is not UNSET:
        _check_identifier(request.identifier)
    async with transaction() as held:
        row = await queries.help_center_for_update.first(held, caller.workspace_id, decimal_id(help_center_id))
        if row is None:
            raise HelpCenterNotFound
        default = sent_or(request.default_locale, row.default_locale)
        locales = _checked(default, _locales_sent(request, row))
        async with _names_free(held):
            changed = await queries.update_help_center.one(
                held,
                caller.workspace_id,
                row.id,
                sent_or(request.identifier, row.identifier),
                sent_or(request.display_name, row.display_name),
                sent_or(request.custom_domain, row.custom_domain),
                sent_or(request.website_turned_on, row.website_turned_on),
                default,
                locales,
                caller.now(),
            )
        await _log_change(held, caller, row, changed)
        if default != row.default_locale:
            await queries.turn_collections.run(held, caller.workspace_id, row.id, default)
            await announce(held, caller.workspace_id, DefaultLocaleChanged(row.id, default))
    return managed_help_center(caller, changed)


async def _log_change(held: Connection, caller: Caller, row: HelpCenterRow, changed: HelpCenterRow) -> None:
    before = {name: getattr(row, name) for name in _SETTINGS if getattr(row, name) != getattr(changed, name)}
    if not before:
        return
    metadata = {
        "help_center": {"id": changed.id, "display_name": changed.display_name},
        "before": before,
        "after": {name: getattr(changed, name) for name in before},
    }
    description = f"{caller.admin_name} changed the settings of the help center {changed.display_name}."
    await record_activity(held, caller, "help_center_settings_change", description, metadata)


def _locales_sent(request: UpdateHelpCenterRequest, row: HelpCenterRow) -> list[str]:
    """A new default language that is sent alone is turned on."""
    if request.locales is not UNSET:
        return request.locales
    return row.locales if request.default_locale is UNSET else [*row.locales, request.default_locale]
