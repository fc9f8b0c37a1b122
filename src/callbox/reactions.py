"""All reactions: where a lower room's change moves a higher room's rows in the same transaction."""

from callbox.channels.email.outbox import hold_emails, on_merged
from callbox.channels.email.redacting import on_redacted
from callbox.channels.sms.service import on_switch_asked
from callbox.knowledge.articles.service import take_out, turn
from callbox.knowledge.help_center.collections import CollectionsRemoved
from callbox.knowledge.help_center.service import DefaultLocaleChanged, create_default_help_center
from callbox.knowledge.news.newsfeeds import create_default_newsfeed
from callbox.knowledge.news.reading import move_reactions
from callbox.people.contacts.merging import ContactsMerged, ContactsToMerge
from callbox.people.segments.service import compute_with_other_days, create_default_segments
from callbox.people.subscription_types.service import create_default_subscription_types
from callbox.platform.events import react_to
from callbox.support.assignment.running import on_begun, on_contact_wrote, on_given_to_team
from callbox.support.assignment.service import on_admin_removed, on_team_removed
from callbox.support.conversations.changing import (
    ClosedByTeammate,
    ContactWrote,
    ConversationBegun,
    GivenToTeam,
    TicketChanged,
)
from callbox.support.conversations.merging import hold_conversations, move_conversations
from callbox.support.conversations.redaction import Redacted
from callbox.support.messages.service import move_messages
from callbox.support.phone_switch import SwitchAsked, move_switches
from callbox.support.ratings.service import on_closed
from callbox.support.ticket_types.service import create_default_ticket_types
from callbox.support.tickets.changing import tell_of_ticket
from callbox.workspace.admins.service import AdminRemoved
from callbox.workspace.teams import TeamRemoved
from callbox.workspace.workspaces import CalendarChanged, WorkspaceCreated


def register_reactions() -> None:
    """Called once by whatever process runs rules: server, worker, commands."""
    react_to(ContactsMerged, move_messages)
    react_to(ContactsMerged, move_switches)
    react_to(SwitchAsked, on_switch_asked)
    react_to(WorkspaceCreated, create_default_segments)
    react_to(WorkspaceCreated, create_default_subscription_types)
    react_to(WorkspaceCreated, create_default_ticket_types)
    react_to(WorkspaceCreated, create_default_newsfeed)
    react_to(WorkspaceCreated, create_default_help_center)
    react_to(CollectionsRemoved, take_out)
    react_to(DefaultLocaleChanged, turn)
    react_to(ContactsMerged, move_reactions)
    react_to(TicketChanged, tell_of_ticket)
    react_to(ContactsToMerge, hold_conversations)
    react_to(ContactsToMerge, hold_emails)
    react_to(ContactsMerged, move_conversations)
    react_to(ContactsMerged, on_merged)
    react_to(Redacted, on_redacted)
    react_to(AdminRemoved, on_admin_removed)
    react_to(TeamRemoved, on_team_removed)
    react_to(ConversationBegun, on_begun)
    react_to(ContactWrote, on_contact_wrote)
    react_to(GivenToTeam, on_given_to_team)
    react_to(ClosedByTeammate, on_closed)
    react_to(CalendarChanged, compute_with_other_days)
