"""Plays what happens in conversations and tickets, one function for each kind of moment."""

from contextlib import suppress
from functools import singledispatch
from typing import Any, Literal

from callbox.demo import firm, queries
from callbox.demo.firm import AOIFE, KENJI, MAYA, TOMAS
from callbox.demo.inbox.desk import option_id
from callbox.demo.inbox.moments import (
    Answered,
    BecameTicket,
    BroughtAlong,
    Closed,
    ContactBegan,
    ContactRated,
    ContactSaw,
    ContactWrote,
    Described,
    HandedOver,
    MessageAnswered,
    MessageSent,
    Noted,
    PassedOn,
    Raised,
    Redacted,
    RulesRan,
    Snoozed,
    Tagged,
    TeammateMoment,
    ThreadMoment,
    TicketFilledIn,
    TicketLinked,
    TicketMade,
    TicketMoved,
    TicketShared,
    Woke,
)
from callbox.demo.inbox.wording import TEAMMATE
from callbox.demo.people import Person
from callbox.demo.stage import Actor, Stage, Thread
from callbox.platform import clock
from callbox.support.assignment.running import run_assignment_rules
from callbox.support.attachments.service import AttachmentFile
from callbox.support.conversations import participants, redaction, replies, service, tagging, transitions
from callbox.support.conversations.changing import acting_admin, hold, store
from callbox.support.conversations.schemas import (
    NOBODY_ID,
    AddedCustomer,
    AttachContactRequest,
    Conversation,
    ConversationWithParts,
    CreateConversationRequest,
    From,
    RedactRequest,
    ReplyRequest,
    TagConversationRequest,
    UpdateConversationRequest,
)
from callbox.support.messages import service as messages
from callbox.support.messages.schemas import AdminMessage, AnswerMessageRequest, CreateMessageRequest, Recipient, Sender
from callbox.support.ratings import service as ratings
from callbox.support.ratings.schemas import RateRequest
from callbox.support.tickets import links
from callbox.support.tickets import replies as ticket_replies
from callbox.support.tickets import service as tickets
from callbox.support.tickets import tagging as ticket_tagging
from callbox.support.tickets.schemas import (
    Assignment,
    ConvertConversationRequest,
    CreateTicketRequest,
    LinkRequest,
    Ticket,
    TicketContact,
    TicketReplyRequest,
    UpdateTicketRequest,
)

# Who looks at what nobody of a team has.
_FIRST_OF = {firm.SUPPORT: TOMAS, firm.ONBOARDING: AOIFE, firm.BILLING: TOMAS}
# Whom things are passed on to.
_COLLEAGUES = (KENJI, AOIFE, TOMAS, MAYA)


@singledispatch
async def act(moment: ThreadMoment, stage: Stage) -> None:
    """Let it happen."""
    raise NotImplementedError(type(moment).__name__)


def _thread(stage: Stage, moment: ThreadMoment) -> Thread:
    return stage.threads[moment.thread]


def _teammate(stage: Stage, moment: TeammateMoment) -> int:
    """Who acts: the one that is named, else the one who has the thread and is there, else who looks after its team."""
    if moment.by is not None:
        return moment.by
    thread = _thread(stage, moment)
    owner = stage.place_of(thread.admin_id)
    if owner is not None and owner not in stage.away:
        return owner
    teams = {int(team_id): name for name, team_id in stage.teams.items()}
    return _FIRST_OF[teams[thread.team_id]] if thread.team_id is not None else AOIFE


def _acting(stage: Stage, moment: TeammateMoment) -> Actor:
    return stage.at(moment.ago, _teammate(stage, moment))


def _note(thread: Thread, conversation: Conversation) -> None:
    thread.admin_id, thread.team_id = conversation.admin_assignee_id, conversation.team_assignee_id


def _note_ticket(thread: Thread, ticket: Ticket) -> None:
    thread.admin_id, thread.team_id = (
        None if assignee_id == NOBODY_ID else int(assignee_id)
        for assignee_id in (ticket.admin_assignee_id, ticket.team_assignee_id)
    )


def _first_name(actor: Actor) -> str:
    return actor.admin_name.split()[0]


@act.register
async def _(moment: ContactBegan, stage: Stage) -> None:
    caller = stage.at(moment.ago)
    person = moment.person
    sender = From("lead" if person.role == "lead" else "user", stage.contacts[person.key])
    request = CreateConversationRequest(sender, moment.text, referer=moment.page)
    begun = await service.create_conversation(caller, request)
    assignees = await queries.assignees.one(stage.held, caller.workspace_id, int(begun.conversation_id))
    stage.threads[moment.thread] = Thread(begun.conversation_id, False, *assignees)


@act.register
async def _(moment: ContactWrote, stage: Stage) -> None:
    identity = {"type": "user", "intercom_user_id": stage.contacts[moment.person.key]}
    await _say(stage.at(moment.ago), _thread(stage, moment), "comment", identity, moment.text, moment.files)


async def _say(
    caller: Actor,
    thread: Thread,
    kind: Literal["comment", "note"],
    who: dict[str, str],
    text: str,
    files: tuple[AttachmentFile, ...] = (),
) -> None:
    said: dict[str, Any] = {"message_type": kind, **who, "body": text, "attachment_files": list(files)}
    if thread.is_ticket:
        await ticket_replies.reply(caller, thread.id, TicketReplyRequest(**said))
    else:
        _note(thread, await replies.reply(caller, thread.id, ReplyRequest(**said)))


@act.register
async def _(moment: ContactSaw, stage: Stage) -> None:
    request = UpdateConversationRequest(read=True)
    await service.update_conversation(stage.at(moment.ago), _thread(stage, moment).id, request)


@act.register
async def _(moment: ContactRated, stage: Stage) -> None:
    """Where closing asked for it."""
    request = RateRequest(moment.rating, moment.remark, stage.contacts[moment.person.key])
    with suppress(ratings.RatingNotAsked):
        await ratings.rate(stage.at(moment.ago), _thread(stage, moment).id, request)


@act.register
async def _(moment: MessageSent, stage: Stage) -> None:
    caller = stage.at(moment.ago, moment.by)
    request = CreateMessageRequest(
        sender=Sender("admin", caller.admin_id),
        to=Recipient(id=stage.contacts[moment.person.key]),
        message_type=moment.kind,
        subject=moment.subject,
        body=moment.text,
        template="personal" if moment.kind == "email" else None,
        create_conversation_without_contact_reply=moment.begins,
    )
    sent = await messages.create_message(caller, request)
    assert isinstance(sent, AdminMessage)
    stage.messages[moment.thread] = sent.id
    if moment.begins:
        stage.threads[moment.thread] = Thread(str(sent.conversation_id))


@act.register
async def _(moment: MessageAnswered, stage: Stage) -> None:
    message_id = stage.messages[moment.thread]
    request = AnswerMessageRequest(moment.text)
    begun = await messages.answer_message(stage.at(moment.ago), message_id, request)
    stage.threads[moment.thread] = Thread(begun.id)


@act.register
async def _(moment: Answered, stage: Stage) -> None:
    caller, thread = _acting(stage, moment), _thread(stage, moment)
    if thread.admin_id is None and not thread.is_ticket:
        await _give(caller, thread, caller, None)
    who = {"type": "admin", "admin_id": str(caller.admin_id)}
    await _say(caller, thread, "comment", who, moment.text.replace(TEAMMATE, _first_name(caller)), moment.files)


@act.register
async def _(moment: Noted, stage: Stage) -> None:
    caller = _acting(stage, moment)
    who = {"type": "admin", "admin_id": str(caller.admin_id)}
    await _say(caller, _thread(stage, moment), "note", who, moment.text)


@act.register
async def _(moment: PassedOn, stage: Stage) -> None:
    await _give(_acting(stage, moment), _thread(stage, moment), stage.team[moment.to], None)


@act.register
async def _(moment: HandedOver, stage: Stage) -> None:
    caller = _acting(stage, moment)
    not_to = {stage.place_of(caller.admin_id), *stage.away}
    colleague = stage.team[next(place for place in (moment.to, *_COLLEAGUES) if place not in not_to)]
    text = moment.text.replace(TEAMMATE, _first_name(colleague))
    await _give(caller, _thread(stage, moment), colleague, text)


async def _give(caller: Actor, thread: Thread, to: Actor, text: str | None) -> None:
    if thread.is_ticket:
        request = UpdateTicketRequest(assignment=Assignment(to.admin_id, caller.admin_id))
        _note_ticket(thread, await tickets.update_ticket(caller, thread.id, request))
    else:
        _note(thread, await _manage(caller, thread, "assignment", type="admin", assignee_id=to.admin_id, body=text))


async def _manage(caller: Actor, thread: Thread, action: str, **details: Any) -> ConversationWithParts:
    return await replies.manage(caller, thread.id, ReplyRequest(action, admin_id=caller.admin_id, **details))


@act.register
async def _(moment: Closed, stage: Stage) -> None:
    caller, thread = _acting(stage, moment), _thread(stage, moment)
    if thread.is_ticket:
        await tickets.update_ticket(caller, thread.id, UpdateTicketRequest(open=False))
    else:
        await _manage(caller, thread, "close", body=moment.text)


@act.register
async def _(moment: Snoozed, stage: Stage) -> None:
    caller, thread = _acting(stage, moment), _thread(stage, moment)
    until = clock.unix(stage.now - moment.until)
    if thread.is_ticket:
        await tickets.update_ticket(caller, thread.id, UpdateTicketRequest(snoozed_until=until))
    else:
        await _manage(caller, thread, "snoozed", snoozed_until=until)


@act.register
async def _(moment: Woke, stage: Stage) -> None:
    """Unless something else has woken it before."""
    caller = stage.at(moment.ago)
    change = await hold(stage.held, caller, _thread(stage, moment).id)
    if change.conversation.state == "snoozed":
        transitions.wake(change, change.at)
        await store(stage.held, caller, change)


@act.register
async def _(moment: Raised, stage: Stage) -> None:
    caller = _acting(stage, moment)
    author = await acting_admin(stage.held, caller, None)
    change = await hold(stage.held, caller, _thread(stage, moment).id)
    transitions.set_priority(change, author, change.at, is_priority=True)
    await store(stage.held, caller, change)


@act.register
async def _(moment: Tagged, stage: Stage) -> None:
    caller, thread = _acting(stage, moment), _thread(stage, moment)
    request = TagConversationRequest(stage.tags[moment.tag], caller.admin_id)
    tag = ticket_tagging.tag_ticket if thread.is_ticket else tagging.tag_conversation
    await tag(caller, thread.id, request)


@act.register
async def _(moment: BroughtAlong, stage: Stage) -> None:
    caller = _acting(stage, moment)
    newcomer = AddedCustomer(intercom_user_id=stage.contacts[moment.person.key])
    request = AttachContactRequest(newcomer, caller.admin_id)
    await participants.attach_contact(caller, _thread(stage, moment).id, request)


@act.register
async def _(moment: Redacted, stage: Stage) -> None:
    """The last thing that a contact wrote."""
    caller, thread = _acting(stage, moment), _thread(stage, moment)
    parts = (await service.get_conversation(caller, thread.id)).conversation_parts.conversation_parts
    written = [part for part in parts if part.author.type in {"user", "lead"}]
    await redaction.redact(caller, RedactRequest("conversation_part", thread.id, written[-1].id))


@act.register
async def _(moment: Described, stage: Stage) -> None:
    request = UpdateConversationRequest(custom_attributes=stage.dated(moment.attributes))
    await service.update_conversation(stage.at(moment.ago), _thread(stage, moment).id, request)


@act.register
async def _(moment: RulesRan, stage: Stage) -> None:
    thread = _thread(stage, moment)
    _note(thread, await run_assignment_rules(stage.at(moment.ago), thread.id))


@act.register
async def _(moment: BecameTicket, stage: Stage) -> None:
    thread = _thread(stage, moment)
    ticket_type = stage.ticket_types[moment.ticket.type]
    attributes = _filled_in(stage, moment.ticket.type, moment.attributes)
    request = ConvertConversationRequest(ticket_type.id, attributes)
    await tickets.convert_conversation(stage.at(moment.ago), thread.id, request)
    thread.is_ticket = True


@act.register
async def _(moment: TicketMade, stage: Stage) -> None:
    person: Person = moment.person
    request = CreateTicketRequest(
        stage.ticket_types[moment.type].id,
        [TicketContact(id=stage.contacts[person.key])],
        _filled_in(stage, moment.type, moment.attributes),
        company_id=moment.company,
    )
    made = await tickets.create_ticket(stage.at(moment.ago), request)
    stage.threads[moment.thread] = Thread(made.id, is_ticket=True)


def _filled_in(stage: Stage, type_name: str, attributes: dict[str, Any]) -> dict[str, Any]:
    """Attributes as the API takes them: choices by their ids, times in seconds."""
    defined = {each.name: each for each in stage.ticket_types[type_name].ticket_type_attributes.data}
    filled_in = dict(attributes)
    for name, value in attributes.items():
        match defined[name].data_type:
            case "list":
                filled_in[name] = option_id(defined[name], value)
            case "datetime":
                filled_in[name] = clock.unix(stage.now - value)
    return filled_in


@act.register
async def _(moment: TicketMoved, stage: Stage) -> None:
    """Tickets are made in `submitted`, and go on from there."""
    assert moment.state != "submitted"
    request = UpdateTicketRequest(state=moment.state)
    await tickets.update_ticket(_acting(stage, moment), _thread(stage, moment).id, request)


@act.register
async def _(moment: TicketFilledIn, stage: Stage) -> None:
    request = UpdateTicketRequest(_filled_in(stage, moment.type, moment.attributes))
    await tickets.update_ticket(stage.at(moment.ago), _thread(stage, moment).id, request)


@act.register
async def _(moment: TicketShared, stage: Stage) -> None:
    request = UpdateTicketRequest(is_shared=True)
    await tickets.update_ticket(stage.at(moment.ago), _thread(stage, moment).id, request)


@act.register
async def _(moment: TicketLinked, stage: Stage) -> None:
    request = LinkRequest(stage.threads[moment.to].id)
    await links.link(stage.at(moment.ago), _thread(stage, moment).id, request)
