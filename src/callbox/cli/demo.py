"""`callbox demo`: lifelike data for a workspace that is there already."""

from callbox import demo as demo_data
from callbox.cli.common import DataOption, WorkspaceOption, run_in_workspace, say, settings_of
from callbox.platform.files import open_files


def demo(data: DataOption = None, workspace: WorkspaceOption = None) -> None:
    """Fill an empty workspace with lifelike data, the same at every run."""
    open_files(settings_of(data).files)
    contents = run_in_workspace(data, workspace, lambda caller: demo_data.fill(caller, say))
    say(f"The workspace now has {contents}.")
