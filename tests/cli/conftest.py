"""Runs commands as an operator would: as processes, with settings from the environment."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.conftest import RunningServer

_ANY_SECONDS = 120


@dataclass
class Answer:
    """What became of a command."""

    code: int
    out: str
    messages: str

    @property
    def rows(self) -> list[list[str]]:
        """The lines of a list, as a program reads them."""
        return [line.split("\t") for line in self.out.splitlines()]


@dataclass
class Commands:
    """The `callbox` program in one environment."""

    environment: dict[str, str]

    def run(self, *arguments: str, given: str = "", **environment: str) -> Answer:
        """A command from beginning to end, whatever its exit status."""
        done = subprocess.run(
            [sys.executable, "-m", "callbox.cli", *arguments],
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=_ANY_SECONDS,
            env={**os.environ, "COLUMNS": "200", **self.environment, **environment},
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Answer(done.returncode, done.stdout, done.stderr)

    def __call__(self, *arguments: str, given: str = "") -> Answer:
        """A command that has to succeed."""
        answer = self.run(*arguments, given=given)
        assert answer.code == 0, answer.messages
        return answer

    def refusal(self, *arguments: str, given: str = "", **environment: str) -> str:
        """The one sentence of a command that has to fail."""
        answer = self.run(*arguments, given=given, **environment)
        assert answer.code == 1, answer
        assert answer.out == ""
        assert len(answer.messages.splitlines()) == 1, answer.messages
        assert answer.messages.startswith("callbox: ")
        return answer.messages.removeprefix("callbox: ").strip()


@pytest.fixture
def callbox(server: RunningServer, tmp_path: Path) -> Commands:
    """Commands beside the suite's server, on its database; the data directory is not needed for that."""
    return Commands({"CALLBOX_DATABASE_URL": server.database_url, "CALLBOX_DATA": str(tmp_path / "unused")})


@pytest.fixture
def client(server: RunningServer) -> Iterator[Callable[[str], httpx.Client]]:
    """Makes a client of the server with a token."""
    with ExitStack() as clients:

        def make(token: str) -> httpx.Client:
            headers = {"Authorization": f"Bearer {token}"}
            return clients.enter_context(httpx.Client(base_url=server.url, headers=headers, timeout=30))

        yield make
