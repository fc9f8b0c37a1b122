"""Help centers and their collections as they are on the wire."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from callbox.knowledge.addresses import collection_url, site_url
from callbox.knowledge.help_center.queries import CollectionRow, HelpCenterRow
from callbox.platform.clock import unix
from callbox.wire.authentication import Caller
from callbox.wire.decode import Name, WireId
from callbox.wire.pagination import LinkedPages

Text = Annotated[str, Meta(max_length=10_000)]


class GroupContent(msgspec.Struct):
    """A collection in one language."""

    type: Literal["group_content"]
    name: str
    description: str


class Collection(msgspec.Struct):
    """A collection of articles. What it is called in other languages is shown where the help center has several."""

    id: str
    workspace_id: str
    name: str
    description: str
    created_at: int
    updated_at: int
    url: str
    icon: str
    order: int
    parent_id: str | None
    help_center_id: int
    default_locale: str
    translated_content: dict[str, GroupContent | Literal["group_translated_content"]] | None


class CollectionList(msgspec.Struct):
    """A page of collections, those inside of others too."""

    type: Literal["list"]
    pages: LinkedPages
    total_count: int
    data: list[Collection]


class CollectionDeleted(msgspec.Struct):
    """The answer to deleting a collection."""

    id: str
    object: Literal["collection"]
    deleted: Literal[True]


class HelpCenter(msgspec.Struct):
    """A help center."""

    id: str
    workspace_id: str
    created_at: int
    updated_at: int
    identifier: str
    website_turned_on: bool
    display_name: str
    url: str
    custom_domain: str | None


class HelpCenterList(msgspec.Struct):
    """A page of help centers."""

    type: Literal["list"]
    pages: LinkedPages
    total_count: int
    data: list[HelpCenter]


class ManagedHelpCenter(HelpCenter):
    """A help center as the management API shows it: with its languages."""

    default_locale: str
    locales: list[str]


class GroupContentRequest(msgspec.Struct):
    """What is written of a collection in one language."""

    name: Name | None = None
    description: Text | None = None


Translations = dict[str, GroupContentRequest | str | None]


class CreateCollectionRequest(msgspec.Struct):
    """A new collection. Without a help center it is in the default one, without a parent on the first level."""

    name: Annotated[str, Meta(max_length=255)] | None = None
    description: Text | None = None
    translated_content: Translations | None = None
    parent_id: WireId | None = None
    help_center_id: WireId | None = None


class UpdateCollectionRequest(msgspec.Struct):
    """What is to change of a collection. A null parent moves it to the first level."""

    name: Name | UnsetType = UNSET
    description: Text | UnsetType | None = UNSET
    translated_content: Translations | None = None
    parent_id: WireId | UnsetType | None = UNSET


class ArrangeCollectionRequest(msgspec.Struct):
    """How a collection looks among its siblings: its icon, and its place, counted from 1."""

    icon: Annotated[str, Meta(max_length=100, pattern=r"^[a-z0-9-]+$")] | UnsetType = UNSET
    order: Annotated[int, Meta(ge=1, le=1_000_000)] | UnsetType = UNSET


Identifier = Annotated[str, Meta(max_length=63, pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$")]
Domain = Annotated[str, Meta(max_length=253, pattern=r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$")]
Locales = Annotated[list[str], Meta(min_length=1, max_length=100)]


class CreateHelpCenterRequest(msgspec.Struct):
    """A further help center."""

    identifier: Identifier
    display_name: Name
    website_turned_on: bool = False
    custom_domain: Domain | None = None
    default_locale: str | None = None
    locales: Locales | None = None


class UpdateHelpCenterRequest(msgspec.Struct):
    """What is to change of a help center; its languages are replaced as a whole."""

    identifier: Identifier | UnsetType = UNSET
    display_name: Name | UnsetType = UNSET
    website_turned_on: bool | UnsetType = UNSET
    custom_domain: Domain | UnsetType | None = UNSET
    default_locale: str | UnsetType = UNSET
    locales: Locales | UnsetType = UNSET


def collection_from_row(caller: Caller, row: CollectionRow) -> Collection:
    """The collection as GET shows it."""
    own = row.translations[row.default_locale]
    site = site_url(row.identifier, row.custom_domain)
    return Collection(
        id=str(row.id),
        workspace_id=caller.workspace_id,
        name=own.name,
        description=own.description,
        created_at=unix(row.created_at),
        updated_at=unix(row.updated_at),
        url=collection_url(site, row.default_locale, row.id, own.name),
        icon=row.icon,
        order=row.position,
        parent_id=None if row.parent_id is None else str(row.parent_id),
        help_center_id=row.help_center_id,
        default_locale=row.default_locale,
        translated_content=_translated_content(row),
    )


def _translated_content(
    row: CollectionRow,
) -> dict[str, GroupContent | Literal["group_translated_content"]] | None:
    if len(row.locales) == 1:
        return None
    shown = {locale: each for locale, each in row.translations.items() if locale in row.locales}
    contents = {locale: GroupContent("group_content", each.name, each.description) for locale, each in shown.items()}
    return {"type": "group_translated_content", **contents}


def help_center_from_row(caller: Caller, row: HelpCenterRow) -> HelpCenter:
    """The help center as GET shows it."""
    return HelpCenter(*_shown(caller, row))


def managed_help_center(caller: Caller, row: HelpCenterRow) -> ManagedHelpCenter:
    """The help center with what only the management API shows."""
    return ManagedHelpCenter(*_shown(caller, row), row.default_locale, row.locales)


def _shown(caller: Caller, row: HelpCenterRow) -> tuple[str, str, int, int, str, bool, str, str, str | None]:
    return (
        str(row.id),
        caller.workspace_id,
        unix(row.created_at),
        unix(row.updated_at),
        row.identifier,
        row.website_turned_on,
        row.display_name,
        site_url(row.identifier, row.custom_domain),
        row.custom_domain,
    )
