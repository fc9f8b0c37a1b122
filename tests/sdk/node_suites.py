"""Suites of node:test that drive a Node SDK: each of their tests has a workspace of its own."""

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.conftest import TestWorkspace


def names_of(suite: Path) -> list[str]:
    """The tests of a suite."""
    text = suite.read_text()
    names = re.findall(r'^test\("(.+)", async', text, re.MULTILINE)
    assert len(names) == len(set(names)) == text.count('\ntest("'), f"{suite.name} has tests that nobody would run"
    return names


def run_one(suite: Path, name: str, installed: Path, workspace: TestWorkspace, server_url: str) -> None:
    """Run one test of a suite with the SDK that is installed there."""
    done = _run(
        [f"--test-name-pattern=^{re.escape(name)}$", str(suite)], installed, server_url, CALLBOX_TOKEN=workspace.token
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(rf"^ok \d+ - {re.escape(name)}$", done.stdout, re.MULTILINE)) == 1, done.stdout


def run_all(suite: Path, tokens: Mapping[str, str], installed: Path, server_url: str) -> dict[str, str]:
    """Run a suite that takes a token for the name of each test; answers what became of each."""
    done = _run([str(suite)], installed, server_url, CALLBOX_TOKENS=json.dumps(tokens))
    told = re.findall(r"^((?:not )?ok) \d+ - (.+)\n((?:  .*\n)*)", done.stdout, re.MULTILINE)
    assert told, done.stderr
    return {name: outcome + details for outcome, name, details in told}


def _run(arguments: Sequence[str], installed: Path, server_url: str, **token: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["node", "--test-reporter=tap", *arguments],
        env={**os.environ, "CALLBOX_URL": server_url, "CALLBOX_NODE_SDK": str(installed), **token},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
