"""The official Node SDK: starts each test of node/suite.mjs against the server, in a workspace of its own.

The SDK is installed once, outside the checkout's tracked files. Without Node or without a package registry
the tests are skipped, except where CI is set.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.conftest import TestWorkspace

NODE = Path(__file__).parent / "node"
SUITE = NODE / "suite.mjs"
NAMES = re.findall(r'^test\("(.+)", async', SUITE.read_text(), re.MULTILINE)


def _missing(reason: str) -> None:
    """Users need no Node, the project's own checks do."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _install(directory: Path, package: str) -> None:
    """Into a new directory that takes its place whole, since several processes of a test run may want to."""
    unfinished = Path(tempfile.mkdtemp(dir=directory.parent))
    command = ["npm", "install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund"]
    done = subprocess.run(
        [*command, "--prefix", str(unfinished), package], capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode:
        shutil.rmtree(unfinished)
        _missing(f"npm could not install {package}: {done.stderr[-300:]}")
    try:
        unfinished.rename(directory)
    except OSError:
        shutil.rmtree(unfinished)
        assert directory.is_dir()


@pytest.fixture(scope="session")
def installed(pytestconfig: pytest.Config) -> Path:
    """Where the SDK lies, in the version that package.json names."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        _missing("the Node SDK's suite needs node and npm")
    name, version = next(iter(json.loads((NODE / "package.json").read_text())["dependencies"].items()))
    directory = pytestconfig.cache.mkdir("node_sdk") / f"{name}-{version}"
    if not directory.is_dir():
        _install(directory, f"{name}@{version}")
    return directory


def test_the_suite_has_a_test_for_each_name() -> None:
    assert len(NAMES) == SUITE.read_text().count('\ntest("')
    assert len(NAMES) == len(set(NAMES))


@pytest.mark.parametrize("name", NAMES)
def test_node_sdk(name: str, installed: Path, workspace: TestWorkspace, server_url: str) -> None:
    pattern = f"^{re.escape(name)}$"
    done = subprocess.run(
        ["node", "--test-reporter=tap", f"--test-name-pattern={pattern}", str(SUITE)],
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
