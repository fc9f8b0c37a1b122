"""The tools that Arcade gives to language models, called in turn: for each of its tools that needs nothing, and those
of the argument, a list of [tool, keyword arguments]. Prints a list of [tool, answer].
"""

import asyncio
import inspect
import json
import os
import sys

from arcade_core.errors import ToolkitError
from arcade_core.schema import ToolAuthorizationContext, ToolSecretItem
from arcade_intercom_api import tools
from arcade_tdk import ToolContext

CONTEXT = ToolContext(
    authorization=ToolAuthorizationContext(token=os.environ["CALLBOX_TOKEN"]),
    secrets=[ToolSecretItem(key="INTERCOM_API_SUBDOMAIN", value="api")],
)


def _needing_nothing():
    for name, tool in inspect.getmembers(tools, inspect.iscoroutinefunction):
        parameters = list(inspect.signature(tool).parameters.values())[1:]
        if hasattr(tool, "__tool_name__") and all(each.default is not inspect.Parameter.empty for each in parameters):
            yield name, {}


def _typed(arguments):
    return {key: tools.ToolMode(value) if key == "mode" else value for key, value in arguments.items()}


async def main() -> None:
    """Call the tools."""
    answers = []
    for name, arguments in [*_needing_nothing(), *json.loads(sys.argv[1])]:
        try:
            answer = await getattr(tools, name)(CONTEXT, **_typed(arguments))
        except ToolkitError as refused:
            answer = {"refused": str(refused)}
        answers.append([name, answer])
    print(json.dumps(answers))


asyncio.run(main())
