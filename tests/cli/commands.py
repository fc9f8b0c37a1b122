"""Runs commands as an operator would: as processes, with settings from the environment."""

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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


# Arguments, what is typed in, and the environment.
Start = Callable[[Sequence[str], str, Mapping[str, str]], Answer]


def started(arguments: Sequence[str], given: str, environment: Mapping[str, str]) -> Answer:
    """A command that is started as operators start it."""
    done = subprocess.run(
        [sys.executable, "-m", "callbox.cli", *arguments],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=_ANY_SECONDS,
        env=environment,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


@contextmanager
def copying(directory: Path) -> Iterator[Start]:
    """A way to start commands that reads the program once for all of them."""
    environment = {**os.environ, "COLUMNS": "200"}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.cli.copies"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    ) as original:
        yield lambda arguments, given, settings: _copied(original, directory, arguments, given, settings)
        assert original.stdin is not None
        original.stdin.close()
        assert original.wait(_ANY_SECONDS) == 0


def _copied(
    original: "subprocess.Popen[str]",
    directory: Path,
    arguments: Sequence[str],
    given: str,
    environment: Mapping[str, str],
) -> Answer:
    assert original.stdin is not None
    assert original.stdout is not None
    with tempfile.TemporaryDirectory(dir=directory) as place:
        streams = [Path(place, name) for name in ("in", "out", "messages")]
        streams[0].write_text(given)
        for stream in streams[1:]:
            stream.touch()
        call = {"arguments": arguments, "environment": dict(environment), "streams": list(map(str, streams))}
        print(json.dumps(call), file=original.stdin, flush=True)
        assert select.select([original.stdout], [], [], _ANY_SECONDS)[0], f"{arguments} takes too long"
        return Answer(int(original.stdout.readline()), streams[1].read_text(), streams[2].read_text())


@dataclass
class Commands:
    """The `callbox` program in one environment."""

    environment: dict[str, str]
    start: Start = started

    def run(self, *arguments: str, given: str = "", **environment: str) -> Answer:
        """A command from beginning to end, whatever its exit status."""
        answer = self.start(arguments, given, {**os.environ, "COLUMNS": "200", **self.environment, **environment})
        assert "Traceback" not in answer.messages, answer.messages
        return answer

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
