"""The Intercom piece of Activepieces, an automation engine: it speaks through the Node SDK 6.2 that it brings."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.channels.receiver import listening
from tests.clients.installing import installed
from tests.conftest import TestWorkspace
from tests.sdk.node_suites import names_of, run_one

SUITE = Path(__file__).parent / "node" / "activepieces.mjs"


@pytest.mark.parametrize("name", names_of(SUITE))
def test_activepieces(name: str, workspace: TestWorkspace, server_url: str) -> None:
    run_one(SUITE, name, installed("piece-intercom-0.7.5"), workspace, server_url)


def test_activepieces_understands_webhooks(workspace: TestWorkspace, eventually: Callable[..., Any]) -> None:
    with listening() as receiver:
        subscription = {"url": receiver.url, "topics": ["contact.user.created"]}
        made = workspace.api.post("/manage/v1/webhooks", json=subscription).json()
        user = workspace.api.post("/contacts", json={"external_id": "u-1", "name": "Grace"}).json()
        eventually(lambda: receiver.notifications("contact.user.created"))
        [taken] = [each for each in receiver.posted() if each.notification["topic"] == "contact.user.created"]
    notification = {"headers": taken.headers, "rawBody": taken.body.decode(), "secret": made["secret"]}
    done = subprocess.run(
        ["node", str(SUITE.with_name("activepieces_webhook.mjs"))],
        input=json.dumps({**notification, "trigger": "new-user"}),
        env={**os.environ, "CALLBOX_NODE_SDK": str(installed("piece-intercom-0.7.5"))},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout)
    assert (read["signed"], read["forged"]) == (True, False)
    assert (read["event"], read["identifierValue"]) == ("contact.user.created", workspace.id)
    assert [item["id"] for item in read["items"]] == [user["id"]]
