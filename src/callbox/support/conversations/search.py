"""Conversations in lists: all of them, or those that a query of the search language finds."""

from datetime import UTC, datetime

from callbox.people.data_attributes.values import types_for_search
from callbox.platform.database import Connection, connection
from callbox.support.conversations import queries
from callbox.support.conversations.rows import ConversationRow
from callbox.support.conversations.schemas import ConversationList, ListConversationsQuery
from callbox.support.conversations.showing import conversation_from_row, conversation_pages
from callbox.wire import search
from callbox.wire.authentication import Caller
from callbox.wire.pagination import CursorPage, CursorPages, cursor_page, cursor_pages
from callbox.wire.search import Compiled, Field, FieldType, Filter, Group, Holder, Resource, Target

DEFAULT_PER_PAGE = 20
MAX_PER_PAGE = 150

_MEMBERSHIP = ("=", "!=", "IN", "NIN", "~", "!~")
_ASSIGNEES = frozenset({"admin_assignee_id", "team_assignee_id"})
_OPEN_STATES = ["open", "snoozed"]
# There are none while no contact has written.
_IF_WRITTEN = "CASE WHEN c.first_contact_reply_at IS NOT NULL THEN {} END"


def _moments(prefix: str, *names: str) -> dict[str, Field]:
    return {f"{prefix}{name}": Field(FieldType.MOMENT, f"c.{name}", is_sortable=True) for name in names}


def _without_agents(*names: str) -> dict[str, Field]:
    """No AI agent takes part in conversations here: a field that is always empty."""
    return {f"ai_agent.{name}": Field(FieldType.STRING, "NULL::text") for name in names}


_AUTHOR_ID = "coalesce(c.source_author_contact_id, c.source_author_admin_id::text)"
_CONTACT_KEYS = "SELECT p.id FROM contacts p WHERE p.workspace_id = $1 AND {}"
_ADMIN_KEYS = "SELECT a.id::text FROM admins a WHERE a.workspace_id = $1 AND {}"


# The source's author is looked up, so that conditions about other things join nothing.
def _contact_author(column: str) -> str:
    return f"(SELECT p.{column} FROM contacts p WHERE p.workspace_id = $1 AND p.id = c.source_author_contact_id)"


def _of_author(column: str, *, is_folded: bool = False) -> Field:
    """What is kept of the contact or admin who wrote the source; of a contact, it may be in lower case already."""
    admin = f"(SELECT a.{column} FROM admins a WHERE a.workspace_id = $1 AND a.id = c.source_author_admin_id)"
    return Field(
        FieldType.STRING,
        f"coalesce({admin}, {_contact_author(column)})",
        is_indexed=True,
        key=_AUTHOR_ID,
        holders=(Holder(f"p.{column}", _CONTACT_KEYS, is_folded), Holder(f"a.{column}", _ADMIN_KEYS)),
    )


_RATING_ADMIN = Field(FieldType.ID, "c.rating_admin_id")

CONVERSATIONS = Resource(
    fields={
        "id": Field(FieldType.ID, "c.id", is_sortable=True, is_required=True, is_indexed=True),
        "created_at": Field(FieldType.MOMENT, "c.created_at", is_sortable=True, is_required=True),
        "updated_at": Field(FieldType.MOMENT, "c.updated_at", is_sortable=True, is_required=True),
        **_moments("", "waiting_since", "snoozed_until"),
        "source.type": Field(FieldType.STRING, "c.source_type", is_folded=True),
        "source.id": Field(FieldType.ID, "c.source_id", is_indexed=True),
        "source.delivered_as": Field(FieldType.STRING, "c.source_delivered_as", is_folded=True),
        "source.subject": Field(FieldType.STRING, "c.source_subject"),
        "source.body": Field(
            FieldType.WORDS,
            """EXISTS (
                SELECT FROM conversation_words w WHERE w.workspace_id = $1 AND w.conversation_id = c.id{}
            )""",
            is_indexed=True,
            member="w.words",
        ),
        "source.url": Field(FieldType.STRING, "c.source_url"),
        "source.author.id": Field(FieldType.STRING, _AUTHOR_ID, is_folded=True, is_indexed=True),
        "source.author.type": Field(
            FieldType.STRING, f"coalesce({_contact_author('role')}, c.source_author_type)", is_folded=True
        ),
        "source.author.name": _of_author("name"),
        "source.author.email": _of_author("email", is_folded=True),
        "contact_ids": Field(
            FieldType.MEMBER,
            """EXISTS (
                SELECT FROM conversation_contacts m WHERE m.workspace_id = $1 AND m.conversation_id = c.id{}
            )""",
            is_indexed=True,
            member="m.contact_id",
            operators=_MEMBERSHIP,
        ),
        "teammate_ids": Field(FieldType.IDS, "c.teammate_ids", operators=_MEMBERSHIP),
        "tag_ids": Field(
            FieldType.MEMBER,
            "EXISTS (SELECT FROM conversation_tags t WHERE t.workspace_id = $1 AND t.conversation_id = c.id{})",
            member="t.tag_id",
            member_type="bigint",
            operators=_MEMBERSHIP,
        ),
        "admin_assignee_id": Field(FieldType.INTEGER, "c.admin_assignee_id", is_indexed=True),
        "team_assignee_id": Field(FieldType.INTEGER, "c.team_assignee_id", is_indexed=True),
        "channel_initiated": Field(FieldType.STRING, "c.source_type", is_folded=True),
        "state": Field(FieldType.STRING, "c.state", is_folded=True),
        "open": Field(FieldType.BOOLEAN, "(c.state <> 'closed')"),
        "read": Field(FieldType.BOOLEAN, "c.is_read"),
        "priority": Field(
            FieldType.STRING, "CASE WHEN c.is_priority THEN 'priority' ELSE 'not_priority' END", is_folded=True
        ),
        **{
            f"statistics.{name}": Field(FieldType.INTEGER, f"c.{name}", is_sortable=True)
            for name in (
                "time_to_assignment",
                "time_to_admin_reply",
                "time_to_first_close",
                "time_to_last_close",
                "median_time_to_reply",
            )
        },
        "statistics.count_reopens": Field(FieldType.INTEGER, _IF_WRITTEN.format("c.count_reopens")),
        "statistics.count_assignments": Field(FieldType.INTEGER, _IF_WRITTEN.format("c.count_assignments")),
        "statistics.count_conversation_parts": Field(FieldType.INTEGER, _IF_WRITTEN.format("c.part_count + 1")),
        **_moments(
            "statistics.",
            "first_contact_reply_at",
            "first_assignment_at",
            "first_admin_reply_at",
            "first_close_at",
            "last_assignment_at",
            "last_assignment_admin_reply_at",
            "last_contact_reply_at",
            "last_admin_reply_at",
            "last_close_at",
        ),
        "statistics.last_closed_by_id": Field(FieldType.ID, "c.last_closed_by_id"),
        "conversation_rating.requested_at": Field(FieldType.MOMENT, "c.rating_requested_at"),
        "conversation_rating.replied_at": Field(FieldType.MOMENT, "c.rating_replied_at"),
        "conversation_rating.score": Field(FieldType.INTEGER, "c.rating"),
        "conversation_rating.remark": Field(FieldType.STRING, "c.rating_remark"),
        "conversation_rating.contact_id": Field(FieldType.STRING, "c.rating_contact_id", is_folded=True),
        # The reference misspells it, and clients copied that.
        "conversation_rating.admin_d": _RATING_ADMIN,
        "conversation_rating.admin_id": _RATING_ADMIN,
        "ai_agent_participated": Field(FieldType.BOOLEAN, "false"),
        "ai_agent.rating": Field(FieldType.INTEGER, "NULL::integer"),
        **_without_agents("resolution_state", "last_answer_type", "rating_remark", "source_type", "source_title"),
    },
    attributes_sql="c.custom_attributes",
    folded_attributes_sql="c.custom_attributes_folded",
    attribute_dates=FieldType.MOMENT,
)


_CONVERSATIONS = Target(
    name="conversations",
    resource=CONVERSATIONS,
    table="conversations",
    condition="c.source_type IS NOT NULL",
    id_type="bigint",
    by_ids=queries.conversations_by_ids,
    default_per_page=DEFAULT_PER_PAGE,
    max_per_page=MAX_PER_PAGE,
)
_LATEST_FIRST = search.compile_sort(CONVERSATIONS, search.Sort())


async def list_conversations(caller: Caller, query: ListConversationsQuery) -> ConversationList:
    """All conversations, the latest change first. One that changes between two pages may repeat or be missed."""
    listing = f"{caller.workspace_id} conversations"
    page = cursor_page(query.per_page, query.starting_after, DEFAULT_PER_PAGE, MAX_PER_PAGE, listing=listing)
    async with connection() as held:
        rows = await queries.conversations_page.all(held, caller.workspace_id, *_start(page), page.per_page + 1)
        total = page.total_count
        if total is None:
            total = await queries.conversation_count.one(held, caller.workspace_id)
    last = rows[page.per_page - 1] if len(rows) > page.per_page else None
    value = search.cursor_value_of(last.updated_at) if last else None
    pages = cursor_pages(page, total, str(last.id) if last else None, value)
    return _listed(caller, rows[: page.per_page], total, pages, query.per_page)


def _start(page: CursorPage) -> list[object]:
    """The time of change and the id before which a page begins."""
    if not page.last_id:
        return [datetime.max.replace(tzinfo=UTC), 0]
    return search.compile_page(_LATEST_FIRST, "p.id", page.sort_value, page.last_id, 2, "bigint").parameters


async def search_conversations(caller: Caller, body: bytes) -> ConversationList:
    """Conversations that meet a query, by pages."""
    asked = search.parse_search(body)
    async with connection() as held:
        condition = await conversation_condition(held, caller, asked.query, first_parameter=2)
    found = await search.find(caller, _CONVERSATIONS, asked, condition)
    return _listed(caller, found.rows, found.total, found.pages, asked.per_page)


def _listed(
    caller: Caller, rows: list[ConversationRow], total: int, pages: CursorPages, sent_per_page: int | str | None
) -> ConversationList:
    return ConversationList(
        "conversation.list",
        [conversation_from_row(caller, row) for row in rows],
        total,
        conversation_pages(pages, sent_per_page),
    )


async def conversation_condition(
    held: Connection, caller: Caller, query: search.Query, *, first_parameter: int
) -> Compiled:
    """The SQL condition of a query about conversations `c` with the tables that are joined to them."""
    names = search.attribute_names(query)
    types = await types_for_search(held, caller.workspace_id, "conversation", names) if names else {}
    return search.compile_filter(
        CONVERSATIONS,
        _rewritten(query),
        attribute_types=types,
        timezone=caller.timezone,
        first_parameter=first_parameter,
    )


def _rewritten(query: search.Query) -> search.Query:
    """The query in words that indexes know: nobody is null, though clients send 0 too; `open` is a set of states."""
    if isinstance(query, Group):
        return Group(query.operator, tuple(_rewritten(item) for item in query.queries))
    field, operator, value = query.field, query.operator, query.value
    if field in _ASSIGNEES and operator in {"=", "!="}:
        return Filter(field, operator, _nobody_as_null(value))
    if field in _ASSIGNEES and isinstance(value, list):
        return Filter(field, operator, [_nobody_as_null(each) for each in value])
    if field == "open" and operator == "=" and (value is True or value == "true"):
        return Filter("state", "IN", _OPEN_STATES)
    if field == "open" and operator == "=" and (value is False or value == "false"):
        return Filter("state", "=", "closed")
    return query


def _nobody_as_null(value: object) -> object:
    return None if value == "0" or (type(value) is int and value == 0) else value
