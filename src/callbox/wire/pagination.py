"""The list styles of the API that have pages: by cursor, and by page number with a full URL.

(The third style, the whole collection in one answer, needs nothing.) A cursor is opaque: it carries
where the page ended, its number and the total, and a seal over them and its list, so that it fits no other one.
"""

import base64
import re
from math import ceil
from typing import Annotated, Literal
from urllib.parse import urlencode
from zlib import crc32

import msgspec
from litestar.types import HTTPScope
from msgspec import UNSET, UnsetType

from callbox.wire.decode import decode_query
from callbox.wire.errors import ClientError, ParameterInvalid
from callbox.wire.urls import base_url

# Times travel in a cursor as microseconds.
SortValue = str | int | float | None

_CURSOR = re.compile(r"[A-Za-z0-9_-]+")
_MAX_PAGE_DIGITS = 15  # the offset of a page of this number is still a bigint


class CursorInvalid(ClientError):
    """The cursor was not made by this list."""

    message = "Invalid starting_after param. Please try again using a starting_after value from a paginated response"


class PerPageTooBig(ParameterInvalid):
    """More was asked for on one page than the list gives."""

    message = "Per Page is too big"


class NextCursor(msgspec.Struct):
    """Where the next page begins. Clients send the whole of it back."""

    page: int
    per_page: int
    starting_after: str


class CursorPages(msgspec.Struct):
    """The pages object of a cursor list; `next` is absent on the last page."""

    type: Literal["pages"]
    page: int
    per_page: int
    total_pages: int
    next: NextCursor | UnsetType = UNSET


class UrlPages(msgspec.Struct):
    """The pages object of a list by page number; `next` is a full URL, and null on the last page."""

    type: Literal["pages"]
    next: str | None
    page: int
    per_page: int
    total_pages: int


class LinkedPages(msgspec.Struct):
    """The pages object of a list of published things by page number: on the last page, `next` is absent."""

    type: Literal["pages"]
    page: int
    per_page: int
    total_pages: int
    next: str | UnsetType = UNSET


class _Cursor(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    seal: int
    page: Annotated[int, msgspec.Meta(ge=2, le=2**31)]
    total_count: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    last_id: Annotated[str, msgspec.Meta(min_length=1)]
    sort_value: str | Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | float | None


class CursorPage(msgspec.Struct):
    """A page that is asked for. On the first one, total and last id are not known yet."""

    listing: str
    per_page: int
    page: int = 1
    total_count: int | None = None
    last_id: str = ""
    sort_value: SortValue = None


class PageQuery(msgspec.Struct):
    """A page by its number: all that lists without filters are asked for."""

    page: str | None = None
    per_page: str | None = None


class NumberedPage(msgspec.Struct):
    """A page asked for by its number."""

    page: int
    per_page: int

    @property
    def offset(self) -> int:
        """Rows before the page."""
        return (self.page - 1) * self.per_page


def per_page_of(sent: str | int | None, default: int, maximum: int) -> int:
    """The page size, or ParameterInvalid."""
    if sent is None or sent == "":
        return default
    digits = _digits("per_page", sent)
    if len(digits) > len(str(maximum)) or int(digits) > maximum:
        raise PerPageTooBig
    return int(digits)


def _digits(name: str, sent: str | int) -> str:
    """The digits of a positive number. They may be too many for one."""
    text = str(sent)
    digits = text.lstrip("0")
    if not (text.isascii() and text.isdigit() and digits):
        raise ParameterInvalid(f"{name} must be a whole number of 1 or more")
    return digits


def cursor_page(
    per_page: str | int | None, starting_after: str | None, default: int, maximum: int, *, listing: str
) -> CursorPage:
    """The page that a request to a cursor list asks for. `listing` names the list with its query and sort."""
    size = per_page_of(per_page, default, maximum)
    if not starting_after:
        return CursorPage(listing, size)
    cursor = _read(starting_after)
    if cursor.seal != _seal(listing, cursor):
        raise CursorInvalid
    return CursorPage(listing, size, cursor.page, cursor.total_count, cursor.last_id, cursor.sort_value)


def _read(text: str) -> _Cursor:
    """The cursor in its one spelling; what it holds may still be forged, so types and sizes are checked."""
    if not _CURSOR.fullmatch(text):
        raise CursorInvalid
    try:
        cursor = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=_Cursor)
    except (ValueError, msgspec.MsgspecError):
        raise CursorInvalid from None
    if _written(cursor) != text or "\x00" in cursor.last_id or "\x00" in str(cursor.sort_value):
        raise CursorInvalid
    return cursor


def _written(cursor: _Cursor) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def _seal(listing: str, cursor: _Cursor) -> int:
    """Ties a cursor to its list, and shows when it was damaged on the way. It is no signature."""
    content = [listing, cursor.page, cursor.total_count, cursor.last_id, cursor.sort_value]
    return crc32(msgspec.json.encode(content))


def cursor_pages(page: CursorPage, total_count: int, last_id: str | None, sort_value: SortValue = None) -> CursorPages:
    """The pages object; `last_id` is the last row's if there is a further page, else None."""
    pages = CursorPages("pages", page.page, page.per_page, ceil(total_count / page.per_page))
    if last_id is not None:
        cursor = _Cursor(0, page.page + 1, total_count, last_id, sort_value)
        cursor.seal = _seal(page.listing, cursor)
        pages.next = NextCursor(page.page + 1, page.per_page, _written(cursor))
    return pages


def numbered_page(page: str | None, per_page: str | None, default: int, maximum: int) -> NumberedPage:
    """The page that a request to a list by page number asks for. It may lie beyond the end: then it is empty."""
    digits = "1" if page is None or page == "" else _digits("page", page)
    if len(digits) > _MAX_PAGE_DIGITS:
        raise ParameterInvalid(f"page must have at most {_MAX_PAGE_DIGITS} digits")
    return NumberedPage(int(digits), per_page_of(per_page, default, maximum))


def page_asked_for(scope: HTTPScope, default: int, maximum: int) -> NumberedPage:
    """The page of a list by page number without filters; it has `default` rows unless the request says otherwise."""
    query = decode_query(scope["query_string"], PageQuery)
    return numbered_page(query.page, query.per_page, default, maximum)


def url_pages(scope: HTTPScope, page: NumberedPage, total_count: int, **filters: str | None) -> UrlPages:
    """The pages object; the next URL repeats the filters, since clients follow it as it is."""
    total_pages = ceil(total_count / page.per_page)
    url = _next_url(scope, page, filters) if page.page < total_pages else None
    return UrlPages("pages", url, page.page, page.per_page, total_pages)


def linked_pages(
    scope: HTTPScope, page: NumberedPage, total_count: int, *, fewest: int = 1, **filters: str | None
) -> LinkedPages:
    """The pages object of a list of published things; an empty list has the `fewest` pages."""
    total_pages = max(fewest, ceil(total_count / page.per_page))
    url = _next_url(scope, page, filters) if page.page < total_pages else UNSET
    return LinkedPages("pages", page.page, page.per_page, total_pages, url)


def _next_url(scope: HTTPScope, page: NumberedPage, filters: dict[str, str | None]) -> str:
    return page_url(scope, **filters, per_page=str(page.per_page), page=str(page.page + 1))


def page_url(scope: HTTPScope, **query: str | None) -> str:
    """This request's URL with another query, absolute, as the client sees the server."""
    sent = urlencode({name: value for name, value in query.items() if value is not None})
    return f"{base_url()}{scope['path']}?{sent}"
