"""`callbox webhook`: from its creation to its end, beside a running server."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.channels.receiver import listening
from tests.cli.commands import Commands
from tests.conftest import TestWorkspace

Eventually = Callable[[Callable[[], Any]], Any]


def test_a_webhook_is_made_watched_paused_and_deleted(
    callbox: Commands, workspace: TestWorkspace, eventually: Eventually
) -> None:
    mine = ("--workspace", workspace.id)
    commands = replace(callbox, environment={**callbox.environment, "CALLBOX_ALLOW_PRIVATE_WEBHOOKS": "1"})
    with listening() as receiver:
        refused = callbox.refusal("webhook", "create", receiver.url, *mine)
        assert refused == "url must be an address that begins with https://"
        made = commands("webhook", "create", receiver.url, *mine, "--topic", "company.created")
        [[webhook_id, secret]] = made.rows
        eventually(lambda: receiver.notifications("ping"))
        assert receiver.posted()[0].is_signed_with(secret)
        listed = commands("webhook", "list", *mine)
        assert listed.rows == [[webhook_id, "active", receiver.url, "company.created"]]
        assert ["state", "active"] in commands("webhook", "show", webhook_id, *mine).rows
        commands("webhook", "ping", webhook_id, *mine)
        eventually(lambda: len(receiver.notifications("ping")) == 2)
        commands("webhook", "pause", webhook_id, *mine)
        workspace.api.post("/companies", json={"company_id": "c-1", "name": "Example Ltd"})
        waits = ("webhook", "deliveries", webhook_id, *mine, "--state", "waiting")
        [row] = eventually(lambda: commands(*waits).rows)
        assert (row[0][:6], row[1], row[3:5]) == ("notif_", "company.created", ["waiting", "0"])
        commands("webhook", "resume", webhook_id, *mine)
        eventually(receiver.notifications)
        eventually(lambda: not commands(*waits).rows)
        commands("webhook", "redeliver", webhook_id, row[0], *mine)
        eventually(lambda: len(receiver.notifications()) == 2)
        attempts = eventually(
            lambda: len(rows := commands("webhook", "attempts", webhook_id, row[0], *mine).rows) == 2 and rows
        )
        assert [(number, status) for number, _, _, status, _ in attempts] == [("2", "200"), ("1", "200")]
        commands("webhook", "delete", webhook_id, *mine)
        assert commands("webhook", "list", *mine).out == ""
        assert commands.refusal("webhook", "show", webhook_id, *mine) == "Webhook not found"
