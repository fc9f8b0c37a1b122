"""`python -m benchmarks.dataset DIRECTORY`: a data directory with a large workspace in it, made in minutes.

`callbox serve --data DIRECTORY` then serves it; dataset.json tells its access token. The same numbers give the same
workspace at every run, but for the token and the times of data events, which are only listed while they are recent.
"""

import argparse
import asyncio
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
from rich.console import Console

from benchmarks.inbox import data as inbox
from benchmarks.inbox.data import Size, Staff
from benchmarks.people import data as people
from benchmarks.servers import first_token, free_port, running, settle
from callbox.platform.database.embedded import EmbeddedPostgres

_CONTACTS_IN_A_COMPANY = 20
_CONVERSATIONS_FOR_A_TICKET = 5
_FILE = "dataset.json"

console = Console(highlight=False, soft_wrap=True, stderr=True)


class Dataset(msgspec.Struct):
    """What a workspace was filled with, as far as requests to it need to know."""

    contacts: int
    conversations: int
    token: str
    workspace_id: str
    staff: Staff

    @property
    def companies(self) -> int:
        """How many companies its contacts work for."""
        return companies_for(self.contacts)

    @property
    def size(self) -> Size:
        """How much there is in its inbox."""
        return size_for(self.contacts, self.conversations)


def companies_for(contacts: int) -> int:
    """How many companies so many contacts work for."""
    return max(1, contacts // _CONTACTS_IN_A_COMPANY)


def size_for(contacts: int, conversations: int) -> Size:
    """An inbox of so many conversations."""
    return Size(conversations, max(1, conversations // _CONVERSATIONS_FOR_A_TICKET), contacts)


def fill(url: str, token: str, dsn: str, contacts: int, conversations: int) -> Dataset:
    """Fill the one workspace of a new database, whose server and worker run."""
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as api:
        workspace_id: str = api.get("/me").json()["app"]["id_code"]
        people.define(api)
        staff = inbox.define(api)
        dataset = Dataset(contacts, conversations, token, workspace_id, staff)
        with _timed(f"{contacts:,} contacts, {dataset.companies:,} companies"):
            asyncio.run(people.load(dsn, workspace_id, contacts, dataset.companies))
        with _timed(f"{conversations:,} conversations, {dataset.size.tickets:,} tickets"):
            asyncio.run(inbox.load(dsn, workspace_id, staff, dataset.size, dataset.size.newest(1)))
        with _timed("segments"):
            people.define_segments(api)
            settle(dsn)
    return dataset


def dataset_in(directory: Path, contacts: int, conversations: int) -> Dataset:
    """The data set in a directory, made there unless it is there already. A half-made one is made anew."""
    file = directory / _FILE
    if file.exists():
        found = msgspec.json.decode(file.read_bytes(), type=Dataset)
        if (found.contacts, found.conversations) == (contacts, conversations):
            return found
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    port = free_port()
    with running(["callbox.cli", "serve", "--data", str(directory), "--port", str(port)], {}) as server:
        token = first_token(server)
        dataset = fill(f"http://127.0.0.1:{port}", token, EmbeddedPostgres(directory).dsn, contacts, conversations)
    file.touch(mode=0o600)
    file.write_bytes(msgspec.json.encode(dataset))
    return dataset


@contextmanager
def _timed(what: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    console.print(f"{what}: {time.monotonic() - started:.0f} s")


def main() -> None:
    """Read the options; what is in the directory is left alone if it is what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dataset", description=__doc__)
    parser.add_argument("directory", type=Path, help="not below one that other users may not enter")
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument(
        "--conversations", type=int, default=100_000, help="of eight parts each; a fifth as many tickets"
    )
    dataset_in(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
