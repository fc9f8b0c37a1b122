"""Rules and methods of assignment as they are on the wire."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from callbox.support.conversations.office_hours import OpenHours
from callbox.support.conversations.sla import Target
from callbox.wire.decode import Name, WireId

MAX_RULES = 100

Method = Literal["manual", "round_robin", "balanced"]
Limit = Annotated[int, Meta(ge=1, le=100_000)]


class AssignTo(msgspec.Struct, frozen=True):
    """Who gets a conversation."""

    type: Literal["admin", "team", "nobody"]
    id: WireId | None = None


class Rule(msgspec.Struct, kw_only=True):
    """Which conversations a rule is for: both are queries of the search language, and both must be met.

    The one is about the conversation, the other about a contact who takes part. Without any, it is for all.
    """

    name: Name
    conversation: dict[str, Any] | None = None
    contact: dict[str, Any] | None = None

    @property
    def is_for_all(self) -> bool:
        """Whether no conversation fails to meet it."""
        return self.conversation is None and self.contact is None


class AssignmentRule(Rule, kw_only=True):
    """Who gets the conversations that meet it, if no rule before it is met."""

    assign_to: AssignTo


class SlaRule(Rule, kw_only=True):
    """The service level of the conversations that meet it, if no rule after it is met.

    Targets in seconds, of open hours if there are any; `resolve` is for conversations that become tickets. Clocks may
    stand still while a conversation is snoozed, and while a ticket waits for its customer.
    """

    first_reply: Target | None = None
    next_reply: Target | None = None
    close: Target | None = None
    resolve: Target | None = None
    pause_when_snoozed: bool = False
    pause_when_waiting_on_customer: bool = False
    office_hours: Annotated[list[OpenHours], Meta(max_length=50)] = []


class ShownAssignmentRule(AssignmentRule, kw_only=True):
    """A rule as it is stored, and why it can be met no more, if so."""

    type: Literal["assignment_rule"] = "assignment_rule"
    error: str | None = None


class ShownSlaRule(SlaRule, kw_only=True):
    """A rule as it is stored, and why it can be met no more, if so."""

    type: Literal["sla_rule"] = "sla_rule"
    error: str | None = None


class AssignmentRuleList(msgspec.Struct):
    """The rules in the order in which they are tried."""

    type: Literal["list"]
    data: list[ShownAssignmentRule]


class SlaRuleList(msgspec.Struct):
    """The rules in their order."""

    type: Literal["list"]
    data: list[ShownSlaRule]


class SetAssignmentRulesRequest(msgspec.Struct):
    """All rules, in the order in which they are to be tried."""

    rules: Annotated[list[AssignmentRule], Meta(max_length=MAX_RULES)]


class SetSlaRulesRequest(msgspec.Struct):
    """All rules, in their order."""

    rules: Annotated[list[SlaRule], Meta(max_length=MAX_RULES)]


class TeamAssignment(msgspec.Struct):
    """How a team shares out what comes to it."""

    type: Literal["team_assignment"]
    team_id: str
    method: Method
    max_open_conversations: int | None


class SetTeamAssignmentRequest(msgspec.Struct):
    """How a team is to share out; in balanced assignment, how many open conversations a member may have."""

    method: Method
    max_open_conversations: Limit | None = None


class AdminAssignment(msgspec.Struct):
    """How much of balanced assignment an admin takes."""

    type: Literal["admin_assignment"]
    admin_id: str
    max_open_conversations: int | None


class SetAdminAssignmentRequest(msgspec.Struct):
    """How many open conversations balanced assignment may give to an admin."""

    max_open_conversations: Limit | None
