"""Running the assignment rules, as the reference has it; below it what only the management API does."""

from litestar.types import HTTPScope

from callbox.support.assignment import running, service
from callbox.support.assignment.schemas import (
    AdminAssignment,
    AssignmentRuleList,
    SetAdminAssignmentRequest,
    SetAssignmentRulesRequest,
    SetSlaRulesRequest,
    SetTeamAssignmentRequest,
    SlaRuleList,
    TeamAssignment,
)
from callbox.support.conversations.changing import ConversationNotFound
from callbox.support.conversations.replies import AssigneeAdminNotFound, AssigneeTeamNotFound
from callbox.support.conversations.schemas import ConversationWithParts
from callbox.wire.decode import decode
from callbox.wire.operations import caller_of, operation
from callbox.wire.search import InvalidField, InvalidOperator, InvalidQuery, InvalidValue, InvalidValues
from callbox.workspace.admins.service import AdminNotFound, NoInboxSeat
from callbox.workspace.teams import TeamNotFound

_GROUP = "Assignment"
_SEARCH_ERRORS = [InvalidQuery, InvalidField, InvalidOperator, InvalidValue, InvalidValues]


@operation(
    "POST",
    "/conversations/{conversation_id:str}/run_assignment_rules",
    group="Conversations",
    errors=[ConversationNotFound],
)
async def run_assignment_rules(conversation_id: str, scope: HTTPScope) -> ConversationWithParts:
    """Let the workspace's rules decide who gets a conversation."""
    return await running.run_assignment_rules(caller_of(scope), conversation_id)


@operation("GET", "/manage/v1/assignment_rules", group=_GROUP)
async def get_assignment_rules(scope: HTTPScope) -> AssignmentRuleList:
    """Read the rules that say who gets a conversation, in the order in which they are tried."""
    return await service.get_assignment_rules(caller_of(scope))


@operation(
    "PUT",
    "/manage/v1/assignment_rules",
    group=_GROUP,
    request=SetAssignmentRulesRequest,
    errors=[*_SEARCH_ERRORS, AssigneeAdminNotFound, AssigneeTeamNotFound, NoInboxSeat],
    example={
        "rules": [
            {
                "name": "Invoices",
                "conversation": {"field": "source.body", "operator": "~", "value": "invoice"},
                "contact": {"field": "role", "operator": "=", "value": "user"},
                "assign_to": {"type": "team", "id": "2"},
            },
            {"name": "Everything else", "assign_to": {"type": "nobody"}},
        ]
    },
)
async def set_assignment_rules(body: bytes, scope: HTTPScope) -> AssignmentRuleList:
    """Replace the rules that say who gets a conversation."""
    return await service.set_assignment_rules(caller_of(scope), decode(body, SetAssignmentRulesRequest))


@operation("GET", "/manage/v1/sla_rules", group=_GROUP)
async def get_sla_rules(scope: HTTPScope) -> SlaRuleList:
    """Read the rules that say how soon a conversation is to be answered."""
    return await service.get_sla_rules(caller_of(scope))


@operation(
    "PUT",
    "/manage/v1/sla_rules",
    group=_GROUP,
    request=SetSlaRulesRequest,
    errors=_SEARCH_ERRORS,
    example={
        "rules": [
            {
                "name": "Half an hour",
                "contact": {"field": "role", "operator": "=", "value": "user"},
                "first_reply": 1800,
                "next_reply": 3600,
                "close": 86400,
                "office_hours": [{"weekday": 0, "opens": 540, "closes": 1020}],
            }
        ]
    },
)
async def set_sla_rules(body: bytes, scope: HTTPScope) -> SlaRuleList:
    """Replace the rules that say how soon a conversation is to be answered."""
    return await service.set_sla_rules(caller_of(scope), decode(body, SetSlaRulesRequest))


@operation(
    "DELETE",
    "/manage/v1/conversations/{conversation_id:str}/sla",
    group=_GROUP,
    errors=[ConversationNotFound, NoInboxSeat],
)
async def take_off_sla(conversation_id: str, scope: HTTPScope) -> ConversationWithParts:
    """Free a conversation of its service level."""
    return await service.take_off_sla(caller_of(scope), conversation_id)


@operation("GET", "/manage/v1/teams/{team_id:str}/assignment", group=_GROUP, errors=[TeamNotFound])
async def get_team_assignment(team_id: str, scope: HTTPScope) -> TeamAssignment:
    """Read how a team shares out what comes to it."""
    return await service.get_team_assignment(caller_of(scope), team_id)


@operation(
    "PUT",
    "/manage/v1/teams/{team_id:str}/assignment",
    group=_GROUP,
    request=SetTeamAssignmentRequest,
    errors=[TeamNotFound],
    example={"method": "balanced", "max_open_conversations": 20},
)
async def set_team_assignment(team_id: str, body: bytes, scope: HTTPScope) -> TeamAssignment:
    """Let a team share out by hand, in turn, or evenly."""
    return await service.set_team_assignment(caller_of(scope), team_id, decode(body, SetTeamAssignmentRequest))


@operation("GET", "/manage/v1/admins/{admin_id:str}/assignment", group=_GROUP, errors=[AdminNotFound])
async def get_admin_assignment(admin_id: str, scope: HTTPScope) -> AdminAssignment:
    """Read how much of balanced assignment an admin takes."""
    return await service.get_admin_assignment(caller_of(scope), admin_id)


@operation(
    "PUT",
    "/manage/v1/admins/{admin_id:str}/assignment",
    group=_GROUP,
    request=SetAdminAssignmentRequest,
    errors=[AdminNotFound],
    example={"max_open_conversations": 10},
)
async def set_admin_assignment(admin_id: str, body: bytes, scope: HTTPScope) -> AdminAssignment:
    """Let an admin take more or less of balanced assignment."""
    return await service.set_admin_assignment(caller_of(scope), admin_id, decode(body, SetAdminAssignmentRequest))


ROUTES = [run_assignment_rules]
MANAGE_ROUTES = [
    get_assignment_rules,
    set_assignment_rules,
    get_sla_rules,
    set_sla_rules,
    take_off_sla,
    get_team_assignment,
    set_team_assignment,
    get_admin_assignment,
    set_admin_assignment,
]
