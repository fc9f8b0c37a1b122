"""Prism, a mock server: it checks requests against the official description and answers with its examples.

It keeps nothing and looks nothing up, so it does reads alone. It runs as one process and has no option for more.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import yaml

from benchmarks.inbox import texts
from benchmarks.peers.callbox import search
from benchmarks.peers.installing import node_package
from benchmarks.peers.works import LIST, PER_PAGE, READ, READ_CONTACT, SEARCH, Peer, Way, get
from benchmarks.servers import free_port, program, wait_until_connectable

VERSION = "5.16.0"
_REFERENCE = Path(__file__).parents[3] / "shared/reference/intercom-api-2.11.yaml"


@contextmanager
def running_prism(directory: Path) -> Iterator[list[Peer]]:
    """The mock server, if Node and the official description are here."""
    description = Path(os.environ.get("CALLBOX_REFERENCE") or _REFERENCE)
    programs = node_package("@stoplight/prism-cli", VERSION) if description.is_file() else None
    if programs is None:
        yield []
        return
    port = free_port()
    command = [
        str(programs / "prism"),
        "mock",
        "--multiprocess=false",
        "--port",
        str(port),
        str(_readable(description, directory)),
    ]
    with program(command, {"NODE_ENV": "production"}, is_silent=True) as process:
        wait_until_connectable(port)
        yield [Peer(f"Prism {VERSION}", port, process.pid, _ways(), token="any")]


def _readable(description: Path, directory: Path) -> Path:
    """The description with the one schema that it refers to and does not have, without which Prism refuses it."""
    loaded = yaml.load(description.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    loaded["components"]["schemas"].setdefault("custom_attributes", {"type": "object"})
    file = directory / "description.json"
    file.write_bytes(msgspec.json.encode(loaded))
    return file


def _ways() -> Sequence[Way]:
    return [
        Way(READ, lambda number: get(f"/conversations/{number}"), "GET /conversations/{id}"),
        Way(READ_CONTACT, lambda number: get(f"/contacts/{number}"), "GET /contacts/{id}"),
        Way(LIST, lambda _: get(f"/conversations?per_page={PER_PAGE}"), "GET /conversations"),
        Way(SEARCH, lambda number: search(texts.product(number)), "POST /conversations/search"),
    ]
