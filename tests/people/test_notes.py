"""Notes: written about contacts, clean whatever is sent, read newest first."""

from typing import Any

import httpx
import pytest

from tests.conftest import Outbox, TestWorkspace
from tests.contract.world import World
from tests.people.tools import UNKNOWN_ID, USER_NOT_FOUND, body_of, error_of, set_clock

Json = dict[str, Any]

STRANGE_IDS = ["invalid_id", "0", "-1", "1.5", "9" * 18, "9" * 40, "x" * 500, "%F0%9F%99%82", "a'b--"]
NOT_FOUND = (404, "not_found", "Resource Not Found")
THEN = 1_750_000_000


def write(api: httpx.Client, contact: Json, body: str = "Hello", **values: Any) -> Json:
    return body_of(api.post(f"/contacts/{contact['id']}/notes", json={"body": body, **values}))


def listed(api: httpx.Client, contact: Json, **params: Any) -> Json:
    return body_of(api.get(f"/contacts/{contact['id']}/notes", params=params))


@pytest.mark.parametrize("role", ["user", "lead"])
def test_note_is_answered_read_and_listed_alike(api: httpx.Client, world: World, role: str) -> None:
    contact = world.user() if role == "user" else world.lead()
    set_clock(api, THEN)
    note = write(api, contact)
    assert note == {
        "type": "note",
        "id": note["id"],
        "created_at": pytest.approx(THEN, abs=30),
        "contact": {"type": "contact", "id": contact["id"]},
        "author": note["author"],
        "body": "<p>Hello</p>",
    }
    assert note["id"].isdigit()
    assert body_of(api.get(f"/notes/{note['id']}")) == note
    assert listed(api, contact) == {
        "type": "list",
        "data": [note],
        "total_count": 1,
        "pages": {"type": "pages", "next": None, "page": 1, "per_page": 50, "total_pages": 1},
    }


def test_author_is_who_is_named_or_else_the_admin_of_the_token(api: httpx.Client, world: World) -> None:
    user = world.user()
    ada = body_of(api.post("/manage/v1/admins", json={"email": "ada@example.com", "name": "Ada"}))
    assert write(api, user)["author"]["id"] == world.admin_id()
    assert write(api, user, admin_id=None)["author"]["id"] == world.admin_id()
    for admin_id in (ada["id"], int(ada["id"])):
        author = write(api, user, admin_id=admin_id, contact_id=user["id"])["author"]
        shown = {key: author[key] for key in ("type", "id", "name", "email", "away_mode_enabled", "away_mode_reassign")}
        assert shown == {key: ada[key] for key in shown}


@pytest.mark.parametrize("admin_id", STRANGE_IDS)
def test_unknown_author_is_not_found(api: httpx.Client, world: World, admin_id: str) -> None:
    user = world.user()
    answer = api.post(f"/contacts/{user['id']}/notes", json={"body": "Hello", "admin_id": admin_id})
    assert error_of(answer) == NOT_FOUND
    assert listed(api, user)["total_count"] == 0


@pytest.mark.parametrize("contact_id", [*STRANGE_IDS, UNKNOWN_ID])
def test_unknown_contact_is_not_found(api: httpx.Client, contact_id: str) -> None:
    path = f"/contacts/{contact_id}/notes"
    assert error_of(api.get(path)) == USER_NOT_FOUND
    assert error_of(api.post(path, json={"body": "Hello"})) == USER_NOT_FOUND
    assert error_of(api.post(path, json={"body": "Hello", "admin_id": "nobody"})) == USER_NOT_FOUND


@pytest.mark.parametrize("note_id", STRANGE_IDS)
def test_unknown_note_is_not_found(api: httpx.Client, note_id: str) -> None:
    assert error_of(api.get(f"/notes/{note_id}")) == NOT_FOUND


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, ("parameter_not_found", "body is a required parameter")),
        ({"body": ""}, ("parameter_not_found", "body is a required parameter")),
        ({"body": " \n\t"}, ("parameter_not_found", "body is a required parameter")),
        ({"body": "<p> </p><br>"}, ("parameter_not_found", "body is a required parameter")),
        ({"body": "<script>alert(1)</script>"}, ("parameter_not_found", "body is a required parameter")),
        ({"body": None}, ("parameter_invalid", "body must be a string, not null")),
        ({"body": 7}, ("parameter_invalid", "body must be a string, not an integer")),
        ({"body": "x" * 500_001}, ("parameter_invalid", "body must be at most 500000 characters long")),
        ({"body": "a\0b"}, ("parameter_invalid", "body must not contain the NUL character")),
        ({"body": "<div>" * 300 + "deep"}, ("parameter_invalid", "body is nested too deeply")),
    ],
    ids=["none", "empty", "blank", "markup", "script", "null", "number", "long", "NUL", "deep"],
)
def test_ill_formed_note_is_refused_by_name(
    api: httpx.Client, world: World, body: Json, expected: tuple[str, str]
) -> None:
    user = world.user()
    assert error_of(api.post(f"/contacts/{user['id']}/notes", json=body)) == (400, *expected)
    assert listed(api, user)["total_count"] == 0


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Hello", "<p>Hello</p>"),
        ("One\ntwo\r\n\r\nThree", "<p>One<br>two</p><p>Three</p>"),
        ("1 < 2 & 3 > 2", "<p>1 &lt; 2 &amp; 3 &gt; 2</p>"),
        ("<p>This is a note.</p>", "<p>This is a note.</p>"),
        ("<b>Bold</b> and plain", "<b>Bold</b> and plain"),
        ("Plain and <b>bold</b>", "<p>Plain and <b>bold</b></p>"),
        ("<p>Hi<script>alert(1)</script></p>", "<p>Hi</p>"),
        ('<p onclick="steal()" style="x">Hi</p>', "<p>Hi</p>"),
        ('<a href="javascript:alert(1)">Hi</a>', '<a rel="nofollow noopener noreferrer">Hi</a>'),
        (
            '<a href="https://example.com" target="_top">Hi</a>',
            '<a href="https://example.com" rel="nofollow noopener noreferrer">Hi</a>',
        ),
        ('<img src="https://example.com/a.png" onerror="x()">', '<img src="https://example.com/a.png">'),
        ("<iframe src='https://example.com'></iframe><p>Hi</p>", "<p>Hi</p>"),
        ("<p>🙂 مرحبا</p>", "<p>🙂 مرحبا</p>"),
    ],
)
def test_body_is_clean_html_whatever_is_sent(api: httpx.Client, world: World, sent: str, kept: str) -> None:
    note = write(api, world.user(), sent)
    assert note["body"] == kept
    assert body_of(api.get(f"/notes/{note['id']}"))["body"] == kept


def test_long_note_is_kept_whole(api: httpx.Client, world: World) -> None:
    text = "é" * 10_000
    assert write(api, world.user(), text)["body"] == f"<p>{text}</p>"


# Lists


def test_notes_are_listed_newest_first_by_pages_that_links_lead_through(api: httpx.Client, world: World) -> None:
    user = world.user()
    written = [write(api, user, str(number))["id"] for number in range(5)]
    first = listed(api, user, per_page=2)
    pages = [first]
    while (url := pages[-1]["pages"]["next"]) is not None:
        assert url.startswith(f"{api.base_url}".rstrip("/"))
        pages.append(body_of(api.get(url)))
    assert [note["id"] for page in pages for note in page["data"]] == written[::-1]
    for number, page in enumerate(pages, start=1):
        shown = {key: page["pages"][key] for key in ("type", "page", "per_page", "total_pages")}
        assert shown == {"type": "pages", "page": number, "per_page": 2, "total_pages": 3}
        assert page["total_count"] == 5
    beyond = listed(api, user, per_page=2, page=4)
    assert (beyond["data"], beyond["total_count"], beyond["pages"]["next"]) == ([], 5, None)


def test_contact_without_notes_has_an_empty_list(api: httpx.Client, world: World) -> None:
    assert listed(api, world.user()) == {
        "type": "list",
        "data": [],
        "total_count": 0,
        "pages": {"type": "pages", "next": None, "page": 1, "per_page": 50, "total_pages": 0},
    }


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"per_page": 61}, "Per Page is too big"),
        ({"per_page": 0}, "per_page must be a whole number of 1 or more"),
        ({"page": -1}, "page must be a whole number of 1 or more"),
        ({"page": "two"}, "page must be a whole number of 1 or more"),
    ],
)
def test_bad_page_is_refused(api: httpx.Client, world: World, params: Json, message: str) -> None:
    answer = api.get(f"/contacts/{world.user()['id']}/notes", params=params)
    assert error_of(answer) == (400, "parameter_invalid", message)


def test_contact_shows_its_ten_newest_notes_and_how_many_there_are(api: httpx.Client, world: World) -> None:
    user = world.user()
    path = f"/contacts/{user['id']}"
    written = [write(api, user, str(number))["id"] for number in range(11)]
    shown = body_of(api.get(path))["notes"]
    assert shown == {
        "type": "list",
        "data": [{"id": note_id, "type": "note", "url": f"/notes/{note_id}"} for note_id in written[:0:-1]],
        "url": f"{path}/notes",
        "total_count": 11,
        "has_more": True,
    }
    assert len(body_of(api.get(shown["url"], params={"per_page": 60, "display_as": "plaintext"}))["data"]) == 11


# What else happens


def test_note_counts_as_an_update_of_the_contact(api: httpx.Client, world: World) -> None:
    user = world.user()
    set_clock(api, THEN)
    write(api, user)
    assert body_of(api.get(f"/contacts/{user['id']}"))["updated_at"] == pytest.approx(THEN, abs=30)


@pytest.mark.parametrize("role", ["user", "lead"])
def test_note_is_told_as_an_update_of_the_contact(quiet: TestWorkspace, outbox: Outbox, role: str) -> None:
    world = World(quiet.api)
    contact = world.user() if role == "user" else world.lead()
    outbox.take()
    write(quiet.api, contact)
    shown = body_of(quiet.api.get(f"/contacts/{contact['id']}"))
    assert shown["notes"]["total_count"] == 1
    assert outbox.take() == [(f"contact.{role}.updated", contact["id"], shown)]


def test_notes_of_an_archived_contact_come_back_with_it(api: httpx.Client, world: World) -> None:
    user = world.user()
    note = write(api, user)
    path = f"/contacts/{user['id']}"
    api.post(f"{path}/archive")
    assert error_of(api.get(f"{path}/notes")) == USER_NOT_FOUND
    assert error_of(api.get(f"/notes/{note['id']}")) == NOT_FOUND
    api.post(f"{path}/unarchive")
    assert listed(api, user)["data"] == [note] == [body_of(api.get(f"/notes/{note['id']}"))]


def test_other_workspace_reads_and_writes_no_note(api: httpx.Client, world: World, other: TestWorkspace) -> None:
    user = world.user()
    note = write(api, user)
    assert error_of(other.api.get(f"/notes/{note['id']}")) == NOT_FOUND
    assert error_of(other.api.get(f"/contacts/{user['id']}/notes")) == USER_NOT_FOUND
    assert error_of(other.api.post(f"/contacts/{user['id']}/notes", json={"body": "Hello"})) == USER_NOT_FOUND
    stranger = World(other.api).user()
    answer = other.api.post(f"/contacts/{stranger['id']}/notes", json={"body": "Hi", "admin_id": world.admin_id()})
    assert error_of(answer) == NOT_FOUND
    assert listed(api, user)["total_count"] == 1
