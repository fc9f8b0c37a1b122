"""The MCP server `mcp-intercom`, as an assistant uses it: started as a process, its tools called over its pipes.

Prints what each tool answered, as JSON by the tool's name.
"""

import asyncio
import json
import os
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def main() -> None:
    """Call each of the tools named in the arguments."""
    environment = {
        **os.environ,
        "INTERCOM_BASE_URL": os.environ["CALLBOX_URL"],
        "INTERCOM_ACCESS_TOKEN": os.environ["CALLBOX_TOKEN"],
    }
    server = StdioServerParameters(command=sys.executable, args=["-m", "mcp_intercom.server"], env=environment)
    answers = {}
    async with stdio_client(server) as (reading, writing), ClientSession(reading, writing) as session:
        await session.initialize()
        answers["tools"] = [tool.name for tool in (await session.list_tools()).tools]
        for name, arguments in json.loads(sys.argv[1]).items():
            answer = await session.call_tool(name, arguments)
            answers[name] = answer.content[0].text
    print(json.dumps(answers))


asyncio.run(main())
