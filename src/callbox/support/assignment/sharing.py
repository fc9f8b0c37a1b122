"""How a team shares out what comes to it: in turn, or evenly. Who is away or has no seat gets nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from callbox.platform.database import Connection
from callbox.support.assignment import queries
from callbox.support.assignment.queries import Candidate, SharingTeam
from callbox.support.assignment.schemas import Method
from callbox.wire.authentication import Caller

_NEVER = datetime.min.replace(tzinfo=UTC)


class Share(msgspec.Struct, frozen=True):
    """The member who gets a team's next conversation, and by which method."""

    admin_id: int
    method: Method


async def next_share(held: Connection, caller: Caller, team_id: int, at: datetime) -> Share | None:
    """The team's next share; none where it shares out by hand, or nobody can take it.

    The team is held from now on, and counts on this member getting a conversation.
    """
    team = await queries.team_to_share_out.first(held, caller.workspace_id, team_id)
    if team is None:
        return None
    admin_id = choose(team, await queries.candidates.all(held, caller.workspace_id, team_id))
    if admin_id is None:
        return None
    await queries.note_share.run(held, caller.workspace_id, team_id, admin_id, at)
    return Share(admin_id, team.method)


def choose(team: SharingTeam, candidates: Sequence[Candidate]) -> int | None:
    """One of the members who can take it; those of second priority only where no one of the first can."""
    able = [each for each in candidates if team.method != "balanced" or _has_room(team, each)]
    first = [each for each in able if not each.is_secondary]
    asked = first or able
    if not asked:
        return None
    if team.method == "balanced":
        return min(asked, key=_load).admin_id
    last = team.last_admin_id or 0
    return min(asked, key=lambda each: (each.admin_id <= last, each.admin_id)).admin_id


def _has_room(team: SharingTeam, candidate: Candidate) -> bool:
    limits = [limit for limit in (team.max_open_conversations, candidate.max_open_conversations) if limit is not None]
    return all(candidate.open_conversations < limit for limit in limits)


def _load(candidate: Candidate) -> tuple[int, datetime, int]:
    """Fewest open conversations; then whose last one is the longest ago."""
    return candidate.open_conversations, candidate.last_assigned_at or _NEVER, candidate.admin_id
