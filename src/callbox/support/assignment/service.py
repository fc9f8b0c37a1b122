"""The settings of assignment: rules of the workspace, methods of teams, limits of admins; and what removals undo."""

from datetime import timedelta

import msgspec

from callbox.platform.database import Connection, connection, transaction
from callbox.platform.jobs import Work, enqueue
from callbox.support.assignment import conditions, queries
from callbox.support.assignment.queries import RulesRow
from callbox.support.assignment.running import assignment_rules_of, sla_rules_of
from callbox.support.assignment.schemas import (
    AdminAssignment,
    AssignmentRuleList,
    AssignTo,
    SetAdminAssignmentRequest,
    SetAssignmentRulesRequest,
    SetSlaRulesRequest,
    SetTeamAssignmentRequest,
    ShownAssignmentRule,
    ShownSlaRule,
    SlaRule,
    SlaRuleList,
    TeamAssignment,
)
from callbox.support.conversations import transitions
from callbox.support.conversations.changing import acting_admin, hold, store
from callbox.support.conversations.office_hours import open_seconds_of
from callbox.support.conversations.replies import find_assignee
from callbox.support.conversations.schemas import ConversationWithParts
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId, decimal_id
from callbox.wire.errors import ParameterInvalid, ParameterNotFound
from callbox.workspace import teams
from callbox.workspace.admins import service as admins
from callbox.workspace.admins.service import AdminNotFound, AdminRemoved
from callbox.workspace.teams import TeamNotFound, TeamRemoved

UNASSIGN = "assignment.unassign_removed"
# Requests that began before a removal, and could not know of it, have ended by then.
_AFTERWARDS = timedelta(seconds=60)
_MOST_WEEKS = 520


class Removed(msgspec.Struct, tag_field="kind"):
    """Who can have no conversations any more."""

    workspace_id: str


class RemovedAdmin(Removed, tag="admin"):
    """An admin who left."""

    admin_id: int


class RemovedTeam(Removed, tag="team"):
    """A team that was deleted."""

    team_id: int


async def get_assignment_rules(caller: Caller) -> AssignmentRuleList:
    """The rules that say who gets a conversation."""
    async with connection() as held:
        return await _shown_assignment_rules(held, caller)


async def _shown_assignment_rules(held: Connection, caller: Caller) -> AssignmentRuleList:
    row = await queries.rules_of_workspace.first(held, caller.workspace_id) or RulesRow()
    shown = []
    for rule in assignment_rules_of(row):
        error = await conditions.error_of(held, caller, rule)
        shown.append(ShownAssignmentRule(**msgspec.structs.asdict(rule), error=error))
    return AssignmentRuleList("list", shown)


async def set_assignment_rules(caller: Caller, request: SetAssignmentRulesRequest) -> AssignmentRuleList:
    """Replace all rules. Raises the search language's errors, and those of naming an assignee."""
    async with transaction() as held:
        for rule in request.rules:
            await conditions.check(held, caller, rule)
            rule.assign_to = await _checked(held, caller, rule.assign_to)
        encoded = msgspec.json.encode(request.rules).decode()
        await queries.store_assignment_rules.run(held, caller.workspace_id, encoded)
        return await _shown_assignment_rules(held, caller)


async def _checked(held: Connection, caller: Caller, target: AssignTo) -> AssignTo:
    if target.type == "nobody":
        return AssignTo("nobody")
    if target.id is None:
        raise ParameterNotFound("assign_to.id is a required parameter")
    assignee = await find_assignee(held, caller, target.type, target.id)
    return AssignTo(target.type, str(assignee.id))


async def get_sla_rules(caller: Caller) -> SlaRuleList:
    """The rules that say how soon a conversation is to be answered."""
    async with connection() as held:
        return await _shown_sla_rules(held, caller)


async def _shown_sla_rules(held: Connection, caller: Caller) -> SlaRuleList:
    row = await queries.rules_of_workspace.first(held, caller.workspace_id) or RulesRow()
    shown = []
    for rule in sla_rules_of(row):
        error = await conditions.error_of(held, caller, rule)
        shown.append(ShownSlaRule(**msgspec.structs.asdict(rule), error=error))
    return SlaRuleList("list", shown)


async def set_sla_rules(caller: Caller, request: SetSlaRulesRequest) -> SlaRuleList:
    """Replace all rules. What conversations were promised before, they keep. Raises the search language's errors."""
    async with transaction() as held:
        for rule in request.rules:
            await conditions.check(held, caller, rule)
            _check_targets(rule)
        encoded = msgspec.json.encode(request.rules).decode()
        await queries.store_sla_rules.run(held, caller.workspace_id, encoded)
        return await _shown_sla_rules(held, caller)


def _check_targets(rule: SlaRule) -> None:
    """Raise ParameterInvalid unless there is a target, and enough office hours to meet it in."""
    targets = [each for each in (rule.first_reply, rule.next_reply, rule.close, rule.resolve) if each is not None]
    if not targets:
        raise ParameterInvalid(f"rules: {rule.name} must have one of first_reply, next_reply, close and resolve")
    if not rule.office_hours:
        return
    if any(hours.opens >= hours.closes for hours in rule.office_hours):
        raise ParameterInvalid(f"rules: {rule.name} has office_hours that close before they open")
    # Whoever asks when a target is due walks through all days until then.
    if max(targets) > _MOST_WEEKS * open_seconds_of(rule.office_hours):
        raise ParameterInvalid(f"rules: {rule.name} has too few office_hours to meet its targets within ten years")


async def take_off_sla(caller: Caller, conversation_id: WireId) -> ConversationWithParts:
    """Free a conversation of its service level; nothing happens to one that has none."""
    async with transaction() as held:
        author = await acting_admin(held, caller, None)
        change = await hold(held, caller, conversation_id)
        if change.conversation.sla_status is not None:
            transitions.take_off_sla(change, author, change.at)
        return await store(held, caller, change)


async def get_team_assignment(caller: Caller, team_id: WireId) -> TeamAssignment:
    """How a team shares out."""
    async with connection() as held:
        number = await _team(held, caller, team_id)
        row = await queries.team_assignment.first(held, caller.workspace_id, number)
    if row is None:
        return TeamAssignment("team_assignment", str(number), "manual", None)
    return TeamAssignment("team_assignment", str(number), row.method, row.max_open_conversations)


async def set_team_assignment(caller: Caller, team_id: WireId, request: SetTeamAssignmentRequest) -> TeamAssignment:
    """Let a team share out in another way; what waits in it is shared out within moments."""
    method, limit = request.method, request.max_open_conversations
    async with transaction() as held:
        number = await _team(held, caller, team_id)
        await queries.store_team_assignment.run(held, caller.workspace_id, number, method, limit)
    return TeamAssignment("team_assignment", str(number), method, limit)


async def _team(held: Connection, caller: Caller, team_id: WireId) -> int:
    number = decimal_id(team_id)
    if number is None or not await teams.is_team(held, caller.workspace_id, number):
        raise TeamNotFound
    return number


async def get_admin_assignment(caller: Caller, admin_id: WireId) -> AdminAssignment:
    """How much of balanced assignment an admin takes."""
    async with connection() as held:
        number = await _admin(held, caller, admin_id)
        limit = await queries.admin_limit.first(held, caller.workspace_id, number)
    return AdminAssignment("admin_assignment", str(number), limit)


async def set_admin_assignment(caller: Caller, admin_id: WireId, request: SetAdminAssignmentRequest) -> AdminAssignment:
    """Let an admin take more or less."""
    limit = request.max_open_conversations
    async with transaction() as held:
        number = await _admin(held, caller, admin_id)
        await queries.store_admin_limit.run(held, caller.workspace_id, number, limit)
    return AdminAssignment("admin_assignment", str(number), limit)


async def _admin(held: Connection, caller: Caller, admin_id: WireId) -> int:
    number = decimal_id(admin_id)
    if number is None or not await admins.is_admin(held, caller.workspace_id, number):
        raise AdminNotFound
    return number


async def on_admin_removed(held: Connection, workspace_id: str, removed: AdminRemoved) -> None:
    """Nobody has what the admin had."""
    await _undo(held, RemovedAdmin(workspace_id, removed.admin_id))


async def on_team_removed(held: Connection, workspace_id: str, removed: TeamRemoved) -> None:
    """No team has what the team had; its members keep what they have."""
    await _undo(held, RemovedTeam(workspace_id, removed.team_id))


async def _undo(held: Connection, removed: RemovedAdmin | RemovedTeam) -> None:
    await unassign(held, removed)
    await enqueue(held, [Work(UNASSIGN, msgspec.json.encode(removed), delay=_AFTERWARDS)])


async def unassign(held: Connection, removed: RemovedAdmin | RemovedTeam) -> None:
    """Take away what somebody has who was removed."""
    if isinstance(removed, RemovedAdmin):
        await queries.unassign_admin.run(held, removed.workspace_id, removed.admin_id)
    else:
        await queries.unassign_team.run(held, removed.workspace_id, removed.team_id)
