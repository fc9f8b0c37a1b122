"""Cursors that fit one list only, pages by number, and the addresses of next pages."""

import base64
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zlib import crc32

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.types import HTTPScope

from callbox.wire.errors import WireError
from callbox.wire.pagination import (
    CursorInvalid,
    CursorPage,
    NumberedPage,
    SortValue,
    cursor_page,
    cursor_pages,
    numbered_page,
    per_page_of,
    url_pages,
)
from callbox.wire.urls import enter_request, set_public_url

LISTING = "contacts by name"
BAD_CURSOR = "Invalid starting_after param. Please try again using a starting_after value from a paginated response"
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
SORT_VALUES = st.none() | TEXT | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)


def cursor_of(
    last_id: str = "66aa", sort_value: SortValue = 1577869200000000, page: int = 1, total_count: int = 120
) -> str:
    pages = cursor_pages(CursorPage(LISTING, 50, page), total_count, last_id, sort_value)
    assert pages.next
    return pages.next.starting_after


def forged(*content: object, listing: str = LISTING) -> str:
    """A cursor as somebody would make it who knows how."""
    seal = crc32(msgspec.json.encode([listing, *content]))
    return base64.urlsafe_b64encode(msgspec.json.encode([seal, *content])).decode().rstrip("=")


def on_the_wire(value: object) -> Any:
    return json.loads(msgspec.json.encode(value))


def assert_refused(cursor: str, listing: str = LISTING) -> None:
    with pytest.raises(WireError) as refused:
        cursor_page(None, cursor, 50, 150, listing=listing)
    assert (refused.value.status, refused.value.code, refused.value.message) == (400, "client_error", BAD_CURSOR)


# By cursor


def test_first_middle_last_and_empty_page_on_the_wire() -> None:
    first = cursor_page(None, None, 50, 150, listing=LISTING)
    answer = on_the_wire(cursor_pages(first, 120, "66aa", "Ann"))
    cursor = answer["next"]["starting_after"]
    following = {"page": 2, "per_page": 50, "starting_after": cursor}
    assert answer == {"type": "pages", "next": following, "page": 1, "per_page": 50, "total_pages": 3}

    second = cursor_page("50", cursor, 50, 150, listing=LISTING)
    assert (second.page, second.total_count, second.last_id, second.sort_value) == (2, 120, "66aa", "Ann")
    answer = on_the_wire(cursor_pages(second, 120, "66bb", "Bob"))
    assert (answer["page"], answer["next"]["page"]) == (2, 3)
    assert answer["next"]["starting_after"] != cursor

    third = cursor_page(50, answer["next"]["starting_after"], 50, 150, listing=LISTING)
    assert on_the_wire(cursor_pages(third, 120, None)) == {
        "type": "pages",
        "page": 3,
        "per_page": 50,
        "total_pages": 3,
    }
    assert on_the_wire(cursor_pages(first, 0, None)) == {
        "type": "pages",
        "page": 1,
        "per_page": 50,
        "total_pages": 0,
    }


@given(last_id=TEXT.filter(bool), sort_value=SORT_VALUES, page=st.integers(1, 10**6), total=st.integers(0, 10**9))
def test_cursor_comes_back_as_it_went(last_id: str, sort_value: SortValue, page: int, total: int) -> None:
    cursor = cursor_of(last_id, sort_value, page, total)
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    found = cursor_page(None, cursor, 50, 150, listing=LISTING)
    assert (found.page, found.total_count, found.last_id) == (page + 1, total, last_id)
    assert (found.sort_value, type(found.sort_value)) == (sort_value, type(sort_value))


def test_empty_cursor_asks_for_the_first_page() -> None:
    assert cursor_page(None, "", 50, 150, listing=LISTING) == CursorPage(LISTING, 50)


def test_cursor_fits_no_other_list_query_or_sort() -> None:
    assert_refused(cursor_of(), listing="contacts by email")


@given(st.data())
def test_damaged_cursor_is_refused(data: st.DataObject) -> None:
    cursor = cursor_of(sort_value=data.draw(SORT_VALUES))
    place = data.draw(st.integers(0, len(cursor) - 1))
    length = data.draw(st.integers(0, 3))
    damaged = cursor[:place] + data.draw(st.text(max_size=3)) + cursor[place + length :]
    if damaged not in {cursor, ""}:
        assert_refused(damaged)


@given(st.text(min_size=1) | st.binary(min_size=1).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_text_that_is_no_cursor_is_refused(text: str) -> None:
    assert_refused(text)


@pytest.mark.parametrize("length", range(1, len(cursor_of())))
def test_cut_off_cursor_is_refused(length: int) -> None:
    assert_refused(cursor_of()[:length])


def test_other_spellings_of_a_cursor_are_refused() -> None:
    cursor = cursor_of()
    for other in (f"{cursor}=", f" {cursor}", f"{cursor}\n", f"{cursor[:9]}\n{cursor[9:]}", cursor * 2):
        assert_refused(other)


def test_same_content_in_another_spelling_is_refused() -> None:
    cursor = cursor_of()
    content = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    spaced = json.dumps(content, separators=(", ", ": ")).encode()
    assert_refused(base64.urlsafe_b64encode(spaced).decode().rstrip("="))


def test_forgery_is_limited_to_values_that_a_row_may_have() -> None:
    assert cursor_page(None, forged(2, 120, "66aa", None), 50, 150, listing=LISTING).page == 2
    for content in [
        (1, 120, "66aa", None),
        (-2, 120, "66aa", None),
        (2**64, 120, "66aa", None),
        ("2", 120, "66aa", None),
        (2.5, 120, "66aa", None),
        (2, -1, "66aa", None),
        (2, 2**60, "66aa", None),
        (2, 120, "", None),
        (2, 120, 5, None),
        (2, 120, "a\x00", None),
        (2, 120, "66aa", "a\x00"),
        (2, 120, "66aa", True),
        (2, 120, "66aa", [1]),
        (2, 120, "66aa", {"a": 1}),
        (2, 120, "66aa", 2**63),
        (2, 120, "66aa"),
        (2, 120, "66aa", None, 1),
    ]:
        assert_refused(forged(*content))
    for text in ("null", "[]", "{}", "5", '"x"', "[" * 100_000, "[1e999]", "9" * 100_000):
        assert_refused(base64.urlsafe_b64encode(text.encode()).decode().rstrip("="))


# Page sizes


@pytest.mark.parametrize(
    ("sent", "per_page"), [(None, 50), ("", 50), (1, 1), ("1", 1), (150, 150), ("150", 150), ("0" * 400 + "7", 7)]
)
def test_page_size(sent: str | int | None, per_page: int) -> None:
    assert per_page_of(sent, 50, 150) == per_page
    assert cursor_page(sent, None, 50, 150, listing=LISTING).per_page == per_page


@pytest.mark.parametrize("sent", [151, "151", "1000", 10**9, str(10**20), "9" * 5000])
def test_page_that_is_too_big_is_refused(sent: str | int) -> None:
    with pytest.raises(WireError) as refused:
        per_page_of(sent, 50, 150)
    assert (refused.value.code, refused.value.message) == ("parameter_invalid", "Per Page is too big")


@pytest.mark.parametrize("sent", [0, "0", -1, "-1", "x", "1.5", " 5", "5_0", "+5", "²", "\uff15", "1e2", "null"])
def test_page_size_that_is_no_positive_number_is_refused_by_name(sent: str | int) -> None:
    with pytest.raises(WireError) as refused:
        per_page_of(sent, 50, 150)
    assert (refused.value.code, refused.value.message) == (
        "parameter_invalid",
        "per_page must be a whole number of 1 or more",
    )


# By number


def test_page_is_asked_for_by_number() -> None:
    assert numbered_page(None, None, 15, 60) == NumberedPage(1, 15)
    assert numbered_page("", "", 15, 60) == NumberedPage(1, 15)
    assert numbered_page("3", "20", 15, 60).offset == 40
    beyond = numbered_page("9" * 15, "60", 15, 60)
    assert beyond.offset < 2**63


@pytest.mark.parametrize("page", ["0", "-1", "x", "1.5", "9" * 16, "9" * 5000])
def test_page_number_that_cannot_be_is_refused_by_name(page: str) -> None:
    with pytest.raises(WireError) as refused:
        numbered_page(page, None, 15, 60)
    assert refused.value.code == "parameter_invalid"
    assert refused.value.message.startswith("page must ")


def scope_of(path: str) -> HTTPScope:
    scope: Any = {
        "scheme": "http",
        "path": path,
        "headers": [(b"accept", b"*/*"), (b"host", b"callbox.example:8080")],
        "server": ("10.0.0.1", 80),
    }
    enter_request(scope)
    return scope  # type: ignore[no-any-return]


def test_next_address_repeats_the_filters_until_the_last_page() -> None:
    scope = scope_of("/companies")
    answer = on_the_wire(url_pages(scope, NumberedPage(1, 15), 31, tag_id="a&b c", segment_id=None))
    following = answer.pop("next")
    assert answer == {"type": "pages", "page": 1, "per_page": 15, "total_pages": 3}
    parts = urlsplit(following)
    assert (parts.scheme, parts.netloc, parts.path) == ("http", "callbox.example:8080", "/companies")
    assert parse_qsl(parts.query) == [("tag_id", "a&b c"), ("per_page", "15"), ("page", "2")]

    assert on_the_wire(url_pages(scope, NumberedPage(3, 15), 31))["next"] is None
    beyond = {"type": "pages", "next": None, "page": 9, "per_page": 15, "total_pages": 3}
    assert on_the_wire(url_pages(scope, NumberedPage(9, 15), 31)) == beyond
    empty = {"type": "pages", "next": None, "page": 1, "per_page": 15, "total_pages": 0}
    assert on_the_wire(url_pages(scope, NumberedPage(1, 15), 0)) == empty


@pytest.mark.parametrize(("host", "shown"), [("10.0.0.1", "10.0.0.1"), ("::1", "[::1]")])
def test_next_address_is_that_of_the_socket_where_no_host_is_named(host: str, shown: str) -> None:
    scope: Any = {**scope_of("/companies"), "headers": [], "server": (host, 8080)}
    enter_request(scope)
    following = url_pages(scope, NumberedPage(1, 15), 16).next
    assert following == f"http://{shown}:8080/companies?per_page=15&page=2"


def test_next_address_is_the_public_one_where_it_is_known() -> None:
    set_public_url("https://support.example")
    try:
        pages = url_pages(scope_of("/companies/list"), NumberedPage(1, 15), 16)
    finally:
        set_public_url(None)
    assert pages.next == "https://support.example/companies/list?per_page=15&page=2"


def test_cursor_error_is_the_vendors() -> None:
    assert json.loads(CursorInvalid().body("id"))["errors"] == [{"code": "client_error", "message": BAD_CURSOR}]
