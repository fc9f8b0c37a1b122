"""Bad paths, methods, headers and query strings are refused in the API's form, and nothing is half done."""

import re
import socket
from typing import Any

import httpx
import pytest

from callbox.wire.operations import FILE_MEDIA_TYPE, FileAnswer
from tests.guards.attempts import Attempts, refusal, send_raw
from tests.guards.conftest import Database
from tests.guards.fields import encoded
from tests.guards.requests import OPERATIONS
from tests.guards.tenants import Tenant

pytestmark = pytest.mark.usefixtures("present")

Json = dict[str, Any]

UNKNOWN = "667d60998a68186f43bafda1"
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "REPORT", "TRACE")
PATHS = sorted({key.partition(" ")[2] for key in OPERATIONS})


def _reading(name: str) -> list[str]:
    """Operations whose query has a parameter of this name."""
    return [key for key, each in OPERATIONS.items() if each.query and name in each.query.__struct_fields__]


# Paths

# As they are written in a URL.
BAD_IDS = (
    *("0", "-1", "1.5", "1e3", "+7", "00000000000000000001", "9" * 18, "9" * 19, "9" * 5000, "null", "%7Bid%7D", "*"),
    *("z" * 24, UNKNOWN, UNKNOWN[:-1], UNKNOWN + "0", "%20", "%0D%0A", "%25", "%2525", "%zz", "%", "%F0%9F%8D%9E"),
    *("%D9%A1", "%FF", "%C0%80", "%ED%A0%80", "'%20OR%201=1--", "%22", "..", ".", "%2e%2e", "a%2Fb", "..%2F..", "a;b"),
    "x" * 60_000,
)
WITH_NUL = ("%00", "a%00b", "%2500%00")


@pytest.mark.parametrize("key", [key for key in OPERATIONS if "{" in key])
def test_id_that_cannot_be_one_is_not_found(key: str, tenant: Tenant, database: Database) -> None:
    attempts = Attempts(key, tenant, database)
    method, _, template = key.partition(" ")
    body = None if attempts.request.body is None else encoded(attempts.request.body)
    for name in attempts.request.path:
        for bad in (*BAD_IDS, *WITH_NUL):
            target = template.format(**{**attempts.request.path, name: bad})
            answer = attempts.note(send_raw(tenant, method, target, body), target)
            expected = 400 if bad in WITH_NUL else 404
            assert answer.status_code == expected, f"{target[:100]}: {answer.status_code} {answer.text}"


@pytest.mark.parametrize("path", PATHS)
def test_unknown_path_is_not_found(path: str, tenant: Tenant) -> None:
    given = re.sub(r"\{\w+\}", UNKNOWN, path)
    for method in METHODS:
        for unknown in (f"{given}/nothing", f"{given}/{UNKNOWN}/nothing/more", f"/v1{given}", given.upper()):
            if not _is_known(method, unknown):
                assert refusal(tenant.api.request(method, unknown))[0] == 404, f"{method} {unknown}"


def _is_known(method: str, path: str) -> bool:
    """Whether an operation takes the path: its last part may be an id to it."""
    return any(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", key), f"{method} {path}") for key in OPERATIONS)


@pytest.mark.parametrize("path", PATHS)
def test_method_that_a_path_does_not_have_is_not_found(path: str, tenant: Tenant, database: Database) -> None:
    before = database.state_of(tenant.workspace_id)
    given = re.sub(r"\{\w+\}", UNKNOWN, path)
    known = {key.partition(" ")[0] for key in OPERATIONS if key.endswith(f" {path}")}
    for method in METHODS:
        if method not in known:
            for content in (b"", b"{}"):
                assert refusal(tenant.api.request(method, given, content=content))[0] == 404, f"{method} {path}"
    assert database.state_of(tenant.workspace_id) == before


@pytest.mark.parametrize("key", OPERATIONS)
def test_path_may_end_with_a_slash_and_repeat_slashes(key: str, tenant: Tenant, database: Database) -> None:
    attempts = Attempts(key, tenant, database)
    method, _, template = key.partition(" ")
    for form in ("{}/", "/{}", "{}//"):
        target = form.format(template.format(**attempts.request.path))
        body = None if attempts.request.body is None else encoded(attempts.request.body)
        query = httpx.QueryParams(attempts.request.query)
        answer = attempts.note(send_raw(tenant, method, f"{target}?{query}", body), target)
        assert answer.is_success, f"{target}: {answer.text}"


@pytest.mark.parametrize(
    "sent",
    [
        f"GET /contacts/{'x' * 200_000} HTTP/1.1\r\n\r\n".encode(),
        "GET /contacts/é HTTP/1.1\r\n\r\n".encode("latin-1"),
        b"FETCH /me HTTP/1.1\r\n\r\n",
        b"GET /me\x00 HTTP/1.1\r\n\r\n",
        b"GET /me HTTP/1.1\r\nno header\r\n\r\n",
        b"GET /me HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /contacts HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
    ids=["long URL", "no ASCII", "method", "NUL", "header", "length", "two lengths", "TLS"],
)
def test_bytes_that_are_no_request_are_refused_like_one(sent: bytes, tenant: Tenant) -> None:
    url = tenant.api.base_url
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall(sent)
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert refusal(httpx.Response(int(status.split()[1]), headers=headers, content=body))[:2] == (400, "client_error")


# Headers


@pytest.mark.parametrize("key", [key for key in OPERATIONS if OPERATIONS[key].response is not FileAnswer])
def test_only_json_is_sent(key: str, tenant: Tenant, database: Database) -> None:
    attempts = Attempts(key, tenant, database)
    for accept in ("text/html", "image/png, text/plain;q=0.5", "application/xml"):
        status, code, message = refusal(attempts.send(headers={"Accept": accept}))
        assert (status, code) == (406, "media_type_not_acceptable")
        assert message == "The Accept header should send a media type of application/json"
    for accept in ("", "*/*", "Application/JSON", "application/*;q=0.1", "application/vnd.intercom.3+json"):
        assert attempts.send(headers={"Accept": accept}).is_success, accept


@pytest.mark.parametrize("key", [key for key in OPERATIONS if OPERATIONS[key].response is FileAnswer])
def test_a_file_is_sent_whatever_is_accepted(key: str, tenant: Tenant, database: Database) -> None:
    attempts = Attempts(key, tenant, database)
    for accept in ("application/octet-stream", "text/html", "*/*", "application/json", ""):
        answer = attempts.send(headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (200, FILE_MEDIA_TYPE)


# Query strings


@pytest.mark.parametrize("key", OPERATIONS)
def test_unknown_query_keys_are_ignored(key: str, tenant: Tenant, database: Database) -> None:
    attempts = Attempts(key, tenant, database)
    for unknown in ({"display_as": "plaintext"}, {"per-page": "x", "": ""}, {"q": "%"}, {"x" * 1000: "é" * 1000}):
        answer = attempts.send(params={**attempts.request.query, **unknown})
        assert answer.is_success, f"{unknown}: {answer.text}"


BAD_PER_PAGE = ("0", "-1", "abc", "1.5", "1e2", "+5", " 5", "0x10", "٥", "1_0", "null", "[]", "00", "9" * 5000, "251")  # noqa: RUF001


@pytest.mark.parametrize("key", _reading("per_page"))
def test_page_size_that_a_list_does_not_give_is_refused_by_name(key: str, tenant: Tenant, database: Database) -> None:
    attempts = Attempts(key, tenant, database)
    for sent in BAD_PER_PAGE:
        status, code, message = attempts.must_fail(params={**attempts.request.query, "per_page": sent})
        assert (status, code) == (400, "parameter_invalid")
        assert "per_page" in message or message == "Per Page is too big"


@pytest.mark.parametrize("key", _reading("page"))
def test_page_that_cannot_be_is_refused_by_name(key: str, tenant: Tenant, database: Database) -> None:
    attempts = Attempts(key, tenant, database)
    for sent in ("0", "-1", "abc", "1.5", "1e2", " 2", "٢", "9" * 16, "9" * 5000):
        status, code, message = attempts.must_fail(params={**attempts.request.query, "page": sent})
        assert (status, code) == (400, "parameter_invalid")
        assert "page" in message


@pytest.mark.parametrize("key", _reading("page"))
def test_page_past_the_end_is_empty_or_refused(key: str, tenant: Tenant, database: Database) -> None:
    attempts = Attempts(key, tenant, database)
    for sent in ("50", "9" * 15):
        answer = attempts.send(params={**attempts.request.query, "page": sent})
        if answer.is_error:
            assert refusal(answer) == (400, "bad_request", "page limit reached, please use scroll API")
        else:
            assert [value for value in answer.json().values() if isinstance(value, list) and value] == []


BAD_CURSORS = (
    *(
        "abc",
        "=",
        "====",
        "%",
        "null",
        "0",
        "-1",
        "W10",
        "WzEsMiwzXQ",
        "eyJhIjoxfQ",
        "é",
        "\0",
        "a b",
        "..",
        "x" * 50_000,
    ),
    *(UNKNOWN, "WzAsMiwyLCJ4IixudWxsXQ", "WzAsMiwyLCJ4IixudWxsXQ=="),
)


@pytest.mark.parametrize("key", _reading("starting_after"))
def test_cursor_that_no_list_gave_is_refused(key: str, tenant: Tenant, database: Database) -> None:
    attempts = Attempts(key, tenant, database)
    for cursor in BAD_CURSORS:
        status, code, message = attempts.must_fail(params={**attempts.request.query, "starting_after": cursor})
        if "\0" in cursor:
            assert (status, code) == (400, "parameter_invalid")
        else:
            assert (status, code) == (400, "client_error")
            assert message.startswith("Invalid starting_after param")


def test_page_of_a_search_is_checked_like_that_of_a_list(tenant: Tenant) -> None:
    query = {"field": "created_at", "operator": ">", "value": 0}

    def refused(**pagination: Any) -> tuple[int, str, str]:
        return refusal(tenant.api.post("/contacts/search", json={"query": query, "pagination": pagination}))

    for per_page in (0, -1, 151, 2**63, 10**400, *BAD_PER_PAGE):
        status, code, message = refused(per_page=per_page)
        assert (status, code) == (400, "parameter_invalid")
        assert "per_page" in message or message == "Per Page is too big"
    for cursor in BAD_CURSORS:
        assert refused(starting_after=cursor)[:2] == (400, "parameter_invalid" if "\0" in cursor else "client_error")


def test_scroll_that_nobody_opened_is_not_found(tenant: Tenant) -> None:
    for scroll in (*BAD_CURSORS[:-1], "00000000-0000-4000-8000-000000000000"):
        answer = tenant.api.get("/companies/scroll", params={"scroll_param": scroll})
        assert refusal(answer)[0] == (400 if "\0" in scroll else 404), scroll


@pytest.mark.parametrize("key", [key for key, each in OPERATIONS.items() if each.query])
def test_any_query_parameter_may_hold_anything(key: str, tenant: Tenant, database: Database) -> None:
    attempts = Attempts(key, tenant, database)
    names = OPERATIONS[key].query.__struct_fields__
    for name in names:
        for value in ("", "0", "-1", "x", "true", "9" * 400, "1e400", "nan", "é🍞", "x" * 20_000, "%s", "'", "\\", " "):
            attempts.send(params={**attempts.request.query, name: value})
        status, _, message = attempts.must_fail(params={**attempts.request.query, name: "a\0b"})
        assert status == 400
        assert "NUL" in message


def test_query_string_that_is_ill_formed_is_read_as_far_as_it_can_be(tenant: Tenant) -> None:
    for query in (
        "?",
        "&",
        "=",
        "per_page",
        "per_page=",
        "per_page=2&per_page=3",
        "%",
        "%zz=%zz",
        "a=%ff",
        "&&&=&",
        ";",
    ):
        assert tenant.api.get(f"/contacts?{query}").status_code == 200, query
    assert refusal(send_raw(tenant, "GET", "/contacts?per_page=%ff"))[:2] == (400, "parameter_invalid")
