"""What is shipped to run Callbox names settings, commands and metrics that there are."""

import configparser
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer.main
import yaml
from prometheus_client import REGISTRY

from callbox.cli import cli
from callbox.settings import Settings, read_settings
from tests.conftest import RunningServer

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
SETTINGS = set(re.findall(r'"(CALLBOX_\w+)"', (ROOT / "src/callbox/settings.py").read_text()))
UNITS = sorted(DEPLOY.glob("*.service"))
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()


def _check_command(words: list[str]) -> None:
    """Whether the program has such a command, with such options."""
    command = typer.main.get_command(cli).commands[words[0]]  # type: ignore[attr-defined]
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


def _unit(path: Path) -> configparser.RawConfigParser:
    parsed = configparser.RawConfigParser(strict=False)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read(path)
    return parsed


@pytest.mark.parametrize("path", sorted(DEPLOY.iterdir()), ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    assert set(re.findall(r"CALLBOX_\w+", path.read_text())) <= SETTINGS


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_start_what_there_is_with_no_rights(path: Path) -> None:
    service = _unit(path)["Service"]
    program, *words = service["ExecStart"].split()
    assert program == "/opt/callbox/bin/callbox"
    _check_command(words)
    hardened = {"NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "CapabilityBoundingSet": ""}
    assert hardened.items() <= dict(service).items()
    assert service["User"] != "root"


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_understands_the_units(path: Path, tmp_path: Path) -> None:
    # It looks whether the program and the user are there.
    unit = re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", path.read_text())
    copy = tmp_path / path.name
    copy.write_text(re.sub(r"^(User|Group)=.*\n", "", unit, flags=re.MULTILINE))
    checked = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False)
    complaints = [line for line in checked.stderr.splitlines() if path.name in line]
    assert complaints == []


def test_images_are_of_a_fixed_release_and_run_without_rights() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    images = [*bases, COMPOSE["services"]["database"]["image"]]
    assert all(re.search(r":\d+\.\d+", image) for image in images), images
    last_stage = DOCKERFILE[DOCKERFILE.rindex("FROM ") :]
    assert re.search(r"^USER 10001$", last_stage, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", last_stage, re.MULTILINE)
    assert "--require-hashes" in DOCKERFILE
    [command] = re.findall(r"^CMD (\[.*\])", last_stage, re.MULTILINE)
    _check_command(json.loads(command))


def test_the_image_is_made_of_files_that_are_not_ignored() -> None:
    shown = set(re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    copied = {
        name for names in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE) for name in names.split()
    }
    assert copied == shown
    assert all((ROOT / name).exists() for name in copied)


def test_what_compose_sets_can_be_read() -> None:
    server = COMPOSE["services"]["server"]
    unset = {name: re.sub(r"\$\{[^}]*\}", "", value) for name, value in server["environment"].items()}
    assert isinstance(read_settings(unset), Settings)
    assert server["read_only"]
    assert server["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in server["ports"])
    volumes = {each.partition(":")[0] for service in COMPOSE["services"].values() for each in service["volumes"]}
    assert volumes == set(COMPOSE["volumes"])


def _metrics(server: RunningServer) -> set[str]:
    gauges = set(re.findall(r"^# TYPE (callbox_\w+) gauge", httpx.get(f"{server.url}/metrics").text, re.MULTILINE))
    return gauges | {name for name in REGISTRY._names_to_collectors if name.startswith("callbox_")}


@pytest.mark.parametrize("name", ["grafana-dashboard.json", "prometheus-alerts.yml"])
def test_every_metric_that_is_shown_exists(name: str, server: RunningServer) -> None:
    named = set(re.findall(r"\bcallbox_\w+", (DEPLOY / name).read_text()))
    assert len(named) > 3
    assert named <= _metrics(server)


def test_the_dashboard_and_the_alerts_are_well_formed() -> None:
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            assert target["expr"].count("(") == target["expr"].count(")")
    for group in yaml.safe_load((DEPLOY / "prometheus-alerts.yml").read_text())["groups"]:
        for rule in group["rules"]:
            assert {"alert", "expr", "for", "annotations"} <= set(rule)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_alerts_fire_when_they_should_and_only_then(tmp_path: Path) -> None:
    cases = (ROOT / "tests/prometheus-alerts.yml").read_text()
    (tmp_path / "cases.yml").write_text(cases.replace("RULES", str(DEPLOY / "prometheus-alerts.yml")))
    alerts = {
        rule["alert"] for rule in yaml.safe_load((DEPLOY / "prometheus-alerts.yml").read_text())["groups"][0]["rules"]
    }
    assert all(cases.count(f"alertname: {alert}") == 2 for alert in alerts)
    tested = subprocess.run(
        ["promtool", "test", "rules", "cases.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr
