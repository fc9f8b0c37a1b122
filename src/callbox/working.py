"""What the job worker runs: the relay's subscribers, the jobs and the schedules of all rooms, in one list."""

import asyncio


async def work(database_url: str, stop: asyncio.Event) -> None:
    """Run until told to stop."""
    await stop.wait()
