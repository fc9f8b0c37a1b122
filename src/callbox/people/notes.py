"""Notes: what admins write down about a contact."""

from datetime import datetime
from typing import Literal

import msgspec
from litestar.types import HTTPScope

from callbox.people.contacts import service as contacts
from callbox.people.contacts.service import ContactNotFound
from callbox.platform.clock import unix
from callbox.platform.database import Query, connection, transaction
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId, decimal_id, decode, decode_query
from callbox.wire.errors import NotFound, ParameterNotFound
from callbox.wire.html import is_blank, sanitise
from callbox.wire.operations import caller_of, operation
from callbox.wire.pagination import PageQuery, UrlPages, numbered_page, url_pages
from callbox.workspace.admins.schemas import AdminAuthor
from callbox.workspace.admins.service import find_author

GROUP = "Notes"
DEFAULT_PER_PAGE = 50
MAX_PER_PAGE = 60


class NoteRow(msgspec.Struct):
    """A note with its author, who may have left since."""

    id: int
    contact_id: str
    body: str
    created_at: datetime
    author_id: int
    author_name: str
    author_email: str
    author_job_title: str | None
    away_mode_enabled: bool
    away_mode_reassign: bool
    has_inbox_seat: bool
    team_ids: list[int]


class NoteContact(msgspec.Struct):
    """Whom a note is about."""

    type: Literal["contact"]
    id: str


class Note(msgspec.Struct):
    """A note."""

    type: Literal["note"]
    id: str
    created_at: int
    contact: NoteContact
    author: AdminAuthor
    body: str


class NoteList(msgspec.Struct):
    """A page of notes."""

    type: Literal["list"]
    data: list[Note]
    total_count: int
    pages: UrlPages


class CreateNoteRequest(msgspec.Struct):
    """A new note; without `admin_id` the token's admin wrote it."""

    body: str
    admin_id: WireId | None = None


class NoteNotFound(NotFound):
    """The workspace has no such note."""


class AuthorNotFound(NotFound):
    """No admin has the `admin_id`; the wire does not say which of the two is missing."""


_SELECT = """
    SELECT n.id, n.contact_id, n.body, n.created_at,
           a.id, a.name, a.email, a.job_title, a.away_mode_enabled, a.away_mode_reassign, a.has_inbox_seat,
           ARRAY(
               SELECT m.team_id FROM team_members m
               WHERE m.workspace_id = $1 AND m.admin_id = a.id
               ORDER BY m.team_id
           )
    FROM notes n
    JOIN admins a ON a.workspace_id = $1 AND a.id = n.author_admin_id"""

note_by_id = Query(
    "note_by_id",
    NoteRow,
    f"""
    {_SELECT}
    JOIN contacts c ON c.workspace_id = $1 AND c.id = n.contact_id AND c.state = 'live'
    WHERE n.workspace_id = $1 AND n.id = $2
    """,
)

notes_of_contact = Query(
    "notes_of_contact",
    NoteRow,
    f"""
    {_SELECT}
    WHERE n.workspace_id = $1 AND n.contact_id = $2
    ORDER BY n.created_at DESC, n.id DESC
    LIMIT $3 OFFSET $4
    """,
)

notes_total = Query("notes_total", int, "SELECT count(*) FROM notes WHERE workspace_id = $1 AND contact_id = $2")

insert_note = Query(
    "insert_note",
    int,
    """
    INSERT INTO notes (workspace_id, contact_id, author_admin_id, body, created_at)
    VALUES ($1, $2, $3, $4, $5)
    RETURNING id
    """,
)


def _note(row: NoteRow) -> Note:
    author = AdminAuthor(
        type="admin",
        id=str(row.author_id),
        name=row.author_name,
        email=row.author_email,
        job_title=row.author_job_title or "",
        away_mode_enabled=row.away_mode_enabled,
        away_mode_reassign=row.away_mode_reassign,
        has_inbox_seat=row.has_inbox_seat,
        team_ids=row.team_ids,
    )
    return Note("note", str(row.id), unix(row.created_at), NoteContact("contact", row.contact_id), author, row.body)


async def create_note(caller: Caller, contact_id: str, request: CreateNoteRequest) -> Note:
    """Write a note about a contact, which counts as an update of the contact."""
    body = sanitise(request.body)
    if is_blank(body):
        raise ParameterNotFound("body is a required parameter")
    async with transaction() as held:
        await contacts.lock_live_contacts(held, caller, [contact_id])
        author = await find_author(held, caller, request.admin_id)
        if author is None:
            raise AuthorNotFound
        note_id = await insert_note.one(held, caller.workspace_id, contact_id, author.id, body, caller.now())
        await contacts.touch_contacts(held, caller, [contact_id])
        await contacts.record_update(held, caller, contact_id)
        return _note(await note_by_id.one(held, caller.workspace_id, note_id))


@operation("GET", "/contacts/{contact_id:str}/notes", group=GROUP, query=PageQuery, errors=[ContactNotFound])
async def list_notes(contact_id: str, scope: HTTPScope) -> NoteList:
    """List the notes about a contact, newest first."""
    caller, query = caller_of(scope), decode_query(scope["query_string"], PageQuery)
    page = numbered_page(query.page, query.per_page, DEFAULT_PER_PAGE, MAX_PER_PAGE)
    async with connection() as held:
        await contacts.require_live_contact(held, caller, contact_id)
        rows = await notes_of_contact.all(held, caller.workspace_id, contact_id, page.per_page, page.offset)
        total = await notes_total.one(held, caller.workspace_id, contact_id)
    return NoteList("list", [_note(row) for row in rows], total, url_pages(scope, page, total))


@operation(
    "POST",
    "/contacts/{contact_id:str}/notes",
    group=GROUP,
    request=CreateNoteRequest,
    errors=[ContactNotFound, AuthorNotFound],
    example={"body": "Prefers to be called in the morning", "admin_id": "7"},
)
async def create_note_route(contact_id: str, body: bytes, scope: HTTPScope) -> Note:
    """Write a note about a contact."""
    return await create_note(caller_of(scope), contact_id, decode(body, CreateNoteRequest))


@operation("GET", "/notes/{note_id:str}", group=GROUP, errors=[NoteNotFound])
async def get_note(note_id: str, scope: HTTPScope) -> Note:
    """Read a note."""
    async with connection() as held:
        row = await note_by_id.first(held, caller_of(scope).workspace_id, decimal_id(note_id))
    if row is None:
        raise NoteNotFound
    return _note(row)


ROUTES = [list_notes, create_note_route, get_note]
