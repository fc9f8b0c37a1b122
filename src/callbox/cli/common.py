"""What all commands share: their options, the way to a workspace, and how they print."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from callbox.installation import command_database
from callbox.settings import Settings, read_settings
from callbox.wire.authentication import Caller
from callbox.wire.decode import decode
from callbox.wire.errors import ParameterInvalid
from callbox.workspace.workspaces import operator_caller

T = TypeVar("T")

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Data directory; CALLBOX_DATA or ./data by default.", show_default=False),
]
WorkspaceOption = Annotated[
    str | None, typer.Option("--workspace", help="Workspace id; the oldest by default.", show_default=False)
]

_messages = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def say(message: str) -> None:
    """Tell the operator something, beside the promised output."""
    _messages.print(message, style="dim")


def complain(message: str) -> None:
    """Tell the operator what is wrong."""
    _messages.print(f"callbox: {message}", style="bold red")


def group(purpose: str) -> typer.Typer:
    """Commands about one kind of thing."""
    return typer.Typer(no_args_is_help=True, help=purpose)


def settings_of(data: Path | None) -> Settings:
    """The settings of this environment, with the data directory of the command line."""
    settings = read_settings()
    return settings if data is None else msgspec.structs.replace(settings, data=data)


def run(data: Path | None, work: Callable[[], Awaitable[T]]) -> T:
    """Do a command's work beside the installation's database."""

    async def with_database() -> T:
        async with command_database(settings_of(data), say):
            return await work()

    return asyncio.run(with_database())


def run_in_workspace(data: Path | None, workspace: str | None, work: Callable[[Caller], Awaitable[T]]) -> T:
    """Do a command's work as the operator of one workspace."""

    async def with_caller() -> T:
        return await work(await operator_caller(workspace))

    return run(data, with_caller)


def request(kind: type[T], **fields: object) -> T:
    """The request that the same management operation would get; what was not given is absent. Raises WireError."""
    given = {name: value for name, value in fields.items() if value is not None}
    try:
        return decode(msgspec.json.encode(given), kind)
    except UnicodeEncodeError:
        raise ParameterInvalid("Arguments must be written in UTF-8") from None


def print_rows(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """A table for people; where the output goes to a program, a line a row with tabs between."""
    written = [[" ".join(str(cell).split()) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for cells in written:
            print("\t".join(cells))
        return
    table = Table(*headings, box=None, header_style="bold", pad_edge=False)
    for cells in written:
        table.add_row(*cells)
    Console(markup=False).print(table)
