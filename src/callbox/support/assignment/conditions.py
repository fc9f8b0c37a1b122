"""Which rules a conversation meets: their conditions compiled to SQL, and asked for in one statement."""

from collections.abc import Sequence
from typing import TypeVar

import structlog

from callbox.people.contacts.search import contact_condition
from callbox.platform.database import Connection, Query
from callbox.support.assignment.schemas import Rule
from callbox.support.conversations.search import conversation_condition
from callbox.wire.authentication import Caller
from callbox.wire.errors import WireError
from callbox.wire.search import Compiled, parse_query

SomeRule = TypeVar("SomeRule", bound=Rule)

# The workspace and the conversation come first.
_FIRST_PARAMETER = 3

_log = structlog.get_logger("callbox.assignment")


async def check(held: Connection, caller: Caller, rule: Rule) -> None:
    """Raise the search language's error where a rule's conditions cannot be compiled."""
    await _compiled(held, caller, rule, _FIRST_PARAMETER)


async def error_of(held: Connection, caller: Caller, rule: Rule) -> str | None:
    """Why a rule that was stored can be met no more: an attribute that it asks for may be archived since."""
    try:
        await check(held, caller, rule)
    except WireError as error:
        return error.message
    return None


async def met(held: Connection, caller: Caller, conversation_id: int, rules: Sequence[SomeRule]) -> list[SomeRule]:
    """Those of the rules that a conversation meets. One that cannot be compiled any more is met by none."""
    conditions: list[str] = []
    parameters: list[object] = []
    for rule in rules:
        try:
            compiled = await _compiled(held, caller, rule, _FIRST_PARAMETER + len(parameters))
        except WireError as error:
            _log.warning("rule_cannot_be_met", rule=rule.name, reason=error.message)
            compiled = Compiled("false", [])
        conditions.append(f"({compiled.sql}) IS TRUE")
        parameters += compiled.parameters
    answers = await _ask(held, caller, conversation_id, conditions, parameters) if rules else []
    return [rule for rule, is_met in zip(rules, answers, strict=True) if is_met]


async def _ask(
    held: Connection, caller: Caller, conversation_id: int, conditions: list[str], parameters: list[object]
) -> list[bool]:
    statement = Query(
        "rules_met",
        list[bool],
        f"""
        SELECT ARRAY[{", ".join(conditions)}]
        FROM conversations c
        WHERE c.workspace_id = $1 AND c.id = $2
        """,
    )
    return await statement.one(held, caller.workspace_id, conversation_id, *parameters)


async def _compiled(held: Connection, caller: Caller, rule: Rule, first_parameter: int) -> Compiled:
    conditions = ["true"]
    parameters: list[object] = []
    if rule.conversation is not None:
        query = parse_query(rule.conversation)
        about = await conversation_condition(held, caller, query, first_parameter=first_parameter)
        conditions.append(about.sql)
        parameters += about.parameters
    if rule.contact is not None:
        query = parse_query(rule.contact)
        of = await contact_condition(held, caller, query, first_parameter=first_parameter + len(parameters))
        # Inside, `c` is the contact.
        conditions.append(
            f"""EXISTS (
                SELECT 1
                FROM conversation_contacts participation
                JOIN contacts c ON c.workspace_id = $1 AND c.id = participation.contact_id AND c.state = 'live'
                WHERE participation.workspace_id = $1 AND participation.conversation_id = $2 AND {of.sql}
            )"""
        )
        parameters += of.parameters
    return Compiled(" AND ".join(conditions), parameters)
