"""Where people's rooms change what conversations are about: a merged lead's conversations are the user's."""

from callbox.people.contacts.merging import ContactsMerged, ContactsToMerge
from callbox.platform.database import Connection
from callbox.support.conversations import queries


async def hold_conversations(held: Connection, workspace_id: str, coming: ContactsToMerge) -> None:
    """Keep what the lead takes part in from changing until it is the user's."""
    await queries.hold_conversations_of.all(held, workspace_id, coming.lead_id)


async def move_conversations(held: Connection, workspace_id: str, merged: ContactsMerged) -> None:
    """The user takes part where the lead did, and has said what the lead said."""
    for move in (queries.move_sources, queries.move_participation, queries.move_parts):
        await move.run(held, workspace_id, merged.lead_id, merged.user_id)
