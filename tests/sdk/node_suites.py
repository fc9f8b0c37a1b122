"""Suites of node:test that drive a Node SDK: each of their tests runs alone, in a workspace of its own."""

import os
import re
import subprocess
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
    pattern = f"^{re.escape(name)}$"
    done = subprocess.run(
        ["node", "--test-reporter=tap", f"--test-name-pattern={pattern}", str(suite)],
        env={
            **os.environ,
            "CALLBOX_URL": server_url,
            "CALLBOX_TOKEN": workspace.token,
            "CALLBOX_NODE_SDK": str(installed),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(rf"^ok \d+ - {re.escape(name)}$", done.stdout, re.MULTILINE)) == 1, done.stdout
