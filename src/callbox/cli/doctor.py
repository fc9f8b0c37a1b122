"""`callbox doctor`: what is wrong, and what to do."""

import asyncio
import sys
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from callbox.cli.common import DataOption, print_rows, say, settings_of
from callbox.doctor import Finding, examine
from callbox.doctor.findings import State
from callbox.installation import Database, InstallationError

_SIGNS: dict[State, str] = {"well": "[green]✓[/]", "doubtful": "[yellow]![/]", "wrong": "[bold red]✗[/]"}


def doctor(
    data: DataOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for programs.")] = False,
) -> None:
    """Look at everything that an installation needs, and say what is wrong. The exit status is 1 if something is."""
    settings = settings_of(data)
    database = Database(settings, say)
    if database.embedded is not None and not (settings.data / "postgres").exists():
        raise InstallationError(f"There is no installation in {settings.data}: run callbox serve, or give --data.")

    async def work() -> list[Finding]:
        async with database.used():
            return await examine(settings, database.url)

    findings = asyncio.run(work())
    is_well = all(finding.state != "wrong" for finding in findings)
    if as_json:
        print(msgspec.json.encode({"is_well": is_well, "findings": findings}).decode())
    elif sys.stdout.isatty():
        _print(findings)
    else:
        rows = [(each.state, each.check, each.told, each.remedy or "") for each in findings]
        print_rows(("state", "check", "found", "to do"), rows)
    if not is_well:
        raise typer.Exit(1)


def _print(findings: list[Finding]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        console.print(f"{_SIGNS[finding.state]} [bold]{escape(finding.check)}[/]  {escape(finding.told)}")
        if finding.remedy is not None:
            console.print(f"    {escape(finding.remedy)}", style="dim")
