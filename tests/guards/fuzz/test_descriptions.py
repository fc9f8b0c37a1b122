"""No request that a description allows, or nearly allows, is answered by a fault, an undocumented status or a body
that is off its schema.
"""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.installing import installed
from tests.conftest import RunningServer, new_workspace
from tests.contract import reference
from tests.guards.requests import REQUESTS, Request
from tests.guards.tenants import Tenant

Json = dict[str, Any]

SECONDS = int(os.environ.get("FUZZ_SECONDS", "180"))
SEED = os.environ.get("FUZZ_SEED", "1")

NO_FAULTS = ("not_a_server_error",)
AS_DESCRIBED = (
    *NO_FAULTS,
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
# They would end the run: the token, its workspace, the time.
_LEFT_OUT = r"/manage/v1/(access_tokens|clock|workspaces)"


@pytest.mark.parametrize("path", ["/openapi.json", "/manage/openapi.json"])
def test_answers_are_as_our_description_says(path: str, guarded: RunningServer, tmp_path: Path) -> None:
    _fuzz(f"{guarded.url}{path}", AS_DESCRIBED, guarded, tmp_path)


@pytest.mark.skipif(not reference.is_here(), reason="the official description is not here; CALLBOX_REFERENCE names it")
def test_answers_are_as_the_official_description_says(guarded: RunningServer, tmp_path: Path) -> None:
    """It names few of the refusals, so other statuses than its own are fine."""
    document = tmp_path / "official.json"
    document.write_text(json.dumps(reference.corrected()))
    _fuzz(str(document), (*NO_FAULTS, "response_schema_conformance"), guarded, tmp_path)


def _fuzz(description: str, checks: tuple[str, ...], server: RunningServer, directory: Path) -> None:
    workspace = new_workspace(server)
    with workspace.api:
        tenant = Tenant(workspace)
        tenant.furnish()
        requests = {key: request(tenant)[0] for key, request in REQUESTS.items()}
    known = directory / "known.json"
    known.write_text(json.dumps(_known(requests)))
    done = subprocess.run(
        [
            str(installed("schemathesis-4.32.5") / "bin" / "schemathesis"),
            *("run", description, "--url", server.url, "--header", f"Authorization: Bearer {workspace.token}"),
            *("--checks", ",".join(checks), "--phases", "examples,coverage,fuzzing", "--seed", SEED),
            *("--max-examples", "100", "--max-time", str(SECONDS), "--continue-on-failure"),
            *("--exclude-path-regex", _LEFT_OUT, "--suppress-health-check", "all", "--generation-database", "none"),
            *("--request-timeout", "30", "--no-color"),
        ],
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(Path(__file__).with_name("hooks.py")), "FUZZ_KNOWN": str(known)},
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=SECONDS + 300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]
    assert re.search(r"[1-9]\d* generated", done.stdout), done.stdout[-2000:]


def _known(requests: dict[str, Request]) -> dict[str, Json]:
    """What the hooks put into requests, by the names of both descriptions: theirs calls the same places otherwise."""
    ours = {key: {"path": request.path, "body": request.body} for key, request in requests.items()}
    if not reference.is_here():
        return ours
    theirs = {_nameless(key): key for key in reference.operations()}
    renamed = {
        theirs[_nameless(key)]: {**known, "path": _renamed(known["path"], theirs[_nameless(key)])}
        for key, known in ours.items()
        if _nameless(key) in theirs
    }
    return {**renamed, **ours}


def _renamed(path: Json, key: str) -> Json:
    return dict(zip(_names(key), path.values(), strict=True))


def _names(key: str) -> list[str]:
    return re.findall(r"\{(\w+)\}", key)


def _nameless(key: str) -> str:
    return re.sub(r"\{\w+\}", "{}", key)
