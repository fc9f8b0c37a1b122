"""What the job worker runs: the relay's subscribers, the jobs and the schedules of all rooms, in one list."""

import asyncio

from callbox.channels.email import jobs as email
from callbox.channels.email.inbound import jobs as inbound_email
from callbox.channels.email.inbound.doors import Doors
from callbox.channels.email.inbound.listener import Listener
from callbox.channels.email.smtp import leave_mail_server
from callbox.channels.realtime import jobs as realtime
from callbox.channels.sms import jobs as sms
from callbox.channels.webhooks import jobs as webhooks
from callbox.exports.data_export import jobs as data_export
from callbox.knowledge.news import jobs as news
from callbox.people.companies import jobs as companies
from callbox.people.contacts import jobs as contacts
from callbox.people.data_events import jobs as data_events
from callbox.people.segments import jobs as segments
from callbox.platform.jobs import Schedule
from callbox.platform.jobs.worker import run_worker
from callbox.reactions import register_reactions
from callbox.support.assignment import jobs as assignment
from callbox.support.attachments import jobs as attachments
from callbox.support.conversations import jobs as conversations
from callbox.wire.idempotency import forget_old_answers

SUBSCRIBERS = [
    *companies.SUBSCRIBERS,
    *contacts.SUBSCRIBERS,
    *email.SUBSCRIBERS,
    *segments.SUBSCRIBERS,
    *webhooks.SUBSCRIBERS,
]
JOBS = [
    *assignment.JOBS,
    *attachments.JOBS,
    *companies.JOBS,
    *contacts.JOBS,
    *conversations.JOBS,
    *data_export.JOBS,
    *news.JOBS,
    *email.JOBS,
    *inbound_email.JOBS,
    *segments.JOBS,
    *sms.JOBS,
]
SCHEDULES = [
    *assignment.SCHEDULES,
    *companies.SCHEDULES,
    *contacts.SCHEDULES,
    *conversations.SCHEDULES,
    *data_events.SCHEDULES,
    *data_export.SCHEDULES,
    *news.SCHEDULES,
    *email.SCHEDULES,
    *segments.SCHEDULES,
    *webhooks.SCHEDULES,
    *realtime.SCHEDULES,
    Schedule("idempotency.forget_answers", "43 * * * *", forget_old_answers),
]
LOOPS = {**webhooks.LOOPS}


async def work(database_url: str, stop: asyncio.Event, doors: Doors | None = None) -> None:
    """Run until told to stop, and take mail in if there are doors for it."""
    register_reactions()
    loops = LOOPS if doors is None else {**LOOPS, "mail": Listener(doors).run}
    try:
        await run_worker(database_url, stop, SUBSCRIBERS, JOBS, SCHEDULES, loops=loops)
    finally:
        leave_mail_server()
