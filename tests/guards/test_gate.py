"""What every request passes before an operation sees it, and what every answer bears."""

import base64
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from callbox.wire.authentication import CACHE_SECONDS
from callbox.wire.operations import FILE_MEDIA_TYPE, FileAnswer
from tests.conftest import RunningServer, TestWorkspace, new_workspace, serving
from tests.guards.attempts import Attempts, refusal, send_raw
from tests.guards.conftest import Database
from tests.guards.requests import OPERATIONS, REQUESTS
from tests.guards.tenants import Tenant

Json = dict[str, Any]
Eventually = Callable[[Callable[[], bool]], bool]

READING = [key for key in OPERATIONS if key.startswith("GET ")]


@pytest.fixture(scope="module")
def place(guarded: RunningServer) -> Iterator[TestWorkspace]:
    """The workspace of this module's tenant."""
    made = new_workspace(guarded)
    with made.api:
        yield made


@pytest.fixture(scope="module")
def tenant(place: TestWorkspace) -> Tenant:
    """A workspace with one of everything."""
    made = Tenant(place)
    made.furnish()
    return made


@pytest.fixture
def anybody(guarded: RunningServer) -> Iterator[httpx.Client]:
    """A client that does not say who it is."""
    with httpx.Client(base_url=guarded.url) as client:
        yield client


# Who asks


def _basic(credential: str) -> str:
    return f"Basic {base64.b64encode(credential.encode()).decode()}"


BAD_CREDENTIALS = (
    *(
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "bearer \t",
        "Token wrong",
        "Digest wrong",
        "wrong",
        "Bearer a b",
        "\xff",
    ),
    *(_basic(":"), _basic("wrong:"), _basic(":wrong"), "Basic", "Basic !!!", "Basic d3Jvbmc", "Bearer " + "x" * 10_000),
)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/me"), ("POST", "/contacts"), ("GET", "/nothing"), ("PUT", "/manage/v1/clock")]
)
def test_credential_that_is_none_is_unauthorized_before_anything_else(method: str, path: str, tenant: Tenant) -> None:
    others = {"Intercom-Version": "nonsense", "Accept": "text/html"}
    for credential in BAD_CREDENTIALS:
        answer = send_raw(tenant, method, path, b"{", {"Authorization": credential, **others})
        assert refusal(answer) == (401, "unauthorized", "Access Token Invalid"), credential
        assert not {"x-ratelimit-limit", "intercom-version"} & set(answer.headers)


def test_request_without_a_credential_is_unauthorized(anybody: httpx.Client) -> None:
    assert refusal(anybody.get("/me")) == (401, "unauthorized", "Access Token Invalid")


def test_token_is_part_of_a_credential_and_nothing_around_it(place: TestWorkspace, anybody: httpx.Client) -> None:
    around = (f"{place.token},{place.token}", f"{' ' * 5_000}{place.token}")
    for credential in (place.token[:-1], place.token + "x", place.token.upper(), *around):
        answer = anybody.get("/me", headers={"Authorization": f"Bearer {credential}"})
        assert refusal(answer)[0] == 401


def test_token_comes_as_bearer_or_as_user_name(place: TestWorkspace, tenant: Tenant) -> None:
    for credential in (
        *(f"Bearer {place.token}", f"bearer {place.token}", f"BEARER   {place.token} "),
        *(_basic(f"{place.token}:"), _basic(f"{place.token}:ignored"), _basic(place.token)),
    ):
        answer = send_raw(tenant, "GET", "/me", headers={"Authorization": credential})
        assert answer.status_code == 200, credential
        assert answer.json()["app"]["id_code"] == place.id


@pytest.fixture
def second(database: Database, short_directory: Path) -> Iterator[RunningServer]:
    """Another server of the same installation, which hears nothing of the first but through the database."""
    with serving(short_directory / "second", {"CALLBOX_DATABASE_URL": database.url}, "--no-worker") as running:
        yield running


def test_revoked_token_and_moved_clock_are_seen_by_every_server_within_seconds(
    tenant: Tenant, second: RunningServer, eventually: Eventually
) -> None:
    made = tenant.token()
    revoked = {"Authorization": f"Bearer {made['access_token']}"}
    headers = {"Authorization": tenant.api.headers["Authorization"]}
    with httpx.Client(base_url=second.url, headers=headers) as elsewhere:
        assert elsewhere.get("/me", headers=revoked).status_code == 200
        assert abs(elsewhere.get("/manage/v1/clock").json()["now"] - time.time()) < 60

        tenant.call("DELETE", f"/manage/v1/access_tokens/{made['id']}")
        tenant.call("PUT", "/manage/v1/clock", json={"now": 2_000_000_000})
        here = tenant.api.get("/me", headers=revoked)
        assert refusal(here) == (401, "token_revoked", "The token has been revoked")

        assert CACHE_SECONDS < 10
        assert eventually(lambda: elsewhere.get("/me", headers=revoked).status_code == 401)
        assert refusal(elsewhere.get("/me", headers=revoked))[1] == "token_revoked"
        assert eventually(lambda: elsewhere.get("/manage/v1/clock").json()["now"] >= 2_000_000_000)
    tenant.call("PUT", "/manage/v1/clock", json={"now": None})


@pytest.mark.parametrize("key", OPERATIONS)
def test_scope_is_needed(key: str, tenant: Tenant, database: Database) -> None:
    needed = "manage" if "/manage/" in key else "api"
    other = {"manage": "api", "api": "manage"}[needed]
    token = tenant.post("/manage/v1/access_tokens", {"name": "narrow", "scopes": [other]})["access_token"]
    attempts = Attempts(key, tenant, database)
    answer = attempts.send(headers={"Authorization": f"Bearer {token}"})
    message = f"You do not have the required scope ({needed}) to access this resource"
    assert refusal(answer) == (403, "forbidden", message)


# Which version

KNOWN_VERSIONS = (
    *(f"1.{minor}" for minor in range(5)),
    *(f"2.{minor}" for minor in range(18)),
    *("Preview", "preview", "Unstable", " 2.11 ", ""),
)
UNKNOWN_VERSIONS = (
    "0.9",
    "1.5",
    "2.18",
    "3.0",
    "2",
    "2.11.1",
    "2.011",
    "v2.11",
    "latest",
    "2.11, 2.12",
    "-",
    "x" * 5000,
)


def test_every_known_version_is_answered_in_the_served_one(tenant: Tenant) -> None:
    bodies = set()
    for version in KNOWN_VERSIONS:
        answer = send_raw(tenant, "GET", "/me", headers={"Intercom-Version": version})
        assert answer.status_code == 200, version
        assert answer.headers["intercom-version"] == "2.11"
        bodies.add(answer.text)
    assert len(bodies) == 1


def test_unknown_version_is_refused(tenant: Tenant) -> None:
    for version in UNKNOWN_VERSIONS:
        answer = tenant.api.get("/me", headers={"Intercom-Version": version})
        assert refusal(answer) == (400, "intercom_version_invalid", "The requested version could not be found"), version
        assert answer.headers["intercom-version"] == "2.11"


# What answers bear


@pytest.mark.parametrize("key", OPERATIONS)
def test_answer_says_what_it_is(key: str, tenant: Tenant) -> None:
    answer = REQUESTS[key](tenant)[0].renewed().send(key, tenant.api)
    assert answer.status_code == OPERATIONS[key].status, answer.text
    assert answer.headers["content-length"] == str(len(answer.content))
    is_file = OPERATIONS[key].response is FileAnswer
    kind = FILE_MEDIA_TYPE if is_file else "application/json" if answer.content else "text/plain"
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers["intercom-version"] == "2.11"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "max-age=0, private, must-revalidate"
    assert len(answer.headers["x-request-id"]) == 20
    assert not {"server", "x-powered-by", "set-cookie", "access-control-allow-origin"} & set(answer.headers)
    if answer.content and not is_file:
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert isinstance(answer.json(), dict)


def test_request_ids_are_the_servers_and_never_the_same(tenant: Tenant, anybody: httpx.Client) -> None:
    paths = ("/me", "/nothing", "/contacts/nobody", "/healthz", "/docs", "/openapi.json")
    headers = {"X-Request-Id": "mine"}
    answers = [client.get(path, headers=headers) for client in (tenant.api, anybody) for path in paths * 5]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == len(ids)
    assert "mine" not in ids


@pytest.mark.parametrize("key", READING)
def test_head_is_get_without_its_body(key: str, tenant: Tenant) -> None:
    method, _, template = key.partition(" ")
    request = REQUESTS[key](tenant)[0]
    path = template.format(**request.path)
    if path == "/companies/scroll":
        request.query = {}  # reading on would end the scroll
        tenant.scroll_param()
    got, asked = (tenant.api.request(each, path, params=request.query) for each in (method, "HEAD"))
    assert asked.status_code == got.status_code
    assert asked.content == b""
    for name in ("content-type", "content-length", "cache-control", "intercom-version"):
        assert asked.headers[name] == got.headers[name], name


def test_head_of_a_refusal_has_no_body_either(tenant: Tenant, anybody: httpx.Client) -> None:
    for client, path, status in ((tenant.api, "/contacts/nobody", 404), (anybody, "/me", 401), (tenant.api, "/x", 404)):
        answer = client.head(path)
        assert (answer.status_code, answer.content) == (status, b"")
        assert int(answer.headers["content-length"]) > 50


def test_options_are_an_unknown_method(tenant: Tenant, anybody: httpx.Client) -> None:
    headers = {"Origin": "https://example.com", "Access-Control-Request-Method": "POST"}
    for path in ("/me", "/contacts", "/manage/v1/clock", "/nothing"):
        assert refusal(tenant.api.options(path, headers=headers)) == (404, "not_found", "Resource Not Found")
        assert refusal(anybody.options(path, headers=headers))[0] == 401


# What time it is


def test_clock_is_each_workspaces_own_and_rules_follow_it(guarded: RunningServer, tenant: Tenant) -> None:
    workspace = new_workspace(guarded)
    with workspace.api:
        moved = Tenant(workspace)
        user, company = moved.employee()
        assert company["user_count"] == 1
        assert moved.call("PUT", "/manage/v1/clock", json={"now": 2_000_000_000})["type"] == "clock"
        assert 2_000_000_000 <= moved.call("GET", "/manage/v1/clock")["now"] < 2_000_000_060
        assert 2_000_000_000 <= moved.lead()["created_at"] < 2_000_000_060
        assert int(moved.lead()["id"][:8], 16) >= 2_000_000_000
        assert moved.call("GET", f"/contacts/{user['id']}")["created_at"] < 2_000_000_000
        assert abs(tenant.lead()["created_at"] - time.time()) < 60

        first = moved.call("GET", "/companies/scroll")["scroll_param"]
        assert refusal(moved.api.get("/companies/scroll"))[1] == "scroll_exists"
        moved.call("PUT", "/manage/v1/clock", json={"now": 2_000_000_000 + 120})
        assert moved.call("GET", "/companies/scroll")["scroll_param"] != first

        assert abs(moved.call("PUT", "/manage/v1/clock", json={"now": None})["now"] - time.time()) < 60
        assert abs(moved.lead()["created_at"] - time.time()) < 60


def test_clock_that_cannot_be_shown_is_refused(tenant: Tenant, database: Database) -> None:
    before = database.state_of(tenant.workspace_id)
    moments: tuple[Any, ...] = (-1, 10**12, 2**63, 1e300, "yesterday", "", True, [], {})
    for now in moments:
        status, code, message = refusal(tenant.api.put("/manage/v1/clock", json={"now": now}))
        assert (status, code) == (400, "parameter_invalid"), now
        assert "now" in message
    assert refusal(tenant.api.put("/manage/v1/clock", json={}))[1] == "parameter_not_found"
    assert database.state_of(tenant.workspace_id) == before


# What needs no token


def test_health_is_told_to_anybody(tenant: Tenant, anybody: httpx.Client) -> None:
    for headers in (
        {"Accept": "*/*"},
        {"Authorization": "Bearer wrong"},
        {"Accept": "text/plain"},
        {"Intercom-Version": "0"},
    ):
        assert anybody.get("/healthz", headers=headers).json() == {"status": "alive"}
        assert anybody.get("/readyz", headers=headers).json() == {"status": "ready"}
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/docs"):
        answer = anybody.head(path)
        assert (answer.status_code, answer.content) == (200, b"")
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            assert refusal(anybody.request(method, path))[0] == 401, f"{method} {path}"
            assert refusal(tenant.api.request(method, path))[0] == 404, f"{method} {path}"


@pytest.mark.parametrize(
    "target", ["/metrics/", "//metrics", "/metrics//", "/metrics%2F", "/%6Detrics", "/readyz/", "//readyz", "/%72eadyz"]
)
def test_what_proxies_keep_inside_is_written_in_one_way(target: str, tenant: Tenant) -> None:
    for authorization in (str(tenant.api.headers["Authorization"]), ""):
        answer = send_raw(tenant, "GET", target, headers={"Authorization": authorization})
        assert refusal(answer)[0] == 404


def test_metrics_are_prometheus_text_that_counts_and_names_nobody(tenant: Tenant, anybody: httpx.Client) -> None:
    def counted(name: str, **labels: str) -> float:
        answer = anybody.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert tenant.workspace_id not in answer.text
        families = list(text_string_to_metric_families(answer.text))
        assert len(families) > 1
        samples = [sample for family in families for sample in family.samples if sample.name == name]
        return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())

    asked = ("callbox_request_seconds_count", {"operation": "get_contact", "method": "GET", "status": "404"})
    read = ("callbox_statement_seconds_count", {"statement": "contact_by_id"})
    before = [counted(name, **labels) for name, labels in (asked, read)]
    for _ in range(3):
        assert tenant.api.get(f"/contacts/{tenant.mark}").status_code == 404
    after = [counted(name, **labels) for name, labels in (asked, read)]
    # At least: what tests before this one asked for and did not wait for may end meanwhile.
    assert [late - early >= 3 for early, late in zip(before, after, strict=True)] == [True, True]
