"""What people see of the news, and how they react: what the messenger shows."""

from callbox.knowledge.news import queries
from callbox.knowledge.news.schemas import ManagedNewsItem, ReactRequest, ShownNewsItem, shown_item
from callbox.knowledge.news.service import NewsItemNotFound, managed
from callbox.people.contacts import service as contacts
from callbox.people.contacts.merging import ContactsMerged
from callbox.people.visitors.service import VisitorNotFound, get_visitor
from callbox.platform.database import Connection, connection, transaction
from callbox.wire.authentication import Caller
from callbox.wire.decode import decimal_id
from callbox.wire.errors import ParameterInvalid
from callbox.wire.pagination import NumberedPage


async def items_for(caller: Caller, person_id: str, page: NumberedPage) -> list[ShownNewsItem]:
    """Live items of all newsfeeds whose audience a contact or visitor belongs to, each once, latest first.

    Raises ContactNotFound where nobody has the id.
    """
    role = await _role(caller, person_id)
    async with connection() as held:
        rows = await queries.items_for_person.all(
            held, caller.workspace_id, person_id, role, page.per_page, page.offset
        )
    return [shown_item(caller.workspace_id, row) for row in rows]


async def _role(caller: Caller, person_id: str) -> str:
    async with connection() as held:
        contact = await contacts.find_contact(held, caller, contact_id=person_id)
    if contact is not None:
        return contact.role
    try:
        await get_visitor(caller, visitor_id=person_id)
    except VisitorNotFound:
        raise contacts.ContactNotFound from None
    return "visitor"


async def react(caller: Caller, item_id: str, contact_id: str, request: ReactRequest) -> ManagedNewsItem:
    """Let a contact react to an item that they are shown; their last reaction is the one that counts."""
    async with transaction() as held:
        contact = await contacts.find_contact(held, caller, contact_id=contact_id)
        if contact is None:
            raise contacts.ContactNotFound
        row = await queries.item_for_person.first(
            held, caller.workspace_id, contact_id, contact.role, decimal_id(item_id)
        )
        if row is None:
            raise NewsItemNotFound
        if request.reaction is None:
            await queries.delete_reaction.run(held, caller.workspace_id, row.id, contact_id)
        elif request.reaction in row.reactions:
            await queries.set_reaction.run(
                held, caller.workspace_id, row.id, contact_id, request.reaction, caller.now()
            )
        else:
            raise ParameterInvalid(f"reaction: the news item does not offer {request.reaction}")
        return await managed(held, caller, row)


async def move_reactions(held: Connection, workspace_id: str, merged: ContactsMerged) -> None:
    """Reaction: what a merged lead said is the user's, unless the user said something else."""
    await queries.move_reactions.run(held, workspace_id, merged.lead_id, merged.user_id)
