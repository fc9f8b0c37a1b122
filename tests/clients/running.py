"""Runs a client that is written in Python where it is installed, and reads a whole workspace to compare with."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.clients.installing import installed

Json = dict[str, Any]

_HERE = Path(__file__).parent
_REDIRECT = _HERE / "redirect"


def script(name: str) -> str:
    """The path of a script that is run with a client's interpreter."""
    return str(_HERE / "scripts" / name)


def run(client: str, command: str, *arguments: str, api: httpx.Client) -> str:
    """Run a command of a client, `python` or its own, against the server of `api`. Answers what it printed."""
    environment = {
        **os.environ,
        "CALLBOX_URL": str(api.base_url).rstrip("/"),
        "CALLBOX_TOKEN": api.headers["Authorization"].removeprefix("Bearer "),
        "PYTHONPATH": str(_REDIRECT),
    }
    program = installed(client) / "bin" / command
    done = subprocess.run(
        [str(program), *arguments], env=environment, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def everything(api: httpx.Client, path: str, key: str = "data") -> list[Json]:
    """All items of a list, by whichever kind of pages it has."""
    return [item for page in _pages(api, path) for item in page[key]]


def _pages(api: httpx.Client, path: str) -> Iterator[Json]:
    separator = "&" if "?" in path else "?"
    following: Any = f"{path}{separator}per_page=50"
    while following:
        answer = api.get(following)
        assert answer.status_code == 200, answer.text
        page: Json = answer.json()
        yield page
        following = (page.get("pages") or {}).get("next")
        if isinstance(following, dict):
            following = f"{path}{separator}per_page=50&starting_after={following['starting_after']}"
