"""The connector that Airbyte makes for agents: pages through every list and reads an item of each, as JSON."""

import asyncio
import json
import os

from airbyte_agent_intercom import IntercomConnector
from airbyte_agent_intercom.models import IntercomAuthConfig

PAGED = {"contacts", "conversations"}


def _next(meta):
    following = meta.next_page
    return following.get("starting_after") if isinstance(following, dict) else following


async def _everything(entity, *, paged):
    ids, cursor = [], None
    while True:
        page = await entity.list(per_page=60, starting_after=cursor) if paged else await entity.list()
        ids += [item.id for item in page.data]
        cursor = _next(page.meta) if paged else None
        if not cursor:
            return ids


async def main() -> None:
    """Read the workspace."""
    connector = IntercomConnector(auth_config=IntercomAuthConfig(access_token=os.environ["CALLBOX_TOKEN"]))
    found = {}
    for name in ("admins", "companies", "contacts", "conversations", "segments", "tags", "teams"):
        entity = getattr(connector, name)
        found[name] = await _everything(entity, paged=name in PAGED)
        one = await entity.get(id=found[name][0])
        assert one["id"] == found[name][0], one
    print(json.dumps(found))


asyncio.run(main())
