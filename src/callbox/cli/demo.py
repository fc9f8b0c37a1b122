"""`callbox demo`: lifelike data for a workspace that is there already."""

from callbox import demo as demo_data
from callbox.cli.common import DataOption, WorkspaceOption, run_in_workspace, say


def demo(data: DataOption = None, workspace: WorkspaceOption = None) -> None:
    """Fill an empty workspace with lifelike data, the same at every run."""
    contents = run_in_workspace(data, workspace, lambda caller: demo_data.fill(caller, say))
    say(f"The workspace now has {contents}.")
