"""The official Node SDK: the tests of node/suite.mjs against the server, each in a workspace of its own.

The SDK is installed once, outside the checkout's tracked files. Without Node or without a package registry
the tests are skipped, except where CI is set.
"""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.conftest import RunningServer, new_workspace
from tests.sdk.node_suites import names_of, run_all

NODE = Path(__file__).parent / "node"
SUITE = NODE / "suite.mjs"


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


@pytest.fixture(scope="module")
def outcomes(installed: Path, server: RunningServer) -> dict[str, str]:
    """What became of each test. They run together, since to load the SDK takes longer than most of them."""
    tokens = {}
    for name in names_of(SUITE):
        with (made := new_workspace(server)).api:
            tokens[name] = made.token
    return run_all(SUITE, tokens, installed, server.url)


@pytest.mark.parametrize("name", names_of(SUITE))
def test_node_sdk(name: str, outcomes: dict[str, str]) -> None:
    assert outcomes[name].startswith("ok"), outcomes[name]
