"""Attempts with bad input: each refusal has the API's form, and changes nothing."""

import http.client
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx

from tests.guards.conftest import Database
from tests.guards.requests import REQUESTS
from tests.guards.tenants import Tenant

LONGEST_MESSAGE = 500

# Refusals without a request id, as recorded: unknown keys of strict operations, and everything about searches.
_WITHOUT_REQUEST_ID = re.compile(r"bad_request|invalid_(query|field|operator|values?|sort_order)")
_CODE = re.compile(r"[a-z_]+")


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, code and message of an answer that must be a refusal in the API's form."""
    assert 400 <= answer.status_code < 500, f"{answer.status_code} {answer.text[:500]}"
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    body = answer.json()
    if "error_key" in body:  # the form that one operation has of its own
        return answer.status_code, body["error_key"], body.get("message", "")
    assert list(body) == ["type", "request_id", "errors"]
    assert body["type"] == "error.list"
    [error] = body["errors"]
    assert list(error) == ["code", "message"]
    assert _CODE.fullmatch(error["code"])
    assert 0 < len(error["message"].strip()) <= LONGEST_MESSAGE, f"{len(error['message'])}: {error['message'][:100]}"
    shown = body["request_id"]
    assert len(answer.headers["x-request-id"]) == 20
    assert shown == answer.headers["x-request-id"] or (shown is None and _WITHOUT_REQUEST_ID.fullmatch(error["code"]))
    return answer.status_code, error["code"], error["message"]


class Attempts:
    """One operation in one workspace: what is refused must leave the workspace as it was."""

    def __init__(self, key: str, tenant: Tenant, database: Database) -> None:
        self.key = key
        self.tenant = tenant
        self._database = database
        self._begin()

    def _begin(self) -> None:
        """A request that would succeed, whatever the one before it did."""
        self.request = REQUESTS[self.key](self.tenant)[0].renewed()
        self._last_change = self._database.last_change()
        self._before = self._database.state_of(self.tenant.workspace_id)

    def send(self, content: bytes | Iterator[bytes] | None = None, **options: object) -> httpx.Response:
        """An attempt, with other content where it is given."""
        if content is not None:
            options = {"headers": {"Content-Type": "application/json"}, **options, "content": content}
        return self.note(self.request.send(self.key, self.tenant.api, **options), str(content or options)[:300])

    def note(self, answer: httpx.Response, attempt: str) -> httpx.Response:
        """Look at the answer to an attempt. A success may have changed anything: the next one begins anew."""
        assert answer.status_code < 500, f"{answer.status_code} to {attempt}"
        if answer.is_success:
            self._begin()
        else:
            refusal(answer)
            self._expect_no_change(attempt)
        return answer

    def _expect_no_change(self, attempt: str) -> None:
        """Where nobody wrote anything anywhere, there is no need to look at every table."""
        last_change = self._database.last_change()
        if last_change != self._last_change:
            assert self._database.state_of(self.tenant.workspace_id) == self._before, f"changed by {attempt}"
            self._last_change = last_change

    def must_fail(self, content: bytes | None = None, **options: object) -> tuple[int, str, str]:
        """An attempt that has to be refused; answers how."""
        return refusal(self.send(content, **options))


def send_raw(
    tenant: Tenant, method: str, target: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> httpx.Response:
    """A request whose target is sent as it is, where a client would correct it."""
    url = urlsplit(str(tenant.api.base_url))
    connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=30)
    try:
        sent = {"Authorization": tenant.api.headers["Authorization"], **(headers or {})}
        connection.request(method, target, body, sent)
        answer = connection.getresponse()
        return httpx.Response(answer.status, headers=list(answer.headers.items()), content=answer.read())
    finally:
        connection.close()
