"""All reactions: where a lower room's change moves a higher room's rows in the same transaction."""

from callbox.people.contacts.merging import ContactsMerged, ContactsToMerge
from callbox.people.segments.service import compute_with_other_days, create_default_segments
from callbox.people.subscription_types.service import create_default_subscription_types
from callbox.platform.events import react_to
from callbox.support.conversations.changing import TicketChanged
from callbox.support.conversations.merging import hold_conversations, move_conversations
from callbox.support.messages.service import move_messages
from callbox.support.ticket_types.service import create_default_ticket_types
from callbox.support.tickets.changing import tell_of_ticket
from callbox.workspace.workspaces import TimezoneChanged, WorkspaceCreated


def register_reactions() -> None:
    """Called once by whatever process runs rules: server, worker, commands."""
    react_to(ContactsMerged, move_messages)
    react_to(WorkspaceCreated, create_default_segments)
    react_to(WorkspaceCreated, create_default_subscription_types)
    react_to(WorkspaceCreated, create_default_ticket_types)
    react_to(TicketChanged, tell_of_ticket)
    react_to(ContactsToMerge, hold_conversations)
    react_to(ContactsMerged, move_conversations)
    react_to(TimezoneChanged, compute_with_other_days)
