"""The search language: written once, declared per resource as a table of fields, compiled to parameterised SQL.

A query is a filter, or a group of queries under AND or OR. Values only ever become parameters, and a list
is one array parameter, so that the number of SQL texts stays bounded. `$1` is always the workspace.
"""

from callbox.wire.pagination import SortValue
from callbox.wire.search.errors import (
    InvalidField,
    InvalidOperator,
    InvalidQuery,
    InvalidSortOrder,
    InvalidValue,
    InvalidValues,
)
from callbox.wire.search.fields import Field, FieldType, Holder, Resource
from callbox.wire.search.filters import MAX_LISTED_VALUES, Compiled, compile_filter
from callbox.wire.search.finding import Found, Target, find
from callbox.wire.search.grammar import (
    MAX_GROUP_ITEMS,
    MAX_GROUP_LEVELS,
    MAX_VALUE_LEVELS,
    Filter,
    Group,
    Query,
    Search,
    SearchPagination,
    SearchRequest,
    Sort,
    attribute_names,
    parse_query,
    parse_search,
)
from callbox.wire.search.sorting import CompiledSort, compile_page, compile_sort, cursor_value_of
from callbox.wire.search.words import stored_words

__all__ = [
    "MAX_GROUP_ITEMS",
    "MAX_GROUP_LEVELS",
    "MAX_LISTED_VALUES",
    "MAX_VALUE_LEVELS",
    "Compiled",
    "CompiledSort",
    "Field",
    "FieldType",
    "Filter",
    "Found",
    "Group",
    "Holder",
    "InvalidField",
    "InvalidOperator",
    "InvalidQuery",
    "InvalidSortOrder",
    "InvalidValue",
    "InvalidValues",
    "Query",
    "Resource",
    "Search",
    "SearchPagination",
    "SearchRequest",
    "Sort",
    "SortValue",
    "Target",
    "attribute_names",
    "compile_filter",
    "compile_page",
    "compile_sort",
    "cursor_value_of",
    "find",
    "parse_query",
    "parse_search",
    "stored_words",
]
