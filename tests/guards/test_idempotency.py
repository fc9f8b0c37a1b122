"""`Idempotency-Key`: the same write sent twice happens once, whatever the operation."""

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from callbox.platform.database import close_pool, open_pool
from callbox.wire.idempotency import MAX_KEY_LENGTH, forget_old_answers
from tests.guards.attempts import refusal
from tests.guards.conftest import Database
from tests.guards.requests import OPERATIONS, REQUESTS
from tests.guards.tenants import Tenant

pytestmark = pytest.mark.usefixtures("present")

WRITING = [key for key in OPERATIONS if not key.startswith("GET ")]
# Answers with a secret are not kept, so that it is stored nowhere.
SECRET = ("POST /manage/v1/access_tokens", "POST /manage/v1/workspaces", "POST /manage/v1/webhooks")
REUSED = (409, "conflict", "The Idempotency-Key was used with a different request before")


def _key() -> dict[str, str]:
    return {"Idempotency-Key": secrets.token_hex(8)}


@pytest.mark.parametrize("key", [key for key in WRITING if key not in SECRET])
def test_repeated_write_gets_the_first_answer_and_changes_nothing(key: str, tenant: Tenant, database: Database) -> None:
    request, headers = REQUESTS[key](tenant)[0].renewed(), _key()
    first = request.send(key, tenant.api, headers=headers)
    assert first.is_success
    assert "idempotent-replayed" not in first.headers
    before = database.state_of(tenant.workspace_id)
    again = request.send(key, tenant.api, headers=headers)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert database.state_of(tenant.workspace_id) == before


@pytest.mark.parametrize("key", SECRET)
def test_answer_with_a_secret_is_not_kept_and_its_repetition_refused(
    key: str, tenant: Tenant, database: Database
) -> None:
    request, headers = REQUESTS[key](tenant)[0], _key()
    first = request.send(key, tenant.api, headers=headers)
    secret = first.json().get("access_token") or first.json()["secret"]
    before = database.state_of(tenant.workspace_id)
    status, code, message = refusal(request.send(key, tenant.api, headers=headers))
    assert (status, code) == (409, "conflict")
    assert "secret" in message
    assert database.state_of(tenant.workspace_id) == before
    kept = database.fetch("SELECT body FROM idempotency_keys WHERE key = $1", headers["Idempotency-Key"])
    assert [row["body"] for row in kept] == [None]
    assert secret


def test_writes_at_the_same_time_happen_once(tenant: Tenant) -> None:
    headers, body = _key(), {"role": "lead", "name": tenant.new_name()}

    def send(_: int) -> httpx.Response:
        return httpx.post(f"{tenant.api.base_url}/contacts", json=body, headers={**tenant.api.headers, **headers})

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(send, range(12)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    query = {"field": "name", "operator": "=", "value": body["name"]}
    assert tenant.post("/contacts/search", {"query": query})["total_count"] == 1


def test_key_of_another_request_is_refused(tenant: Tenant, database: Database) -> None:
    headers, body = _key(), {"role": "lead", "name": "a"}
    tenant.call("POST", "/contacts", json=body, headers=headers)
    before = database.state_of(tenant.workspace_id)
    user_id = tenant.contact["id"]
    for method, path, other in (
        ("POST", "/contacts", {**body, "name": "b"}),
        ("POST", "/contacts", {"name": "a", "role": "lead"}),
        ("POST", "/contacts?page=2", body),
        ("PUT", f"/contacts/{user_id}", body),
        ("DELETE", f"/contacts/{user_id}", body),
        ("POST", f"/contacts/{user_id}/archive", body),
    ):
        answer = tenant.api.request(method, path, json=other, headers=headers)
        assert refusal(answer) == REUSED, f"{method} {path}"
    assert database.state_of(tenant.workspace_id) == before


def test_key_is_each_apps_own(tenant: Tenant) -> None:
    headers, body = _key(), {"role": "lead"}
    first = tenant.call("POST", "/contacts", json=body, headers=headers)
    other_app = {**headers, "Authorization": f"Bearer {tenant.token()['access_token']}"}
    second = tenant.call("POST", "/contacts", json=body, headers=other_app)
    assert second["id"] != first["id"]


def test_refusal_is_not_kept_and_may_be_tried_again(tenant: Tenant, database: Database) -> None:
    headers, path = _key(), f"/contacts/{tenant.archived()['id']}"
    before = database.state_of(tenant.workspace_id)
    assert refusal(tenant.api.put(path, json={"name": "x"}, headers=headers))[0] == 404
    assert refusal(tenant.api.put(path, content=b"{", headers=headers))[0] == 400
    assert database.state_of(tenant.workspace_id) == before
    tenant.call("POST", f"{path}/unarchive")
    assert tenant.call("PUT", path, json={"name": "x"}, headers=headers)["name"] == "x"
    assert tenant.api.put(path, json={"name": "x"}, headers=headers).headers["idempotent-replayed"] == "true"


def test_length_of_a_key_is_limited(tenant: Tenant, database: Database) -> None:
    longest = secrets.token_hex(MAX_KEY_LENGTH)[:MAX_KEY_LENGTH]
    made = [tenant.call("POST", "/contacts", json={"role": "lead"}, headers={"Idempotency-Key": longest}) for _ in "ab"]
    assert made[0] == made[1]
    before = database.state_of(tenant.workspace_id)
    answer = tenant.api.post("/contacts", json={"role": "lead"}, headers={"Idempotency-Key": longest + "x"})
    message = f"Idempotency-Key must be at most {MAX_KEY_LENGTH} characters long"
    assert refusal(answer) == (400, "parameter_invalid", message)
    assert database.state_of(tenant.workspace_id) == before


def test_any_characters_make_a_key(tenant: Tenant) -> None:
    for value in (b"a b", b"\xc3\xa9\xff", b"'; --", b"%00", b'"quoted"'):
        headers = [(b"Idempotency-Key", value + secrets.token_hex(4).encode())]
        made = [tenant.call("POST", "/contacts", json={"role": "lead"}, headers=headers) for _ in "ab"]
        assert made[0] == made[1], value


def test_key_without_characters_is_none_and_reading_has_none(tenant: Tenant) -> None:
    made = [tenant.call("POST", "/contacts", json={"role": "lead"}, headers={"Idempotency-Key": ""}) for _ in "ab"]
    assert made[0]["id"] != made[1]["id"]
    headers = _key()
    before = tenant.call("GET", "/contacts", headers=headers)["total_count"]
    tenant.lead()
    assert tenant.call("GET", "/contacts", headers=headers)["total_count"] == before + 1


def test_answer_is_kept_for_a_day(tenant: Tenant, database: Database) -> None:
    young, old, body = _key(), _key(), {"role": "lead"}

    def send(headers: dict[str, str]) -> str:
        return str(tenant.call("POST", "/contacts", json=body, headers=headers)["id"])

    first = {headers["Idempotency-Key"]: send(headers) for headers in (young, old)}
    for headers, hours in ((young, 23), (old, 25)):
        database.execute(
            f"UPDATE idempotency_keys SET created_at = created_at - interval '{hours} hours' "
            f"WHERE key = '{headers['Idempotency-Key']}'"
        )
    assert send(young) == first[young["Idempotency-Key"]]
    anew = send(old)
    assert anew != first[old["Idempotency-Key"]]
    assert send(old) == anew


def test_old_answers_are_forgotten_by_schedule(tenant: Tenant, database: Database) -> None:
    keys = [_key()["Idempotency-Key"] for _ in range(2)]
    for key in keys:
        tenant.call("POST", "/contacts", json={"role": "lead"}, headers={"Idempotency-Key": key})
    database.execute(
        f"UPDATE idempotency_keys SET created_at = created_at - interval '25 hours' WHERE key = '{keys[0]}'"
    )

    async def run() -> None:
        await open_pool(database.url, 1)
        try:
            await forget_old_answers()
        finally:
            await close_pool()

    asyncio.run(run())
    left = database.fetch("SELECT key FROM idempotency_keys WHERE key = ANY ($1)", keys)
    assert [row["key"] for row in left] == keys[1:]
