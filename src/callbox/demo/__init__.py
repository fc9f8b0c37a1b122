"""A lifelike workspace, the same at every run: a year at Dawnshift, a made-up firm, counted back from now."""

from collections import Counter
from collections.abc import Callable
from random import Random

from callbox.demo import firm
from callbox.demo.help_center import open_help_center
from callbox.demo.inbox.desk import set_up
from callbox.demo.inbox.moments import BecameTicket, MessageSent, TicketMade
from callbox.demo.inbox.story import the_inbox
from callbox.demo.news import ANNOUNCEMENTS, announce_news
from callbox.demo.people import populate
from callbox.demo.play import leave_traces, play
from callbox.demo.setting import create_segments, set_stage
from callbox.demo.stage import on_stage
from callbox.demo.year import NoteTaken, PersonActed, the_year
from callbox.people.contacts.schemas import ListContactsQuery
from callbox.people.contacts.service import list_contacts
from callbox.platform.database import whole_transaction
from callbox.platform.events import gathered_events
from callbox.wire.authentication import Caller
from callbox.wire.errors import Conflict

WORKSPACE_NAME = firm.NAME
TIMEZONE = firm.TIMEZONE
# Of the workspace, where it is made for the story.
AGE = firm.FOUNDED


class WorkspaceInUse(Conflict):
    """Somebody's real contacts are in the workspace."""

    message = "The workspace has contacts already: demo data is only put into an empty one"


async def fill(caller: Caller, on_progress: Callable[[str], None]) -> str:
    """Fill a workspace, wholly or not at all; answers what it was filled with. Raises WorkspaceInUse."""
    if (await list_contacts(caller, ListContactsQuery(per_page="1"))).total_count:
        raise WorkspaceInUse
    draw = Random(firm.NAME)  # noqa: S311  # the same data at every run is the point
    population = populate(draw)
    moments = sorted([*the_year(draw, population), *the_inbox(population)], key=lambda moment: moment.ago, reverse=True)
    async with whole_transaction() as held, gathered_events(held, caller.workspace_id):
        stage = on_stage(held, caller)
        on_progress(f"Setting up {firm.NAME}, a made-up firm.")
        await set_stage(stage)
        await set_up(stage)
        on_progress(f"Letting a year pass there: {len(moments)} moments.")
        await play(stage, moments)
        await leave_traces(stage, population)
        await announce_news(stage, population)
        articles = await open_help_center(stage, population)
        on_progress("Finding out who is in which segment.")
        await create_segments(stage)
    kinds = Counter(type(moment) for moment in moments)
    return (
        f"a year at {firm.NAME}, a made-up firm that sells rosters: "
        f"{len(stage.team)} admins in {len(firm.TEAMS)} teams, "
        f"{len(population.users)} users and {len(population.leads)} leads, {len(stage.companies)} companies, "
        f"{len(stage.visitors)} visitors, {len(stage.tags)} tags, {len(firm.SEGMENTS)} segments, "
        f"{kinds[NoteTaken]} notes, {kinds[PersonActed]} events, "
        f"{len(stage.threads) - kinds[TicketMade]} conversations, "
        f"{kinds[TicketMade] + kinds[BecameTicket]} tickets, {kinds[MessageSent]} messages, "
        f"{len(ANNOUNCEMENTS)} news items, {articles} help articles in two languages"
    )
