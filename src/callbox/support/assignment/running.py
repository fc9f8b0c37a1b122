"""Rules and methods at work: on new conversations, when asked, and when what comes in finds its assignee away."""

from typing import Literal

import msgspec

from callbox.platform.database import Connection, transaction
from callbox.support.assignment import conditions, queries, sharing
from callbox.support.assignment.queries import RulesRow
from callbox.support.assignment.schemas import AssignmentRule, AssignTo, SlaRule
from callbox.support.assignment.sharing import Share
from callbox.support.conversations import transitions
from callbox.support.conversations.changing import ContactWrote, ConversationBegun, GivenToTeam, Held, hold, store
from callbox.support.conversations.schemas import ConversationWithParts
from callbox.support.conversations.sla import Terms
from callbox.support.conversations.transitions import NOBODY, Assignee, Author
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId, decimal_id
from callbox.workspace import teams

_assignment_rules = msgspec.json.Decoder(list[AssignmentRule])
_sla_rules = msgspec.json.Decoder(list[SlaRule])


def assignment_rules_of(row: RulesRow) -> list[AssignmentRule]:
    """The rules of a workspace that say who gets a conversation."""
    return _assignment_rules.decode(row.assignment_rules)


def sla_rules_of(row: RulesRow) -> list[SlaRule]:
    """The rules of a workspace that say how soon a conversation is to be answered."""
    return _sla_rules.decode(row.sla_rules)


async def run_assignment_rules(caller: Caller, conversation_id: WireId) -> ConversationWithParts:
    """Let the rules decide anew. Where none is met, that is told, and all stays as it is."""
    async with transaction() as held:
        change = await hold(held, caller, conversation_id)
        row = await queries.rules_of_workspace.first(held, caller.workspace_id) or RulesRow()
        met = await conditions.met(held, caller, change.id, assignment_rules_of(row))
        if met:
            await _assign(held, caller, change, met[0].assign_to)
        else:
            transitions.assign_by_rules(change, [], change.at)
        return await store(held, caller, change)


async def on_begun(held: Connection, _: str, begun: ConversationBegun) -> None:
    """Rules decide about what contacts begin. Of rules for service levels, a later one outdoes an earlier one."""
    caller, change = begun.caller, begun.change
    if change.conversation.first_contact_reply_at is None:
        return
    row = await queries.rules_of_workspace.first(held, caller.workspace_id)
    if row is None:
        return
    met = await conditions.met(held, caller, change.id, [*assignment_rules_of(row), *sla_rules_of(row)])
    assigning = [rule for rule in met if isinstance(rule, AssignmentRule)]
    promising = [rule for rule in met if isinstance(rule, SlaRule)]
    if assigning:
        await _assign(held, caller, change, assigning[0].assign_to)
    if promising:
        transitions.apply_sla(change, promising[-1].name, _terms(promising[-1], caller.timezone), change.at)


_AGREED = [name for name in Terms.__struct_fields__ if name != "timezone"]


def _terms(rule: SlaRule, timezone: str) -> Terms:
    return Terms(**{name: getattr(rule, name) for name in _AGREED}, timezone=timezone)


async def _assign(held: Connection, caller: Caller, change: Held, target: AssignTo) -> None:
    """Give to whom a rule names. A team that shares out evenly has it first, and its member after that."""
    assignee = await _available(held, caller, target)
    share = await _share(held, caller, change, assignee)
    if share is not None and share.method == "round_robin":
        transitions.assign_by_rules(change, [assignee, Assignee("admin", share.admin_id)], change.at)
        return
    transitions.assign_by_rules(change, [assignee], change.at)
    if share is not None:
        transitions.assign_in_team(change, share.admin_id, change.at)


async def _available(held: Connection, caller: Caller, target: AssignTo) -> Assignee:
    """Whom a rule names, or nobody where the admin is away, gone or without a seat, or the team gone."""
    number = None if target.id is None else decimal_id(target.id)
    if number is None or target.type == "nobody":
        return NOBODY
    if target.type == "team":
        return Assignee("team", number) if await teams.is_team(held, caller.workspace_id, number) else NOBODY
    is_available = await queries.is_available.one(held, caller.workspace_id, number)
    return Assignee("admin", number) if is_available else NOBODY


async def _share(held: Connection, caller: Caller, change: Held, assignee: Assignee) -> Share | None:
    if assignee.type != "team" or assignee.id is None:
        return None
    return await sharing.next_share(held, caller, assignee.id, change.at)


async def on_contact_wrote(held: Connection, _: str, wrote: ContactWrote) -> None:
    """An assignee who is away and wants replies to go to others hands over: to the team, or to whom all else goes."""
    caller, change = wrote.caller, wrote.change
    admin_id = change.conversation.admin_assignee_id
    if admin_id is None or not await queries.hands_over.one(held, caller.workspace_id, admin_id):
        return
    team_id = change.conversation.team_assignee_id
    takes_over = await _default(held, caller) if team_id is None else Assignee("team", team_id)
    transitions.assign_away(change, Author("admin", admin_id), takes_over, change.at)
    await _share_out(held, caller, change, takes_over)


async def _default(held: Connection, caller: Caller) -> Assignee:
    """Who gets what no condition singles out: whom the first rule without conditions names."""
    row = await queries.rules_of_workspace.first(held, caller.workspace_id) or RulesRow()
    target = next((rule.assign_to for rule in assignment_rules_of(row) if rule.is_for_all), AssignTo("nobody"))
    return await _available(held, caller, target)


async def on_given_to_team(held: Connection, _: str, given: GivenToTeam) -> None:
    """What comes to a team by hand is shared out evenly, but not in turn."""
    change = given.change
    team_id = change.conversation.team_assignee_id
    if team_id is not None and await _method(held, given.caller, team_id) == "balanced":
        await _share_out(held, given.caller, change, Assignee("team", team_id))


async def _method(held: Connection, caller: Caller, team_id: int) -> Literal["manual", "round_robin", "balanced"]:
    team = await queries.team_assignment.first(held, caller.workspace_id, team_id)
    return "manual" if team is None else team.method


async def _share_out(held: Connection, caller: Caller, change: Held, assignee: Assignee) -> bool:
    """Give what a team has to one of its members; answers whether anybody could take it."""
    share = await _share(held, caller, change, assignee)
    if share is None:
        return False
    give = transitions.assign_in_team if share.method == "balanced" else transitions.share_out
    give(change, share.admin_id, change.at)
    return True


async def share_out_waiting(caller: Caller, team_id: int) -> bool:
    """Give the conversation that waits longest in a team to a member with room; answers whether that was done."""
    async with transaction() as held:
        conversation_id = await queries.longest_waiting.first(held, caller.workspace_id, team_id)
        if conversation_id is None:
            return False
        change = await hold(held, caller, conversation_id)
        state = change.conversation
        if (state.state, state.admin_assignee_id, state.team_assignee_id) != ("open", None, team_id):
            # Somebody was quicker; there may be others.
            return True
        if not await _share_out(held, caller, change, Assignee("team", team_id)):
            return False
        await store(held, caller, change)
    return True
