"""What can be searched of a resource: its table of fields, and the operators of each type."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

import msgspec

# What ids of rows are in SQL.
IdType = Literal["text", "bigint"]


class FieldType(StrEnum):
    """What a field holds; it decides the operators, the values and the SQL."""

    STRING = "string"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DAY = "day"  # a time, compared by calendar days of the workspace's time zone
    MOMENT = "moment"  # a time, compared to the second
    MEMBER = "member"  # an id among those that hang on the row
    IDS = "ids"  # decimal ids in an array of the row itself
    ID = "id"  # a decimal id: a number where it is compared, a text where a part of it is asked for
    WORDS = "words"  # a text kept by `words.stored_words`, compared word by word


EQUALITY = ("=", "!=")
LISTS = ("IN", "NIN")
ORDER = (">", "<", ">=", "<=")
TEXT = ("~", "!~", "^", "$")
OPERATORS: Mapping[FieldType, tuple[str, ...]] = {
    FieldType.STRING: EQUALITY + LISTS + TEXT,
    FieldType.INTEGER: EQUALITY + LISTS + ORDER,
    FieldType.FLOAT: EQUALITY + LISTS + ORDER,
    FieldType.BOOLEAN: EQUALITY + LISTS,
    FieldType.DAY: ("=", ">", "<"),
    FieldType.MOMENT: EQUALITY + LISTS + ORDER,
    FieldType.MEMBER: EQUALITY,
    FieldType.IDS: EQUALITY,
    FieldType.ID: EQUALITY + LISTS + TEXT,
    FieldType.WORDS: EQUALITY + LISTS + TEXT,
}


class Holder(msgspec.Struct, frozen=True):
    """A table that holds values of a field: `value` in it, and its keys where that meets a condition at `{}`."""

    value: str
    keys: str
    is_folded: bool = False


class Field(msgspec.Struct, frozen=True):
    """One searchable field: an SQL expression over the resource's alias.

    For MEMBER and WORDS it is a condition with a place `{}` for a further one about `member`, an SQL expression of
    the type `member_type`: `c.id IN (SELECT t.contact_id FROM contact_tags t WHERE t.workspace_id = $1{})`.

    A STRING that is kept in other tables may name them, and the `key` by which the row refers to them: what is asked
    for is then looked up there first.
    """

    type: FieldType
    sql: str
    is_folded: bool = False  # stored in lower case already
    is_sortable: bool = False
    is_required: bool = False  # never null, so a page needs no look at rows without a value
    is_indexed: bool = False  # an index leads to the rows with a value
    member: str = ""
    member_type: str = "text"
    key: str = ""
    holders: tuple[Holder, ...] = ()
    operators: tuple[str, ...] | None = None  # where they are not those of the type


class Resource(msgspec.Struct, frozen=True):
    """What can be searched of one kind of thing."""

    fields: Mapping[str, Field]
    attribute_prefix: str = "custom_attributes"  # what a query calls them
    attributes_sql: str | None = None  # the custom attributes
    folded_attributes_sql: str | None = None  # the same with strings in lower case, indexed
    attribute_dates: FieldType = FieldType.DAY  # how custom attributes of the type date compare
