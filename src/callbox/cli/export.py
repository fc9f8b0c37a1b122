"""`callbox export`: everything a workspace has, in files."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from callbox.cli.common import DataOption, WorkspaceOption, run_in_workspace, say, settings_of
from callbox.exports.dump.tables import RESOURCES
from callbox.platform.files import open_files


def export(
    out: Annotated[Path, typer.Option(help="A new or empty directory.", show_default=False)],
    file_format: Annotated[str, typer.Option("--format", help="jsonl or parquet.")] = "jsonl",
    only: Annotated[
        str,
        typer.Option(help=f"Some of these, separated by commas: {', '.join(sorted(RESOURCES))}.", show_default=False),
    ] = "",
    data: DataOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write everything that a workspace has to a directory, as of one moment: a file a resource, and attached files."""
    from callbox.exports.dump.service import dump  # noqa: PLC0415  # a server does without the memory of Parquet

    open_files(settings_of(data).files)
    names = [name.strip() for name in only.split(",") if name.strip()]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def show(name: str, written: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=written)

        manifest = run_in_workspace(data, workspace, lambda caller: dump(caller, out, file_format, names, show))
    say(f"{sum(manifest.rows.values())} rows in {len(manifest.rows)} files are in {out}.")
    if manifest.missing_files:
        say(f"{len(manifest.missing_files)} attached files are not where they belong; manifest.json names them.")
