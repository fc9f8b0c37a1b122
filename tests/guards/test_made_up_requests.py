"""Made-up searches, bodies, cursors and ids: each is answered or refused in the API's form, never by a fault.

The examples are the same at every run. `make fuzz` makes up more, from the descriptions.
"""

import base64
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callbox.people.contacts.search import CONTACTS
from callbox.support.conversations.search import CONVERSATIONS
from callbox.support.tickets.search import TICKETS
from callbox.wire.search import Resource
from tests.guards.attempts import refusal
from tests.guards.requests import OPERATIONS, REQUESTS
from tests.guards.tenants import Tenant

Json = dict[str, Any]


def made_up(examples: int) -> settings:
    """The same examples at every run, on a server that is shared with nobody."""
    return settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )


def answered(answer: httpx.Response) -> bool:
    """Whether an answer is a success; if it is not, it must be a refusal in the API's form."""
    if answer.is_success:
        return True
    refusal(answer)
    return False


# Searches: the fields that there are, and values of every kind beside what the field takes

TEXTS = st.text(max_size=12) | st.sampled_from(
    ["", "%", "_", "\\", "'", "\0", "null", "true", "2026-02-30", "🍞", "1e999"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=6,
)
OPERATORS = st.sampled_from(["=", "!=", "IN", "NIN", ">", "<", ">=", "<=", "~", "!~", "^", "$", "AND", "", "LIKE"])
RESOURCES = {"contacts": CONTACTS, "conversations": CONVERSATIONS, "tickets": TICKETS}


def _queries(resource: Resource) -> st.SearchStrategy[Json]:
    fields = st.sampled_from(sorted(resource.fields)) | TEXTS.map(lambda name: f"custom_attributes.{name}") | TEXTS
    filters = st.fixed_dictionaries({"field": fields, "operator": OPERATORS, "value": VALUES})
    joined = st.sampled_from(["AND", "OR", "and", "NOT"])
    return st.recursive(
        filters,
        lambda inner: st.fixed_dictionaries({"operator": joined, "value": st.lists(inner, max_size=4)}),
        max_leaves=8,
    )


@pytest.mark.parametrize("path", RESOURCES)
def test_search_is_answered_or_refused(path: str, tenant: Tenant) -> None:
    resource = RESOURCES[path]
    orders = st.sampled_from(["ascending", "descending", "", None])
    sorts = st.none() | st.fixed_dictionaries(
        {"field": st.sampled_from(sorted(resource.fields)) | TEXTS, "order": orders}
    )
    pages = st.fixed_dictionaries({"per_page": st.integers(-1, 151) | VALUES, "starting_after": VALUES})

    @made_up(100)
    @given(query=_queries(resource), sort=sorts, pagination=st.none() | pages)
    def search(query: Json, sort: Any, pagination: Any) -> None:
        body = {"query": query, "sort": sort, "pagination": pagination}
        if answered(tenant.api.post(f"/{path}/search", json=body)):
            counted = tenant.api.post(f"/{path}/search", json={"query": query}).json()["total_count"]
            assert counted >= 0

    search()


# HTML

TAGS = ["p", "b", "a", "img", "script", "style", "iframe", "svg", "table", "tr", "td", "ul", "li", "div", "math", "h1"]
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["href", "src", "onclick", "onerror", "style", "class", "srcdoc", "xlink:href", "id", "target"]),
    TEXTS
    | st.sampled_from(["javascript:alert(1)", " java\tscript:alert(1)", "data:text/html,<script>", "//evil.example"]),
    max_size=2,
)


@st.composite
def _markup(draw: st.DrawFn, depth: int = 0) -> str:
    if depth > 3 or draw(st.booleans()):
        return draw(TEXTS)
    tag = draw(st.sampled_from(TAGS))
    attributes = "".join(f' {name}="{value}"' for name, value in draw(ATTRIBUTES).items())
    inside = "".join(draw(st.lists(_markup(depth + 1), max_size=3)))
    return f"<{tag}{attributes}>{inside}{draw(st.sampled_from([f'</{tag}>', '', '</', '<!--', ']]>']))}"


class _Dangers(HTMLParser):
    """What a browser would run, or load from elsewhere without being asked."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "style", "svg", "math", "object", "embed", "form", "base", "meta", "link"}:
            self.found.append(tag)
        for name, value in attrs:
            address = "".join((value or "").split()).lower()
            if (
                name.startswith("on")
                or name == "srcdoc"
                or address.startswith(("javascript:", "data:text", "vbscript:"))
            ):
                self.found.append(f"{tag} {name}={value}")


def _dangers(markup: str) -> list[str]:
    parser = _Dangers()
    parser.feed(markup)
    return parser.found


def test_html_is_kept_without_what_runs_and_stays_as_it_is_kept(tenant: Tenant) -> None:
    article, author = tenant.article(), int(tenant.admin_id())

    @made_up(100)
    @given(markup=st.lists(_markup(), min_size=1, max_size=4).map("".join))
    def keep(markup: str) -> None:
        update = {"body": markup, "author_id": author}
        answer = tenant.api.put(f"/articles/{article['id']}", json=update)
        if answered(answer):
            kept = answer.json()["body"]
            assert _dangers(kept or "") == [], markup
            again = tenant.api.put(f"/articles/{article['id']}", json={"body": kept, "author_id": author})
            assert again.json()["body"] == kept, markup

    keep()


# Cursors and ids

LISTS = ["/contacts", "/conversations", "/articles", "/companies", "/news/news_items", "/companies/scroll"]


@pytest.mark.parametrize("path", LISTS)
def test_page_is_answered_or_refused(path: str, tenant: Tenant) -> None:
    words = (
        TEXTS | st.integers().map(str) | st.binary(max_size=24).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
    )
    names = st.sampled_from(["starting_after", "per_page", "page", "order", "scroll_param", "sort"])

    @made_up(30)
    @given(query=st.dictionaries(names, words, min_size=1, max_size=3))
    def read(query: dict[str, str]) -> None:
        answered(tenant.api.get(path, params=query))

    read()


NAMING = sorted(key for key in OPERATIONS if "{" in key and OPERATIONS[key].request is None)


def test_made_up_id_is_refused(tenant: Tenant) -> None:
    requests = {key: REQUESTS[key](tenant)[0] for key in NAMING}
    ids = TEXTS.filter(lambda text: text.strip(".")) | st.integers().map(str) | st.binary(max_size=12).map(bytes.hex)

    @made_up(250)
    @given(key=st.sampled_from(NAMING), made_up_id=ids)
    def send(key: str, made_up_id: str) -> None:
        request = requests[key]
        path = dict.fromkeys(request.path, quote(made_up_id, safe=""))
        answered(tenant.api.request(key.partition(" ")[0], key.partition(" ")[2].format(**path), params=request.query))

    send()
