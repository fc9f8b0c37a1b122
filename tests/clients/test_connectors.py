"""Data connectors read all of the demo data, and then what is new: the tap of Singer, the sources of Airbyte.

They know the real API's host only, so what they send there is redirected in their own process.
"""

import json
import secrets
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients.running import Json, everything, run

TAP = "tap-intercom-2.2.5"
SOURCE = "airbyte-source-intercom-0.8.3"
START = "2020-01-01T00:00:00Z"

Records = dict[str, list[Json]]


def _expected(demo: httpx.Client) -> dict[str, set[str]]:
    """The ids of everything that a connector has to find."""
    lists = {
        "admins": ("/admins", "admins"),
        "companies": ("/companies", "data"),
        "contacts": ("/contacts", "data"),
        "conversations": ("/conversations", "conversations"),
        "segments": ("/segments", "segments"),
        "tags": ("/tags", "data"),
        "teams": ("/teams", "teams"),
    }
    found = {name: {item["id"] for item in everything(demo, path, key)} for name, (path, key) in lists.items()}
    found["conversation_parts"] = {
        part["id"]
        for conversation in found["conversations"]
        for part in demo.get(f"/conversations/{conversation}").json()["conversation_parts"]["conversation_parts"]
    }
    return found


def _ids(records: Iterable[Json]) -> list[str]:
    return [record["id"] for record in records]


def _check_all(records: Records, expected: dict[str, set[str]], demo: httpx.Client) -> None:
    for name, ids in expected.items():
        assert sorted(set(_ids(records[name]))) == sorted(ids), name
        assert len(records[name]) == len(ids), f"{name} come twice"
    for model in ("contact", "company"):
        names = {attribute["full_name"] for attribute in everything(demo, f"/data_attributes?model={model}")}
        assert {record["full_name"] for record in records[f"{model}_attributes"]} == names
    assert records["company_segments"]


def _messages(printed: str) -> list[Json]:
    return [json.loads(line) for line in printed.splitlines() if line.startswith("{")]


class Connector(ABC):
    """A connector with its files in a directory of its own, reading one workspace."""

    def __init__(self, directory: Path, api: httpx.Client) -> None:
        self._directory, self.api = directory, api
        token = api.headers["Authorization"].removeprefix("Bearer ")
        self.options = self._option("config", {"access_token": token, "start_date": START, "user_agent": "tests"})
        self.options += self._option("catalog", self.everything_selected())

    def sync(self, state: Any = None) -> tuple[Records, Any]:
        """One run: the records by stream, and the state for the next."""
        return self.read(self._option("state", state) if state is not None else [])

    @abstractmethod
    def everything_selected(self) -> Json:
        """The catalog with every stream in it."""

    @abstractmethod
    def read(self, since: list[str]) -> tuple[Records, Any]:
        """Run the connector with these options more."""

    def _option(self, name: str, content: Any) -> list[str]:
        path = self._directory / f"{name}.json"
        path.write_text(json.dumps(content))
        return [f"--{name}", str(path)]


class Tap(Connector):
    """Singer's."""

    def everything_selected(self) -> Json:
        catalog: Json = json.loads(run(TAP, "tap-intercom", *self.options, "--discover", api=self.api))
        for stream in catalog["streams"]:
            for entry in stream["metadata"]:
                entry["metadata"]["selected"] = True
        return catalog

    def read(self, since: list[str]) -> tuple[Records, Any]:
        messages = _messages(run(TAP, "tap-intercom", *self.options, *since, api=self.api))
        records: Records = defaultdict(list)
        for message in messages:
            if message["type"] == "RECORD":
                records[message["stream"]].append(message["record"])
        return records, [message["value"] for message in messages if message["type"] == "STATE"][-1]


class Source(Connector):
    """Airbyte's."""

    def everything_selected(self) -> Json:
        assert self._only("connectionStatus", "check")["status"] == "SUCCEEDED"
        return {"streams": [_as_configured(stream) for stream in self._only("catalog", "discover")["streams"]]}

    def read(self, since: list[str]) -> tuple[Records, Any]:
        records: Records = defaultdict(list)
        states = {}
        for message in self._run("read", *since):
            if message["type"] == "RECORD":
                records[message["record"]["stream"]].append(message["record"]["data"])
            elif message["type"] == "STATE":
                states[message["state"]["stream"]["stream_descriptor"]["name"]] = message["state"]
            else:
                assert message.get("log", {}).get("level") not in {"ERROR", "FATAL"}, message
        return records, list(states.values())

    def _run(self, command: str, *more: str) -> list[Json]:
        return _messages(run(SOURCE, "source-intercom", command, *self.options, *more, api=self.api))

    def _only(self, key: str, command: str) -> Json:
        [message] = [message for message in self._run(command) if key in message]
        found: Json = message[key]
        return found


def _as_configured(stream: Json) -> Json:
    mode = "incremental" if "incremental" in stream["supported_sync_modes"] else "full_refresh"
    return {"stream": stream, "sync_mode": mode, "destination_sync_mode": "append"}


@pytest.mark.parametrize("connector", [Tap, Source])
def test_connector_reads_everything_and_then_what_is_new(
    connector: type[Connector], tmp_path: Path, demo: httpx.Client
) -> None:
    reading = connector(tmp_path, demo)
    records, state = reading.sync()
    _check_all(records, _expected(demo), demo)

    changed = _change_something(demo)
    later, _ = reading.sync(state)
    for name, item in changed.items():
        assert item in _ids(later[name]), name
        assert len(later[name]) < len(records[name]), f"all {name} are read again"


def _change_something(demo: httpx.Client) -> dict[str, str]:
    """Change one of each kind that connectors follow by its last change."""
    contact = demo.post("/contacts", json={"role": "lead", "name": "Somebody new"}).json()
    company = demo.post("/companies", json={"company_id": secrets.token_hex(4), "name": "New"}).json()
    assert demo.post(f"/contacts/{contact['id']}/companies", json={"id": company["id"]}).status_code == 200
    conversation = everything(demo, "/conversations", "conversations")[-1]
    note = {"type": "admin", "message_type": "note", "admin_id": demo.get("/me").json()["id"], "body": "Read me"}
    answer = demo.post(f"/conversations/{conversation['id']}/reply", json=note)
    assert answer.status_code == 200, answer.text
    parts = answer.json()["conversation_parts"]["conversation_parts"]
    return {
        "contacts": contact["id"],
        "companies": company["id"],
        "conversations": conversation["id"],
        "conversation_parts": parts[-1]["id"],
    }
