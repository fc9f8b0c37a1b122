"""An operator's mistake ends in one sentence, with exit status 1 and nothing on standard output."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup

from callbox.cli import cli
from callbox.serving import CannotListen, listen_at
from tests.cli.commands import Commands
from tests.conftest import TestWorkspace

ROLE = '{"field": "role", "operator": "=", "value": "user"}'

IN_A_WORKSPACE = {
    "admin create nobody Nobody": "email is invalid: nobody",
    "admin update 999999 --name Nobody": "Admin not found",
    "segment delete 999999": "Resource Not Found",
    "subscription-type create Digest --content fax": "content_types[0]: invalid enum value 'fax'",
    "subscription-type create Digest --translation de": "translation must be LOCALE=NAME|DESCRIPTION, not de",
    "team create Nights --member 999999": "members: 999999 is not an admin of the workspace",
    "team create Nights --member 1:first": "members[0].priority: invalid enum value 'first'",
    "token create --scope everything": "scopes must be among api, manage",
    "visitor create --email nobody": "email is invalid: nobody",
}


@pytest.mark.parametrize("command", IN_A_WORKSPACE)
def test_what_a_rule_refuses_is_told_in_its_words(callbox: Commands, workspace: TestWorkspace, command: str) -> None:
    assert callbox.refusal(*command.split(), "--workspace", workspace.id) == IN_A_WORKSPACE[command]


@pytest.mark.parametrize(
    ("predicate", "sentence"),
    [
        ('{"field": ', "predicate must be a JSON object: Input data was truncated"),
        ("[1]", "predicate must be a JSON object: Expected `object`, got `array`"),
        ('{"field": "shoe_size", "operator": "=", "value": 1}', "shoe_size is not a valid field"),
    ],
)
def test_a_predicate_that_cannot_be_read_is_refused(
    callbox: Commands, workspace: TestWorkspace, predicate: str, sentence: str
) -> None:
    here = ("--workspace", workspace.id)
    assert callbox.refusal("segment", "create", "People", "--predicate", predicate, *here) == sentence


def test_a_type_of_segment_that_does_not_exist_is_refused(callbox: Commands) -> None:
    refused = callbox.refusal("segment", "create", "People", "--type", "person", "--predicate", ROLE)
    assert refused == "person_type: invalid enum value 'person'"


@pytest.mark.parametrize("command", ["token list", "demo"])
def test_an_unknown_workspace_is_refused(callbox: Commands, command: str) -> None:
    assert callbox.refusal(*command.split(), "--workspace", "nowhere0") == "Workspace not found"


def test_a_workspaces_fields_are_checked(callbox: Commands, workspace: TestWorkspace) -> None:
    assert "Mars/Base" in callbox.refusal("workspace", "create", "Martians", "--timezone", "Mars/Base")
    assert "'MARS'" in callbox.refusal("workspace", "update", workspace.id, "--region", "MARS")


def test_a_token_that_does_not_exist_is_not_revoked(callbox: Commands) -> None:
    assert callbox.refusal("token", "revoke", "999999") == "Access token not found"


def test_a_workspace_with_contacts_is_not_filled(callbox: Commands, workspace: TestWorkspace) -> None:
    workspace.api.post("/contacts", json={"email": "real@example.com"})
    assert "has contacts already" in callbox.refusal("demo", "--workspace", workspace.id)
    assert workspace.api.get("/companies").json()["data"] == []


@pytest.mark.parametrize(
    ("command", "url", "reason"),
    [
        ("token list", "mysql://localhost/callbox", "scheme"),
        ("database status", "postgresql://callbox@127.0.0.1:1/callbox", "Connect call failed"),
        ("serve --port 0", "postgresql://callbox@127.0.0.1:1/callbox", "Connect call failed"),
        ("worker", "postgresql://callbox@127.0.0.1:1/callbox", "Connect call failed"),
    ],
)
def test_a_database_that_cannot_be_reached_is_the_reason(
    callbox: Commands, command: str, url: str, reason: str
) -> None:
    told = callbox.refusal(*command.split(), CALLBOX_DATABASE_URL=url)
    assert told.startswith("Cannot connect to the database: ")
    assert reason in told


@pytest.mark.parametrize("command", ["start", "stop"])
def test_a_database_of_ones_own_is_neither_started_nor_stopped(callbox: Commands, command: str) -> None:
    assert "neither starts nor stops" in callbox.refusal("database", command)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("CALLBOX_RATE_LIMIT", "many"),
        ("CALLBOX_PUBLIC_URL", "support.example.com"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(callbox: Commands, setting: str, value: str) -> None:
    told = callbox.refusal("token", "list", **{setting: value})
    assert told.startswith(setting)
    assert repr(value) in told


def test_a_port_that_is_taken_is_named(callbox: Commands) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port}: Address already in use" in callbox.refusal("serve", "--port", str(port))


def test_a_data_directory_that_is_a_file_is_named(callbox: Commands, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for command in (["token", "list"], ["serve", "--port", "0"]):
        assert str(file) in callbox.refusal(*command, "--data", str(file), CALLBOX_DATABASE_URL="")
    assert str(file) in callbox.refusal("docs", "--output", str(file))


@pytest.mark.parametrize(
    "command",
    [("admin", "create", "ada@example.com", "Ad\udce8"), ("segment", "create", "x", "--predicate", '{"\udce8": 1}')],
)
def test_an_argument_in_another_encoding_is_refused(callbox: Commands, command: tuple[str, ...]) -> None:
    told = callbox.refusal(*command)
    assert "UTF-8" in told or "predicate" in told


@pytest.mark.parametrize("command", ["serve --port 99999", "nonsense", "token"])
def test_a_command_that_is_written_wrongly_is_explained(callbox: Commands, command: str) -> None:
    answer = callbox.run(*command.split())
    assert answer.code == 2
    assert "Usage: callbox" in answer.out + answer.messages


def _commands(group: TyperGroup) -> Iterator[TyperCommand]:
    for command in group.commands.values():
        if isinstance(command, TyperGroup):
            yield from _commands(command)
        else:
            assert isinstance(command, TyperCommand)
            yield command


def test_every_command_and_option_says_what_it_is_for() -> None:
    root = typer.main.get_command(cli)
    assert isinstance(root, TyperGroup)
    for command in _commands(root):
        assert command.help, command.name
        for parameter in command.params:
            assert getattr(parameter, "help", None), (command.name, parameter.name)


@pytest.mark.parametrize("place", ["70000", "127.0.0.1:65536", "host", "99999999999999999999", "1.5", ""])
def test_a_place_for_mail_that_is_none_is_told(place: str) -> None:
    with pytest.raises(CannotListen, match=re.escape(f"Cannot listen at {place}")):
        listen_at(place)


def test_a_file_where_mail_is_to_be_taken_in_stays(tmp_path: Path) -> None:
    file = tmp_path / "precious"
    file.write_text("kept")
    with pytest.raises(CannotListen, match="Address already in use"):
        listen_at(str(file))
    assert file.read_text() == "kept"
    left = tmp_path / "lmtp.sock"
    listen_at(str(left)).close()
    listen_at(str(left)).close()
