"""Plays the year into the workspace, through the functions that the API itself calls, each moment at its time."""

from collections.abc import Sequence
from typing import Any

import msgspec

from callbox.demo import queries
from callbox.demo.inbox.acting import act
from callbox.demo.inbox.moments import ThreadMoment
from callbox.demo.people import Account, Passer, Person, Population
from callbox.demo.stage import Stage
from callbox.demo.year import (
    CustomerJoined,
    CustomersTagged,
    Moment,
    NoteTaken,
    PasserCame,
    PeopleTagged,
    PersonActed,
    PersonArrived,
    PersonChose,
    PersonJoinedCustomer,
    TeammateWentAway,
)
from callbox.people import notes
from callbox.people.companies import service as companies
from callbox.people.companies.schemas import CompanyRequest
from callbox.people.contacts import conversion
from callbox.people.data_attributes.values import check_custom_attributes
from callbox.people.data_events import service as data_events
from callbox.people.data_events.schemas import CreateDataEventRequest
from callbox.people.subscription_types import service as subscription_types
from callbox.people.subscription_types.schemas import SubscribeRequest
from callbox.people.tags import service as tags
from callbox.people.tags.schemas import CompanyTarget, TagRequest, UserTarget
from callbox.people.visitors import service as visitors
from callbox.people.visitors.schemas import CreateVisitorRequest
from callbox.platform import clock, ids
from callbox.wire.authentication import Caller
from callbox.workspace.admins import service as admins
from callbox.workspace.admins.schemas import SetAwayRequest

_UNTIL_TABLES_HAVE_GROWN = 700


async def play(stage: Stage, moments: Sequence[Moment]) -> None:
    """All moments, in their order."""
    for place, moment in enumerate(moments):
        if place % _UNTIL_TABLES_HAVE_GROWN == 0:
            await queries.learn_sizes.run(stage.held)
        await (act(moment, stage) if isinstance(moment, ThreadMoment) else _play(stage, moment))


async def _play(stage: Stage, moment: Moment) -> None:
    match moment:
        case CustomerJoined(account=account):
            await _create_company(stage, stage.at(moment.ago), account)
        case PersonArrived(person=person):
            await _receive(stage, stage.at(moment.ago), person)
        case PersonJoinedCustomer(person=person, customer=customer):
            contact_id = stage.contacts[person.key]
            await companies.attach_contact(stage.at(moment.ago), contact_id, stage.companies[customer])
        case PasserCame(passer=passer):
            await _create_visitor(stage, stage.at(moment.ago), passer)
        case PersonActed():
            await _submit_event(stage, moment)
        case NoteTaken(person=person, author=author, text=text):
            note = notes.CreateNoteRequest(text)
            await notes.create_note(stage.at(moment.ago, author), stage.contacts[person.key], note)
        case PeopleTagged() | CustomersTagged():
            await tags.save_tag(stage.at(moment.ago, moment.by), _tagging(stage, moment))
        case PersonChose():
            await _subscribe(stage, moment)
        case TeammateWentAway(teammate=teammate):
            away = SetAwayRequest(away_mode_enabled=True, away_mode_reassign=True)
            await admins.set_away(stage.at(moment.ago), str(stage.team[teammate].admin_id), away)
            stage.away.add(teammate)


async def _create_company(stage: Stage, caller: Caller, account: Account) -> None:
    customer = account.customer
    request = CompanyRequest(
        company_id=account.key,
        name=customer.name,
        plan=customer.plan,
        size=customer.size,
        website=f"https://{customer.domain}.example",
        industry=customer.industry,
        custom_attributes=stage.dated(account.attributes),
        remote_created_at=clock.unix(caller.now()),
        monthly_spend=account.monthly_spend,
    )
    stage.companies[customer.name] = (await companies.create_or_update_company(caller, request)).id


async def _receive(stage: Stage, caller: Caller, person: Person) -> None:
    """As the messenger does it, which knows where somebody is and came from."""
    attributes = await check_custom_attributes(
        stage.held, caller.workspace_id, "contact", stage.dated(person.attributes)
    )
    known = conversion.KnownPerson(
        id=ids.object_id(caller.now()),
        name=person.name,
        email=person.email,
        phone=person.phone,
        avatar_url=None,
        owner_id=None if person.owner is None else stage.team[person.owner].admin_id,
        custom_attributes=msgspec.json.encode(attributes.values).decode(),
        unsubscribed_from_emails=person.unsubscribed,
        last_seen_at=(stage.now - person.last_seen).replace(microsecond=0),
        location_country=person.home.country,
        location_region=person.place[1],
        location_city=person.place[0],
        location_country_code=person.home.country_code,
        location_continent_code=person.home.continent_code,
        **msgspec.structs.asdict(person.source),
    )
    target = conversion.Target(person.role, external_id=person.key if person.role == "user" else None)
    stage.contacts[person.key] = (await conversion.receive(stage.held, caller, known, target)).id


async def _create_visitor(stage: Stage, caller: Caller, passer: Passer) -> None:
    city, region = passer.place
    request = CreateVisitorRequest(
        country=passer.home.country, region=region, city=city, **msgspec.structs.asdict(passer.source)
    )
    stage.visitors[passer.key] = (await visitors.create_visitor(caller, request)).id


async def _submit_event(stage: Stage, deed: PersonActed) -> None:
    caller = stage.at(deed.ago)
    await data_events.submit_event(
        caller,
        CreateDataEventRequest(
            deed.event, clock.unix(caller.now()), id=stage.contacts[deed.person.key], metadata=deed.metadata
        ),
    )


async def _subscribe(stage: Stage, choice: PersonChose) -> None:
    request = SubscribeRequest(stage.subscription_types[choice.subscription], choice.consent)
    await subscription_types.subscribe(stage.at(choice.ago), stage.contacts[choice.person.key], request)


def _tagging(stage: Stage, moment: PeopleTagged | CustomersTagged) -> TagRequest:
    if isinstance(moment, CustomersTagged):
        return TagRequest(
            moment.tag, companies=[CompanyTarget(stage.companies[customer]) for customer in moment.customers]
        )
    return TagRequest(moment.tag, users=[UserTarget(stage.contacts[person.key]) for person in moment.people])


async def leave_traces(stage: Stage, population: Population) -> None:
    """What a year of visits leaves behind."""
    contacts = [
        {"id": stage.contacts[person.key], **person.traces} for person in [*population.users, *population.leads]
    ]
    seen = [
        {
            "id": stage.visitors[passer.key],
            "sessions": passer.sessions,
            "last_request_at": stage.now - passer.last_seen,
            "country_code": passer.home.country_code,
            "continent_code": passer.home.continent_code,
        }
        for passer in population.visitors
    ]
    await queries.leave_contact_traces.run(stage.held, stage.caller.workspace_id, _json(contacts))
    await queries.leave_visitor_traces.run(stage.held, stage.caller.workspace_id, _json(seen))
    await queries.leave_company_traces.run(stage.held, stage.caller.workspace_id)


def _json(records: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(records).decode()
