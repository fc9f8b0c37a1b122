"""What the API cannot create is created by commands, beside a running server that shows it at once."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.cli.commands import Commands
from tests.conftest import TestWorkspace

Client = Callable[[str], httpx.Client]
Eventually = Callable[[Callable[[], object]], object]

IS_LEAD = json.dumps({"field": "role", "operator": "=", "value": "lead"})


def test_a_workspace_is_made_listed_and_changed_and_gets_its_token_from_the_next_command(
    callbox: Commands, client: Client
) -> None:
    made = callbox("workspace", "create", "Second brand", "--timezone", "Europe/Madrid")
    workspace_id = made.out.strip()
    assert made.out == f"{workspace_id}\n"
    assert re.fullmatch(r"[a-z0-9]{8}", workspace_id)
    callbox("workspace", "update", workspace_id, "--name", "Zweite\tMarke", "--region", "EU")
    (row,) = [row for row in callbox("workspace", "list").rows if row[0] == workspace_id]
    assert row[2:] == ["Europe/Madrid", "Zweite Marke"]
    assert callbox("token", "list", "--workspace", workspace_id).out == ""
    token = callbox("token", "create", "--workspace", workspace_id).out.strip()
    app = client(token).get("/me").json()["app"]
    assert (app["id_code"], app["name"], app["region"]) == (workspace_id, "Zweite\tMarke", "EU")


def test_a_token_is_printed_alone_works_at_once_and_is_refused_soon_after_it_is_revoked(
    callbox: Commands, client: Client, workspace: TestWorkspace, eventually: Eventually
) -> None:
    made = callbox("token", "create", "--workspace", workspace.id, "--name", "Data warehouse")
    assert re.fullmatch(r"cbx_[\w-]{43}\n", made.out)
    api = client(made.out.strip())
    assert api.get("/me").json()["app"]["id_code"] == workspace.id
    assert api.get("/manage/v1/access_tokens").status_code == 403
    listed = callbox("token", "list", "--workspace", workspace.id)
    token_id, state, scopes, _, _, name = listed.rows[-1]
    assert (state, scopes, name) == ("valid", "api", "Data warehouse")
    assert "cbx_" not in listed.out
    callbox("token", "revoke", token_id)
    eventually(lambda: api.get("/me").status_code == 401)
    assert callbox("token", "list", "--workspace", workspace.id).rows[-1][1].startswith("revoked ")


def test_a_token_may_have_more_scopes_and_act_as_another_admin(
    callbox: Commands, client: Client, workspace: TestWorkspace
) -> None:
    admin = callbox("admin", "create", "ada@example.com", "Ada Example", "--workspace", workspace.id).out.strip()
    scopes = ("--scope", "api", "--scope", "manage")
    token = callbox("token", "create", "--workspace", workspace.id, *scopes, "--admin", admin).out.strip()
    assert client(token).get("/me").json()["name"] == "Ada Example"
    assert client(token).get("/manage/v1/access_tokens").status_code == 200


def test_admins_come_change_and_go(callbox: Commands, workspace: TestWorkspace) -> None:
    here = ("--workspace", workspace.id)
    options = ("--job-title", "Night shift", "--no-inbox-seat", "--avatar", "https://example.com/g.png")
    admin_id = callbox("admin", "create", "grace@example.com", "Grace Example", *options, *here).out.strip()
    shown = workspace.api.get(f"/admins/{admin_id}").json()
    assert (shown["job_title"], shown["has_inbox_seat"]) == ("Night shift", False)
    assert "no seat" in callbox("admin", "update", admin_id, "--name", "G. Example", *here).messages
    callbox("admin", "update", admin_id, "--inbox-seat", *here)
    shown = workspace.api.get(f"/admins/{admin_id}").json()
    assert (shown["name"], shown["email"], shown["has_inbox_seat"]) == ("G. Example", "grace@example.com", True)
    assert callbox("admin", "list", *here).rows[-1] == [
        *(admin_id, "grace@example.com", "G. Example", "Night shift", "inbox seat", "active"),
    ]
    callbox("admin", "remove", admin_id, *here)
    assert workspace.api.get(f"/admins/{admin_id}").status_code == 404


def test_an_absent_admin_is_shown_as_such(callbox: Commands, workspace: TestWorkspace) -> None:
    admin_id = workspace.api.get("/me").json()["id"]
    workspace.api.put(f"/admins/{admin_id}/away", json={"away_mode_enabled": True, "away_mode_reassign": True})
    assert callbox("admin", "list", "--workspace", workspace.id).rows[0][-1] == "away, reassigning"


def test_teams_come_change_and_go_with_the_priorities_of_their_members(
    callbox: Commands, workspace: TestWorkspace
) -> None:
    here = ("--workspace", workspace.id)
    first = workspace.api.get("/me").json()["id"]
    second = callbox("admin", "create", "alan@example.com", "Alan Example", *here).out.strip()
    members = ("--member", f"{first}:primary", "--member", second)
    team_id = callbox("team", "create", "Night shift", *members, *here).out.strip()
    shown = workspace.api.get(f"/teams/{team_id}").json()
    assert shown["admin_ids"] == [int(first), int(second)]
    assert shown["admin_priority_level"] == {"primary_admin_ids": [int(first)], "secondary_admin_ids": []}
    assert callbox("team", "list", *here).rows == [[team_id, "Night shift", f"{first}:primary,{second}"]]
    callbox("team", "update", team_id, "--member", f"{second}:secondary", *here)
    callbox("team", "update", team_id, "--name", "Days", *here)
    assert callbox("team", "list", *here).rows == [[team_id, "Days", f"{second}:secondary"]]
    callbox("team", "delete", team_id, *here)
    assert workspace.api.get("/teams").json()["teams"] == []


def test_segments_come_change_and_go_and_tell_their_members(
    callbox: Commands, workspace: TestWorkspace, eventually: Eventually
) -> None:
    here = ("--workspace", workspace.id)
    workspace.api.post("/contacts", json={"role": "lead", "name": "Lead Example"})
    made = callbox("segment", "create", "Leads", "--type", "contact", "--predicate", "-", *here, given=IS_LEAD)
    segment_id = made.out.strip()
    assert callbox("segment", "compute", segment_id, *here).out == "1\n"
    (row,) = [row for row in callbox("segment", "list", *here).rows if row[0] == segment_id]
    assert (row[1:4], json.loads(row[4])) == (["contact", "1", "Leads"], json.loads(IS_LEAD))
    nobody = json.dumps({"field": "name", "operator": "=", "value": "Nobody"})
    callbox("segment", "update", segment_id, "--name", "Nobodies", "--predicate", nobody, *here)
    shown = f"/segments/{segment_id}"
    assert workspace.api.get(shown).json()["name"] == "Nobodies"

    def is_empty() -> bool:
        listed = workspace.api.get("/segments", params={"include_count": True}).json()["segments"]
        return [segment["count"] for segment in listed if segment["id"] == segment_id] == [0]

    eventually(is_empty)
    callbox("segment", "delete", segment_id, *here)
    assert workspace.api.get(shown).status_code == 404


def test_subscription_types_come_and_change(callbox: Commands, workspace: TestWorkspace) -> None:
    here = ("--workspace", workspace.id)
    options = ("--consent", "opt_in", "--content", "email", "--content", "sms_message", "--description", "Weekly")
    translation = ("--translation", "de=Wochenbrief|Jede Woche")
    type_id = callbox("subscription-type", "create", "Digest", *options, *translation, *here).out.strip()
    shown = {each["id"]: each for each in workspace.api.get("/subscription_types").json()["data"]}[type_id]
    english = {"name": "Digest", "description": "Weekly", "locale": "en"}
    german = {"name": "Wochenbrief", "description": "Jede Woche", "locale": "de"}
    assert shown["consent_type"] == "opt_in"
    assert shown["translations"] == [english, german]
    callbox("subscription-type", "update", type_id, "--state", "archived", "--content", "email", *here)
    assert callbox("subscription-type", "list", *here).rows[-1] == [
        *(type_id, "archived", "opt_in", "email", "en,de", "Digest"),
    ]


def test_a_visitors_user_id_is_printed_alone(callbox: Commands, workspace: TestWorkspace) -> None:
    place = ("--country", "Sweden", "--city", "Lund", "--referrer", "https://example.com/")
    user_id = callbox("visitor", "create", "--workspace", workspace.id, *place).out.strip()
    shown = workspace.api.get("/visitors", params={"user_id": user_id}).json()
    assert shown["user_id"] == user_id
    assert shown["location_data"]["city_name"] == "Lund"


def test_without_a_workspace_the_oldest_is_meant(callbox: Commands, client: Client) -> None:
    oldest = callbox("workspace", "list").rows[0][0]
    assert client(callbox("token", "create").out.strip()).get("/me").json()["app"]["id_code"] == oldest


def test_a_command_leaves_no_files_behind(callbox: Commands, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    assert callbox.run("workspace", "list", TMPDIR=str(temporary)).code == 0
    assert list(tmp_path.rglob("*")) == [temporary]
