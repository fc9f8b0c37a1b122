"""What Dawnshift told its customers in the year: five news items, some people's reactions, and one that is to come."""

from datetime import timedelta
from random import Random

import msgspec

from callbox.demo import firm
from callbox.demo.people import Population
from callbox.demo.stage import Stage
from callbox.knowledge.news import reading, service
from callbox.knowledge.news.newsfeeds import list_newsfeeds
from callbox.knowledge.news.schemas import AssignmentRequest, ManageNewsItemRequest, NewsItemRequest, ReactRequest
from callbox.platform import clock
from callbox.wire.pagination import NumberedPage

_REACTIONS = ("👍", "🎉", "❤️", "🤔")
# How likely each of them is.
_WEIGHTS = (6, 3, 2, 1)
_MOST_REACTIONS = 18
_NEXT_WEEK = timedelta(days=6, hours=9)


class Announcement(msgspec.Struct, frozen=True):
    """A news item, and how long ago it was published; None: it is still to come."""

    title: str
    body: str
    labels: tuple[str, ...]
    by: int
    ago: timedelta | None
    silently: bool = False


ANNOUNCEMENTS = (
    Announcement(
        "Open shifts, by text message",
        "<p>Somebody calls in sick at six in the morning, and nobody reads the app before seven. From today a shift"
        " that falls free can be offered <strong>by text message</strong>.</p>"
        "<ul><li>You choose who is asked: everybody with the right qualification, or one site only.</li>"
        "<li>Whoever answers <em>YES</em> first has the shift. The others are told that it is taken.</li>"
        "<li>Rest times are checked before anybody is asked.</li></ul>"
        "<p>Your people decide for themselves: nobody is sent a message who did not ask for it.</p>",
        ("New feature", "Mobile"),
        firm.MAYA,
        timedelta(days=205, hours=3),
    ),
    Announcement(
        "Hours go straight to payroll",
        "<p>On the Multi-site and Enterprise plans, approved hours can now reach your payroll without a spreadsheet in"
        " between.</p>"
        "<ol><li>Open <strong>Settings</strong>, then <strong>Payroll</strong>, and choose your program.</li>"
        "<li>Match the kinds of pay: night, Sunday, public holiday. We suggest what we can.</li>"
        "<li>Run one month side by side. The page shows every difference, to the minute.</li></ol>"
        "<p>Four customers tried it with us through the summer. Thank you for every odd case that you found.</p>",
        ("New feature", "Payroll"),
        firm.KENJI,
        timedelta(days=128, hours=5),
    ),
    Announcement(
        "Copying a week can bring the notes along",
        "<p>“Bring the key”, “delivery at ten”: notes on shifts used to stay behind when you copied a week, because"
        " many of them are only true once. Now you choose.</p>"
        "<p>Tick <strong>Notes too</strong> under <em>More options</em> when you copy. Dawnshift remembers your choice"
        " for the next time. And if you have copied the week already: copy it onto itself with <strong>Only"
        " notes</strong> ticked, and the shifts stay as they are.</p>",
        ("Improvement", "Rosters"),
        firm.TOMAS,
        timedelta(days=71, hours=2),
    ),
    Announcement(
        "Sign in through your own directory",
        "<p>Enterprise customers can let their people sign in with the account that they have anyway. When somebody"
        " leaves, access to the rosters ends with that account, on the same day.</p>"
        "<p>We set it up together with you, which takes about half an hour with somebody who looks after your"
        ' directory. <a href="https://dawnshift.example/single-sign-on">How it works, step by step</a>.</p>',
        ("New feature", "Security"),
        firm.AOIFE,
        timedelta(days=34, hours=6),
    ),
    Announcement(
        "Slow mornings: what happened, and what we did",
        "<p>On two mornings this month, newly published rosters reached some phones up to an hour late. The list that"
        " phones read was kept for too long after a part of our servers was exchanged.</p>"
        "<p>It is corrected, and we are warned now within a minute if it should ever happen again. No shift and no hour"
        " was lost. We are sorry for the calls that you had to make.</p>",
        ("Reliability",),
        firm.MAYA,
        timedelta(days=9, hours=4),
        silently=True,
    ),
    Announcement(
        "Public holidays of thirty countries",
        "<p>Next week Dawnshift learns the public holidays of thirty countries and their regions. You will see them in"
        " the roster, and pay rules can name them instead of dates.</p>",
        ("New feature", "Rosters"),
        firm.AOIFE,
        None,
    ),
)


async def announce_news(stage: Stage, population: Population) -> None:
    """Publish what was published, let people react to it, and schedule what is to come."""
    draw = Random(f"{firm.NAME} news")  # noqa: S311  # the same reactions at every run
    [feed], _ = await list_newsfeeds(stage.caller, NumberedPage(1, 1))
    for announcement in ANNOUNCEMENTS:
        await _announce(stage, announcement, feed.id, population, draw)


async def _announce(
    stage: Stage, announcement: Announcement, newsfeed_id: int, population: Population, draw: Random
) -> None:
    ago = announcement.ago
    sender = stage.at(ago or timedelta(hours=1), announcement.by)
    request = NewsItemRequest(
        announcement.title,
        announcement.body,
        sender.admin_id,
        "draft" if ago is None else "live",
        announcement.silently,
        list(announcement.labels),
        list(_REACTIONS),
        [AssignmentRequest(newsfeed_id)],
    )
    item = await service.create_item(sender, request)
    if ago is None:
        await service.manage_item(sender, item.id, ManageNewsItemRequest(publish_at=clock.unix(stage.now + _NEXT_WEEK)))
        return
    readers = [user.key for user in population.users if user.arrived > ago > user.last_seen]
    for reader in draw.sample(readers, min(len(readers), draw.randint(4, _MOST_REACTIONS))):
        [reaction] = draw.choices(_REACTIONS, _WEIGHTS)
        at = stage.at(ago * draw.uniform(0.5, 1), announcement.by)
        await reading.react(at, item.id, stage.contacts[reader], ReactRequest(reaction))
