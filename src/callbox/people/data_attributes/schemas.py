"""Data attributes as they are on the wire."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from callbox.people.data_attributes.builtin import Builtin
from callbox.people.data_attributes.queries import DataAttributeRow
from callbox.platform.clock import unix


class DataAttribute(msgspec.Struct):
    """A field of contacts or companies. Built-in ones have no id, admin and times."""

    type: Literal["data_attribute"]
    name: str
    full_name: str
    label: str
    data_type: str
    api_writable: bool
    ui_writable: bool
    messenger_writable: bool
    custom: bool
    archived: bool
    model: str
    id: int | UnsetType = UNSET
    description: str | UnsetType = UNSET
    options: list[str] | UnsetType = UNSET
    admin_id: str | UnsetType = UNSET
    created_at: int | UnsetType = UNSET
    updated_at: int | UnsetType = UNSET


class DataAttributeList(msgspec.Struct):
    """The attributes of a model, or of all."""

    type: Literal["list"]
    data: list[DataAttribute]


class ListDataAttributesQuery(msgspec.Struct):
    """Which attributes."""

    model: str | None = None
    include_archived: bool = False


class CreateDataAttributeRequest(msgspec.Struct):
    """A new attribute. Options come as `{"value": …}` or as strings; what is wrong is told in the vendor's words."""

    name: str | None = None
    model: str | None = None
    data_type: str | None = None
    description: str | None = None
    options: Any = None
    messenger_writable: bool = False


class UpdateDataAttributeRequest(msgspec.Struct):
    """What is to change. The type never does."""

    archived: bool | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    options: Any = UNSET
    messenger_writable: bool | UnsetType = UNSET


def builtin_attribute(model: str, builtin: Builtin) -> DataAttribute:
    """A built-in attribute as lists show it."""
    return DataAttribute(
        type="data_attribute",
        name=builtin.name,
        full_name=builtin.full_name,
        label=builtin.label,
        data_type=builtin.data_type,
        api_writable=builtin.api_writable,
        ui_writable=builtin.ui_writable,
        messenger_writable=True,
        custom=False,
        archived=False,
        model=model,
        description=builtin.description,
    )


def custom_attribute(row: DataAttributeRow) -> DataAttribute:
    """A custom attribute as lists show it; a description never given is absent, as recorded."""
    return DataAttribute(
        type="data_attribute",
        name=row.name,
        full_name=f"custom_attributes.{row.name}",
        label=row.label,
        data_type=row.data_type,
        api_writable=True,
        ui_writable=False,
        messenger_writable=row.messenger_writable,
        custom=True,
        archived=row.archived,
        model=row.model,
        id=row.id,
        description=UNSET if row.description is None else row.description,
        options=UNSET if row.options is None else row.options,
        admin_id=str(row.admin_id),
        created_at=unix(row.created_at),
        updated_at=unix(row.updated_at),
    )
