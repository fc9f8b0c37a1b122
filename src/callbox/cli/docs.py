"""`callbox docs`: the API's description as files."""

from pathlib import Path
from typing import Annotated

import typer
from litestar.response import Response

from callbox.cli.common import say
from callbox.installation import InstallationError

_PAGE = "/docs"


def docs(
    output: Annotated[Path, typer.Option(help="Directory to write to.")] = Path("build/docs"),
) -> None:
    """Write the API's description, and the page to read it, as files that need no server."""
    from callbox.app import API_ROUTES, MANAGE_ROUTES  # noqa: PLC0415  # no other command needs all routes
    from callbox.wire.description import description_routes  # noqa: PLC0415

    try:
        for route in description_routes([*API_ROUTES, *MANAGE_ROUTES]):
            (path,) = route.paths
            response: Response[bytes] = route.fn()  # type: ignore[assignment]  # these handlers are not async
            _write(output, path, response.content)
    except OSError as error:
        raise InstallationError(f"Cannot write {error.filename}: {error.strerror}.") from error
    say(f"Wrote {output / 'index.html'} and the OpenAPI files beside it.")


def _write(output: Path, path: str, content: bytes) -> None:
    if path == _PAGE:
        # What the server has at its root lies beside the page.
        path, content = "/index.html", content.replace(b'href="/', b'href="')
    file = output / path.removeprefix("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
