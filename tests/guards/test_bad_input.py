"""Bad input is refused in the API's form, with the name of the field, and nothing is half done.

Fields come from the structs that operations declare, so that a new field is tested without a line here.
"""

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

import pytest

from callbox.wire.decode import INVALID_JSON
from callbox.wire.html import plain_text
from tests.guards.attempts import Attempts, refusal
from tests.guards.conftest import Database
from tests.guards.fields import Raw, encoded, fields_of, fits, replaced
from tests.guards.requests import OPERATIONS, Place
from tests.guards.tenants import Tenant

pytestmark = pytest.mark.usefixtures("present")

Json = dict[str, Any]

WITH_BODY = [key for key, operation in OPERATIONS.items() if operation.request is not None]
WITHOUT_BODY = [key for key in OPERATIONS if key not in WITH_BODY]
STRICT = [key for key in WITH_BODY if OPERATIONS[key].request.__struct_config__.forbid_unknown_fields]
LENIENT = [key for key in WITH_BODY if key not in STRICT]


# Values

OF_ANY_TYPE: tuple[Any, ...] = (
    *(None, True, 17, -1, 0.5, "text", "", [], {}, ["a"], {"a": {"b": [1]}}),
    *(2**31, 2**63, 10**30, 1e308, Raw("1e400"), Raw("9" * 5000), Raw("[" * 1000 + "]" * 1000)),
)

# What a refusal calls a field, where it is in the vendor's words.
IN_OTHER_WORDS = {
    "admin_id": "admin",
    "data_type": "Data Type",
    "options": "Options",
    "owner_id": "owner",
    "predicate": "Invalid query",
    "query": "Invalid query",
}


def names(message: str, place: Place) -> bool:
    """Whether a message says which field it is about."""
    name = str(place[-1])
    return name in message or IN_OTHER_WORDS.get(name, name) in message


@pytest.mark.parametrize("key", WITH_BODY)
def test_value_of_a_wrong_type_is_refused_by_the_name_of_its_field(
    key: str, tenant: Tenant, database: Database
) -> None:
    attempts, kind = Attempts(key, tenant, database), OPERATIONS[key].request
    for place in list(fields_of(kind, attempts.request.body)):
        for value in OF_ANY_TYPE:
            content = encoded(replaced(attempts.request.body, place, value))
            answer = attempts.send(content)
            if not fits(content, kind):
                _, _, message = refusal(answer)
                assert names(message, place) or "nested too deeply" in message, f"{place} {value!r}: {message}"


# Texts

TEXTS = {
    "emoji": "🍞 the baker's 👩‍🍳",
    "right to left": "\u202eשלום\u202c עליכם",  # noqa: RUF001  # a letter of the language
    "combining and invisible": "e\u0301\u200b\u2028\ufeff.",
    "markup": "a <b>&amp;</b> \"' \\ %s {} $1",
    "10,000 characters": "long " * 1999 + "text.",
    "100,000 characters": "long " * 19_999 + "text.",
}

# Texts that an operation takes and does not show, and why.
NOT_SHOWN = {
    ("PUT /companies/{company_id}", "company_id"): "the customer's key of a company never changes",
    ("POST /contacts", "role"): "beside an e-mail address, an unknown role is a user's, as recorded",
    ("POST /contacts/search", "sort_field"): "the sort object wins",
    ("POST /contacts/search", "sort_order"): "the sort object wins",
    ("POST /events", "user_id"): "the id wins",
    ("POST /events", "email"): "the id wins",
    ("POST /tags", "user_id"): "the id wins",
    ("POST /tags", "email"): "the id wins",
    ("POST /conversations/search", "sort_field"): "the sort object wins",
    ("POST /conversations/search", "sort_order"): "the sort object wins",
    ("POST /conversations", "user_id"): "the id wins",
    ("POST /conversations", "email"): "the id wins",
    ("POST /conversations", "referer"): "shown by GET",
    ("POST /conversations", "subject"): "shown by GET",
    ("POST /conversations/{conversation_id}/reply", "body"): "kept as HTML",
    ("POST /conversations/{conversation_id}/reply", "intercom_user_id"): "an admin speaks",
    ("POST /conversations/{conversation_id}/reply", "user_id"): "an admin speaks",
    ("POST /conversations/{conversation_id}/reply", "email"): "an admin speaks",
    ("POST /conversations/{conversation_id}/reply", "content_type"): "what a file is, its bytes tell",
    ("POST /conversations/{conversation_id}/reply", "assignee_id"): "it is said, not done",
    ("POST /conversations/{conversation_id}/reply", "snoozed_until"): "it is said, not done",
    ("POST /conversations/{conversation_id}/reply", "snooze_until"): "it is said, not done",
    ("POST /conversations/{conversation_id}/parts", "snoozed_until"): "it is assigned, not snoozed",
    ("POST /conversations/{conversation_id}/parts", "snooze_until"): "it is assigned, not snoozed",
    ("POST /conversations/{conversation_id}/parts", "body"): "kept as HTML",
    ("POST /conversations/{conversation_id}/customers", "user_id"): "the id wins",
    ("POST /conversations/{conversation_id}/customers", "email"): "the id wins",
    ("POST /conversations/redact", "source_id"): "a part is redacted",
    ("POST /messages", "user_id"): "the id wins",
    ("POST /messages", "email"): "the id wins",
    ("POST /messages", "referer"): "shown by GET",
    ("POST /messages", "subject"): "an in-app message has none",
    ("POST /manage/v1/messages/{message_id}/answer", "body"): "kept as HTML",
    ("POST /tickets/search", "sort_field"): "the sort object wins",
    ("POST /tickets/search", "sort_order"): "the sort object wins",
    ("POST /tickets/{ticket_id}/reply", "body"): "kept as HTML",
    ("POST /tickets/{ticket_id}/reply", "intercom_user_id"): "an admin speaks",
    ("POST /tickets/{ticket_id}/reply", "user_id"): "an admin speaks",
    ("POST /tickets/{ticket_id}/reply", "email"): "an admin speaks",
    ("POST /tickets/{ticket_id}/reply", "content_type"): "what a file is, its bytes tell",
    ("PUT /visitors", "user_id"): "the id wins",
    ("POST /visitors/convert", "email"): "the user_id wins",
    ("POST /articles", "body"): "kept as HTML",
    ("PUT /articles/{article_id}", "body"): "kept as HTML",
    ("POST /manage/v1/articles/{article_id}/reactions", "person_id"): "only counted",
    ("POST /news/news_items", "body"): "kept as HTML",
    ("PUT /news/news_items/{news_item_id}", "body"): "kept as HTML",
    ("POST /events", "event_name"): "shown by GET /events",
    ("POST /events/summaries", "event_name"): "shown by GET /events",
    ("POST /contacts/{contact_id}/notes", "body"): "kept as HTML",
    ("PUT /manage/v1/email_settings", "signature"): "kept as HTML",
    ("POST /manage/v1/admins", "avatar"): "shown by GET /admins",
    ("PUT /manage/v1/admins/{admin_id}", "avatar"): "shown by GET /admins",
}


@pytest.mark.parametrize("key", WITH_BODY)
def test_text_comes_back_as_it_was_sent_or_is_refused_by_the_name_of_its_field(
    key: str, tenant: Tenant, database: Database
) -> None:
    attempts, kind = Attempts(key, tenant, database), OPERATIONS[key].request
    for place in list(fields_of(kind, attempts.request.body)):
        for name, text in TEXTS.items():
            sent = text if len(text) >= 10_000 else f"{text} {tenant.new_name()}"
            content = encoded(replaced(attempts.request.body, place, sent))
            answer = attempts.send(content)
            if answer.is_success:
                is_shown = sent in _texts_of(answer.json() if answer.content else None)
                assert is_shown or (key, place[-1]) in NOT_SHOWN, f"{place}: {name} is lost"
            elif answer.status_code != 404:
                _, _, message = refusal(answer)
                assert names(message, place), f"{place} {name}: {message}"


def _texts_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts_of(item)


@pytest.mark.parametrize("key", WITH_BODY)
def test_nul_is_refused_by_the_name_of_its_field(key: str, tenant: Tenant, database: Database) -> None:
    attempts, kind = Attempts(key, tenant, database), OPERATIONS[key].request
    for place in list(fields_of(kind, attempts.request.body)):
        for value in ("a\0b", ["\0"], {"a": ["\0"]}, {"\0": 1}):
            content = encoded(replaced(attempts.request.body, place, value))
            _, _, message = attempts.must_fail(content)
            assert names(message, place) or "key" in message, message


KEPT = {name: text for name, text in TEXTS.items() if len(text) <= 10_000}


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_text_comes_back_from_where_it_is_kept(text: str, tenant: Tenant) -> None:
    note = tenant.note(tenant.contact["id"], text)
    assert plain_text(note["body"]) == (text if "<b>" not in text else "a & \"' \\ %s {} $1")
    assert tenant.call("GET", f"/notes/{note['id']}")["body"] == note["body"]

    user = tenant.user(name=text, custom_attributes={tenant.attribute_name: text[:255]})
    read = tenant.call("GET", f"/contacts/{user['id']}")
    assert (read["name"], read["custom_attributes"][tenant.attribute_name]) == (text, text[:255])

    now = tenant.call("GET", "/manage/v1/clock")["now"]
    event = {"event_name": text[:255], "created_at": now, "id": user["id"], "metadata": {text[:100]: text}}
    assert tenant.api.post("/events", json=event).status_code == 202
    [listed] = tenant.call("GET", "/events", params={"type": "user", "intercom_user_id": user["id"]})["events"]
    assert (listed["event_name"], listed["metadata"]) == (text[:255].strip(), {text[:100]: text})

    summary = {"event_name": f"{text[:200]}.", "count": 3}
    body = {"user_id": user["external_id"], "event_summaries": summary}
    tenant.call("POST", "/events/summaries", json=body)
    asked = {"type": "user", "intercom_user_id": user["id"], "summary": "true"}
    assert summary["event_name"] in [each["name"] for each in tenant.call("GET", "/events", params=asked)["events"]]

    tenant.call("PUT", f"/manage/v1/admins/{tenant.second_admin}", json={"avatar": text[:255]})
    admins = tenant.call("GET", "/admins", params={"display_avatar": "true"})["admins"]
    [avatar] = [each["avatar"]["image_url"] for each in admins if each["id"] == tenant.second_admin]
    assert avatar == text[:255]


# Bodies

NO_JSON_OBJECT = {
    "nothing but a brace": b"{",
    "no JSON": b"<contact/>",
    "a list": b"[]",
    "a list of objects": b'[{"name": "a"}]',
    "a number": b"17",
    "a string": b'"name"',
    "true": b"true",
    "white space": b" \n",
    "NUL": b"\0",
}

DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda body: body[:-1],
    "two documents": lambda body: body + b"{}",
    "a comment": lambda body: body + b" // nothing",
    "single quotes": lambda body: body.replace(b'"', b"'"),
    "a trailing comma": lambda body: body[:-1] + b",}",
    "a byte order mark": lambda body: b"\xef\xbb\xbf" + body,
    "UTF-16": lambda body: body.decode().encode("utf-16"),
    "Latin-1": lambda body: body[:-1] + ', "é": 1}'.encode("latin-1"),
    "invalid UTF-8": lambda body: body[:-1] + b', "x": "\xff\xfe"}',
    "an encoded surrogate": lambda body: body[:-1] + b', "x": "\xed\xa0\x80"}',
}


@pytest.mark.parametrize("key", WITH_BODY)
def test_body_that_is_no_json_object_is_refused(key: str, tenant: Tenant, database: Database) -> None:
    attempts = Attempts(key, tenant, database)
    body = encoded(attempts.request.body)
    damaged = {name: damage(body) for name, damage in DAMAGE.items()}
    for name, content in {**NO_JSON_OBJECT, **damaged}.items():
        assert attempts.must_fail(content) == (400, "parameter_invalid", INVALID_JSON), name


NO_VALUES = ("NaN", "Infinity", "01", "+1", ".5", '"\\ud800"', '"\\udc00\\ud800"', '"\\x"', '"\t"')


@pytest.mark.parametrize("key", WITH_BODY)
def test_value_that_json_does_not_have_is_refused(key: str, tenant: Tenant, database: Database) -> None:
    attempts = Attempts(key, tenant, database)
    for place, written in zip(
        fields_of(OPERATIONS[key].request, attempts.request.body), cycle(NO_VALUES), strict=False
    ):
        attempts.must_fail(encoded(replaced(attempts.request.body, place, Raw(written))))


@pytest.mark.parametrize("key", WITH_BODY)
def test_deeply_nested_body_is_refused_or_what_is_deep_ignored(key: str, tenant: Tenant, database: Database) -> None:
    attempts = Attempts(key, tenant, database)
    for opening, closing in (("[", "]"), ('{"a":', "}"), ('{"name":[', "]}")):
        for levels in (1000, 20_000):
            attempts.send((opening * levels + "1" + closing * levels).encode())


@pytest.mark.parametrize("key", WITH_BODY)
def test_absent_body_and_null_read_as_an_empty_object(key: str, tenant: Tenant, database: Database) -> None:
    attempts = Attempts(key, tenant, database)
    answers = [attempts.send(content) for content in (b"{}", b"", b"null")]
    assert len({answer.status_code for answer in answers}) == 1
    if answers[0].is_error:
        assert len({refusal(answer) for answer in answers}) == 1


@pytest.mark.parametrize("key", WITH_BODY)
def test_oversize_body_is_refused(key: str, tenant: Tenant, database: Database) -> None:
    attempts = Attempts(key, tenant, database)
    for headers in ({}, {"Idempotency-Key": "oversize"}):
        content = b'{"name": "' + b"x" * OPERATIONS[key].body_limit + b'"}'
        status, code, _ = attempts.must_fail(content, headers=headers)
        assert (status, code) == (413, "payload_too_large")
        chunks = (content[start : start + 65_536] for start in range(0, len(content), 65_536))
        answer = attempts.send(headers=headers, content=chunks)
        assert refusal(answer)[:2] == (413, "payload_too_large")


@pytest.mark.parametrize("key", WITH_BODY)
def test_body_is_read_as_json_whatever_its_content_type(key: str, tenant: Tenant, database: Database) -> None:
    attempts = Attempts(key, tenant, database)
    for content_type in CONTENT_TYPES:
        headers = {} if content_type is None else {"Content-Type": content_type}
        answer = attempts.send(encoded(attempts.request.body), headers=headers)
        assert answer.is_success, f"{content_type}: {answer.text}"


CONTENT_TYPES = (
    *(None, "", "application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded"),
    *("multipart/form-data; boundary=b", "application/x-msgpack", "a/b/c;;"),
)


@pytest.mark.parametrize("key", STRICT)
def test_unknown_key_is_refused_by_name_where_operations_are_strict(
    key: str, tenant: Tenant, database: Database
) -> None:
    attempts = Attempts(key, tenant, database)
    for name in ("unknown", "Name", "", "naïve `key` 'x'"):
        content = encoded({**attempts.request.body, name: 1})
        assert attempts.must_fail(content) == (400, "bad_request", f"bad '{name}' parameter")


@pytest.mark.parametrize("key", LENIENT)
def test_unknown_key_is_ignored_elsewhere(key: str, tenant: Tenant, database: Database) -> None:
    attempts = Attempts(key, tenant, database)
    for value in (1, "text", {"a": [None]}):
        assert attempts.send(encoded({**attempts.request.body, "unknown": value, "Unknown ": value})).is_success


@pytest.mark.parametrize("key", WITH_BODY)
def test_repeated_key_is_harmless(key: str, tenant: Tenant, database: Database) -> None:
    attempts = Attempts(key, tenant, database)
    for name, value in list(attempts.request.body.items()):
        body, twice = (encoded(each)[1:-1] for each in (attempts.request.body, {name: value}))
        assert attempts.send(b"{%b, %b}" % (twice, body)).is_success
        wrong = encoded({name: Raw("[[[17]]]")})[1:-1]
        for content in (b"{%b, %b}" % (wrong, body), b"{%b, %b}" % (body, wrong)):
            attempts.send(content)


def test_of_a_repeated_key_the_last_one_counts(tenant: Tenant) -> None:
    made = tenant.call("POST", "/contacts", content=b'{"role": "lead", "name": "first", "name": "last"}')
    assert made["name"] == "last"


@pytest.mark.parametrize("key", WITHOUT_BODY)
def test_body_that_nobody_asked_for_is_ignored(key: str, tenant: Tenant, database: Database) -> None:
    attempts = Attempts(key, tenant, database)
    for content in (b"", b"{}", b'{"admin_id": "1"}', b"[]", b"{", b"\xff\0"):
        answer = attempts.send(content)
        assert answer.is_success, f"{content[:30]!r}: {answer.text}"


# Meanings

BAD_EMAILS = (
    *("nobody", "@example.com", "nobody@", "a b@example.com", "a@b@example.com", "a@-example.com", "a@example..com"),
    *("a@exa mple.com", "<a@example.com>", "a@example.com, b@example.com", "a@example.com\nb", "a@[127.0.0.1"),
    *("a@" + "b" * 64 + ".com", "x" * 250 + "@example.com", ".a@example.com", "a\u202e@example.com", "mailto:a@b.com"),
)
# Operations in which an address only finds somebody.
BY_ADDRESS = {
    "POST /events",
    "POST /conversations/{conversation_id}/reply",
    "POST /tickets/{ticket_id}/reply",
}
WITH_ADDRESS = [
    key for key in WITH_BODY if "email" in OPERATIONS[key].request.__struct_fields__ and key not in BY_ADDRESS
]


@pytest.mark.parametrize("key", WITH_ADDRESS)
def test_address_that_is_none_is_refused_by_name(key: str, tenant: Tenant, database: Database) -> None:
    attempts = Attempts(key, tenant, database)
    for value in BAD_EMAILS:
        status, code, message = attempts.must_fail(encoded({**attempts.request.body, "email": value}))
        assert (status, code) == (400, "parameter_invalid"), value
        assert message.startswith("email"), value


_FIRST, _LAST = -62_135_596_800, 253_402_300_799  # the seconds of the years 1 to 9999
BAD_TIMES = (_FIRST, _FIRST + 0.5, _LAST + 1, 1e300, "0001-01-01", "9999-12-31T23:59:59-01:00", "yesterday", "nan", "")
TIMES = ("created_at", "first", "last", "last_seen_at", "remote_created_at", "signed_up_at")


def test_time_beyond_the_calendar_is_refused_by_name_and_one_at_its_end_can_be_read(
    tenant: Tenant, database: Database
) -> None:
    tried = 0
    for key in WITH_BODY:
        attempts = Attempts(key, tenant, database)
        for place in fields_of(OPERATIONS[key].request, attempts.request.body):
            if place[-1] in TIMES:
                tried += 1
                for value in BAD_TIMES:
                    status, code, message = attempts.must_fail(encoded(replaced(attempts.request.body, place, value)))
                    assert (status, code) == (400, "parameter_invalid")
                    assert names(message, place)
                for value in (_FIRST + 1, _LAST, "9999-12-31"):
                    attempts.send(encoded(replaced(attempts.request.body, place, value)))
    assert tried >= 9
    for path in ("/contacts", "/companies", f"/events?type=user&intercom_user_id={tenant.contact['id']}&summary=true"):
        assert tenant.api.get(path).status_code == 200


def test_conflict_names_the_other_contact_and_changes_nothing(tenant: Tenant, database: Database) -> None:
    user, archived = tenant.user(), tenant.archived()
    by_email = tenant.post("/contacts", {"email": f"{tenant.new_name()}@example.com"})
    before = database.state_of(tenant.workspace_id)
    for body, message in (
        ({"external_id": user["external_id"]}, f"A contact matching those details already exists with id={user['id']}"),
        ({"email": by_email["email"]}, f"A contact matching those details already exists with id={by_email['id']}"),
        (
            {"external_id": archived["external_id"]},
            f"An archived contact matching those details already exists with id={archived['id']}",
        ),
    ):
        assert refusal(tenant.api.post("/contacts", json=body)) == (409, "conflict", message)
    change = {"external_id": user["external_id"]}
    answer = tenant.api.put(f"/contacts/{tenant.contact['id']}", json=change)
    assert refusal(answer)[::2] == (409, f"A contact matching those details already exists with id={user['id']}")
    assert database.state_of(tenant.workspace_id) == before


_IS_A = {"field": "name", "operator": "=", "value": "a"}
_ILL_FORMED = (
    "Invalid query. Ensure 'field', 'operator', 'value' are present for field queries. "
    "Ensure 'operator' and 'value' for composite queries."
)


def _group(*queries: Any, operator: str = "AND") -> Json:
    return {"operator": operator, "value": list(queries)}


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("name = a", "invalid_query", _ILL_FORMED),
        ({}, "invalid_query", _ILL_FORMED),
        ({"field": "name"}, "invalid_query", _ILL_FORMED),
        (_group(), "invalid_query", _ILL_FORMED),
        ({**_IS_A, "field": "shoe_size"}, "invalid_field", "shoe_size is not a valid field"),
        ({**_IS_A, "field": "custom_attributes.x"}, "invalid_field", "custom_attributes.x is not a valid field"),
        ({**_IS_A, "operator": ">"}, "invalid_operator", "name does not support operator: >"),
        (_group(_IS_A, operator="XOR"), "invalid_operator", "Composite operators must be of type AND or OR "),
        ({**_IS_A, "value": 123}, "invalid_value", "123 is not a valid string"),
        ({**_IS_A, "field": "owner_id", "value": "x"}, "invalid_value", "x is not a valid integer"),
        ({**_IS_A, "field": "created_at", "value": "x"}, "invalid_value", "x is not a valid date"),
        ({**_IS_A, "operator": "IN"}, "invalid_value", "value must be an array"),
        (
            _group(*[_IS_A] * 16),
            "invalid_value",
            "Number of elements in composite query is greater than 15, please try again with a smaller list",
        ),
        (_group(_group(_group(_IS_A))), "invalid_values", "Value depth exceeds 10 items"),
    ],
)
def test_search_that_is_ill_formed_says_why_without_a_request_id(
    query: Any, code: str, message: str, tenant: Tenant
) -> None:
    answer = tenant.api.post("/contacts/search", json={"query": query})
    assert refusal(answer) == (400, code, message)
    assert answer.json()["request_id"] is None
