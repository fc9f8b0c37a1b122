"""The work that time brings: what waits in teams is shared out, and nobody who was removed keeps anything.

Only the worker imports this module.
"""

import msgspec

from callbox.platform.database import connection
from callbox.platform.jobs import Job, Schedule, enqueue, work_once
from callbox.support.assignment import queries, running, service
from callbox.support.assignment.queries import TeamKey
from callbox.support.assignment.service import RemovedAdmin, RemovedTeam
from callbox.workspace.workspaces import operator_caller


async def _find_waiting() -> None:
    async with connection() as held:
        found = await queries.teams_with_waiting.all(held)
        await enqueue(held, [work_once(SHARE_OUT.name, team) for team in found])


async def _share_out(payload: bytes) -> None:
    team = msgspec.json.decode(payload, type=TeamKey)
    caller = await operator_caller(team.workspace_id)
    while await running.share_out_waiting(caller, team.team_id):
        continue


async def _unassign(payload: bytes) -> None:
    async with connection() as held:
        await service.unassign(held, msgspec.json.decode(payload, type=RemovedAdmin | RemovedTeam))


SHARE_OUT = Job("assignment.share_out", _share_out, timeout_seconds=600)

JOBS = [SHARE_OUT, Job(service.UNASSIGN, _unassign)]
SCHEDULES = [Schedule("assignment.find_waiting", "* * * * * */5", _find_waiting)]
