"""`callbox segment`: people or companies that meet a predicate. The API can only read them."""

import sys
from typing import Annotated, Any

import msgspec
import typer

from callbox.cli.common import DataOption, WorkspaceOption, group, print_rows, request, run_in_workspace, say
from callbox.people.segments import service
from callbox.people.segments.schemas import CreateSegmentRequest, UpdateSegmentRequest
from callbox.wire.errors import ParameterInvalid

commands = group("Segments: people or companies that meet a predicate.")

SegmentArgument = Annotated[str, typer.Argument(help="Its id, as the list shows it.", metavar="SEGMENT_ID")]
_PREDICATE = typer.Option(
    help='A query of the search language as JSON, such as {"field": "role", "operator": "=", "value": "user"}; '
    'dates may be {"days_ago": 30}. With - it is read from standard input.',
    metavar="JSON",
)


@commands.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    predicate: Annotated[str, _PREDICATE],
    data: DataOption = None,
    workspace: WorkspaceOption = None,
    person_type: Annotated[str, typer.Option("--type", help="user, contact (for leads) or company.")] = "user",
) -> None:
    """Create a segment and find its members; prints its id."""
    wanted = request(CreateSegmentRequest, name=name, person_type=person_type, predicate=_object(predicate))
    print(run_in_workspace(data, workspace, lambda caller: service.create_segment(caller, wanted)).id)


def _object(written: str | None) -> dict[str, Any] | None:
    if written is None:
        return None
    text = sys.stdin.read() if written == "-" else written
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ParameterInvalid(f"predicate must be a JSON object: {error}") from None


@commands.command("list")
def list_(data: DataOption = None, workspace: WorkspaceOption = None) -> None:
    """List the segments with their predicates; a count of ? is still to be computed by a worker."""
    rows = [
        (
            segment.id,
            segment.person_type,
            "?" if segment.count is None else segment.count,
            segment.name,
            segment.error or bytes(segment.predicate).decode(),
        )
        for segment in run_in_workspace(data, workspace, service.list_managed)
    ]
    print_rows(("id", "type", "count", "name", "predicate"), rows)


@commands.command()
def update(
    segment_id: SegmentArgument,
    data: DataOption = None,
    workspace: WorkspaceOption = None,
    name: Annotated[str | None, typer.Option(help="What it shall be called.")] = None,
    predicate: Annotated[str | None, _PREDICATE] = None,
) -> None:
    """Rename a segment or define it anew."""
    wanted = request(UpdateSegmentRequest, name=name, predicate=_object(predicate))
    run_in_workspace(data, workspace, lambda caller: service.update_segment(caller, segment_id, wanted))
    say(f"Segment {segment_id} is changed.")


@commands.command()
def compute(segment_id: SegmentArgument, data: DataOption = None, workspace: WorkspaceOption = None) -> None:
    """Find a segment's members anew, at once; prints how many there are."""
    segment = run_in_workspace(data, workspace, lambda caller: service.compute_segment(caller, segment_id))
    if segment.error is not None:
        raise ParameterInvalid(segment.error)
    print(segment.count)


@commands.command()
def delete(segment_id: SegmentArgument, data: DataOption = None, workspace: WorkspaceOption = None) -> None:
    """Delete a segment; the people and companies in it stay."""
    run_in_workspace(data, workspace, lambda caller: service.delete_segment(caller, segment_id))
    say(f"Segment {segment_id} is deleted.")
