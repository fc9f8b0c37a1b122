"""The rules of companies: created or updated by the customer's own key, left out of lists while nobody is in them."""

from datetime import datetime, timedelta

import msgspec
from msgspec import UNSET

from callbox.people.companies import queries
from callbox.people.companies.queries import CompanyRow
from callbox.people.companies.schemas import (
    Company,
    CompanyContactEvent,
    CompanyDeleted,
    CompanyRequest,
    company_from_row,
)
from callbox.people.contacts import service as contacts
from callbox.people.data_attributes.values import check_custom_attributes
from callbox.platform import ids
from callbox.platform.database import Connection, connection, transaction
from callbox.platform.events import Event, Topic, record
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId, moment
from callbox.wire.errors import NotFound, ParameterInvalid, ParameterNotFound, WireError
from callbox.workspace.activity_logs import record_activity

MAX_COMPANIES_OF_CONTACT = 1000
_DETACH_BATCH = 1000
_LARGEST_INTEGER = 2_147_483_647


class CompanyNotFound(NotFound):
    """No live company has this id."""

    code = "company_not_found"
    message = "Company Not Found"


class CompanyNotSpecified(ParameterNotFound):
    """The id of the company to attach is missing."""

    message = "company not specified"


class TooManyCompanies(WireError):
    """The contact is in as many companies as one may be."""

    code = "contact_company_limit_exceeded"
    message = f"Contact has reached the maximum of {MAX_COMPANIES_OF_CONTACT} company associations"


async def create_or_update_company(caller: Caller, request: CompanyRequest) -> Company:
    """The company with the customer's key `company_id`, made where there is none; a deleted one is revived."""
    if request.company_id in {UNSET, None, ""}:
        raise ParameterNotFound("company_id is a required parameter")
    key = str(request.company_id)
    now = caller.now().replace(microsecond=0)
    async with transaction() as held:
        created = await queries.insert_company.first(held, caller.workspace_id, ids.object_id(now), key, now)
        row = await queries.company_of_any_state_for_update.one(held, caller.workspace_id, key)
        if row.state == "deleted":
            await _forget_contacts(held, caller.workspace_id, row.id)
        is_new = created is not None or row.state == "deleted"
        topic = Topic.COMPANY_CREATED if is_new else Topic.COMPANY_UPDATED
        return await _change(held, caller, row, request, topic, now)


async def update_company(caller: Caller, company_id: str, request: CompanyRequest) -> Company:
    """Change what is sent; the customer's key never changes."""
    now = caller.now().replace(microsecond=0)
    async with transaction() as held:
        row = await queries.company_for_update.first(held, caller.workspace_id, company_id)
        if row is None:
            raise CompanyNotFound
        return await _change(held, caller, row, request, Topic.COMPANY_UPDATED, now)


async def _change(
    held: Connection, caller: Caller, row: CompanyRow, request: CompanyRequest, topic: Topic, now: datetime
) -> Company:
    _apply(row, request)
    if request.plan is not UNSET:
        row.plan_id = await _plan_id(held, caller, request.plan)
    sent = None if request.custom_attributes is UNSET else request.custom_attributes
    attributes = await check_custom_attributes(held, caller.workspace_id, "company", sent)
    row.updated_at = now
    await queries.update_company.run(
        held,
        caller.workspace_id,
        row.id,
        row.name,
        row.monthly_spend,
        row.size,
        row.website,
        row.industry,
        row.remote_created_at,
        row.updated_at,
        row.plan_id,
        msgspec.json.encode(attributes.values).decode(),
        msgspec.json.encode(attributes.folded()).decode(),
    )
    company = company_from_row(caller, await queries.company_by_id.one(held, caller.workspace_id, row.id))
    await _record(held, caller, topic, company)
    return company


def _apply(row: CompanyRow, request: CompanyRequest) -> None:
    if request.name is not UNSET:
        row.name = row.company_id if request.name is None else request.name
    if request.size is not UNSET:
        row.size = None if request.size is None else _size(request.size)
    if request.website is not UNSET:
        row.website = request.website
    if request.industry is not UNSET:
        row.industry = request.industry
    if request.remote_created_at is not UNSET and request.remote_created_at is not None:
        row.remote_created_at = moment(request.remote_created_at, "remote_created_at")
    if request.monthly_spend is not UNSET:
        row.monthly_spend = 0 if request.monthly_spend is None else _monthly_spend(request.monthly_spend)


def _size(sent: float | str) -> int:
    """A whole number, also one that is written as a float or a string."""
    text = str(int(sent) if isinstance(sent, float) and sent.is_integer() else sent)
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(_LARGEST_INTEGER))
    if not is_number or int(text) > _LARGEST_INTEGER:
        raise ParameterInvalid(f"size must be a whole number from 0 to {_LARGEST_INTEGER}")
    return int(text)


def _monthly_spend(sent: float) -> int:
    if not abs(sent) < _LARGEST_INTEGER + 1:
        raise ParameterInvalid(f"monthly_spend must be from -{_LARGEST_INTEGER} to {_LARGEST_INTEGER}")
    return int(sent)


async def _plan_id(held: Connection, caller: Caller, name: str | None) -> int | None:
    if not name:
        return None
    found = await queries.plan_by_name.first(held, caller.workspace_id, name)
    if found is None:
        await queries.insert_plan.run(held, caller.workspace_id, name)
        found = await queries.plan_by_name.one(held, caller.workspace_id, name)
    return found


async def _record(held: Connection, caller: Caller, topic: Topic, item: Company | CompanyDeleted) -> None:
    event = Event(topic, item.id, msgspec.json.encode(item).decode())
    await record(held, caller.workspace_id, event, caller.now())


async def get_company(caller: Caller, company_id: WireId) -> Company:
    """A live company by the id that Callbox gave it."""
    async with connection() as held:
        row = await queries.company_by_id.first(held, caller.workspace_id, str(company_id))
    return _found(caller, row)


async def find_by_company_id(caller: Caller, company_id: str) -> Company:
    """A live company by the customer's own key."""
    async with connection() as held:
        row = await queries.company_by_company_id.first(held, caller.workspace_id, company_id)
    return _found(caller, row)


async def find_by_name(caller: Caller, name: str) -> Company:
    """The oldest live company of this name."""
    async with connection() as held:
        row = await queries.company_by_name.first(held, caller.workspace_id, name)
    return _found(caller, row)


def _found(caller: Caller, row: CompanyRow | None) -> Company:
    if row is None:
        raise CompanyNotFound
    return company_from_row(caller, row)


async def delete_company(caller: Caller, company_id: str) -> CompanyDeleted:
    """Remove a company at once; its contacts are detached by a job that follows from the event."""
    async with transaction() as held:
        if not await queries.mark_deleted.run(held, caller.workspace_id, company_id, caller.now()):
            raise CompanyNotFound
        deleted = CompanyDeleted(company_id, "company", deleted=True)
        await _record(held, caller, Topic.COMPANY_DELETED, deleted)
        description = f"{caller.admin_name} deleted the company {company_id}."
        await record_activity(held, caller, "app_data_deletion", description, {"company": {"id": company_id}})
    return deleted


async def detach_all_contacts(workspace_id: str, company_id: str) -> None:
    """Follows the deletion of a company. Stops where the company was revived meanwhile."""
    detached = _DETACH_BATCH
    while detached == _DETACH_BATCH:
        async with transaction() as held:
            if not await queries.is_deleted.one(held, workspace_id, company_id):
                return
            detached = await queries.detach_some.run(held, workspace_id, company_id, _DETACH_BATCH)


async def _forget_contacts(held: Connection, workspace_id: str, company_id: str) -> None:
    """A revived company begins empty, whether the job was faster or not."""
    while await queries.detach_some.run(held, workspace_id, company_id, _DETACH_BATCH):
        continue


async def attach_contact(caller: Caller, contact_id: str, company_id: WireId | None) -> Company:
    """Put a contact into a company; again: no change."""
    if company_id is None or company_id == "":
        raise CompanyNotSpecified
    async with transaction() as held:
        await contacts.lock_live_contacts(held, caller, [contact_id])
        row = await queries.company_for_update.first(held, caller.workspace_id, str(company_id))
        if row is None:
            raise CompanyNotFound
        if await queries.attach_contact.run(held, caller.workspace_id, contact_id, row.id, caller.now()):
            total = await queries.companies_of_contact_total.one(held, caller.workspace_id, contact_id)
            if total > MAX_COMPANIES_OF_CONTACT:
                raise TooManyCompanies
            await _count(held, caller, contact_id, row, 1, Topic.COMPANY_CONTACT_ATTACHED)
        return company_from_row(caller, row)


async def detach_contact(caller: Caller, contact_id: str, company_id: str) -> Company:
    """Take a contact out of a company that it is in."""
    async with transaction() as held:
        await contacts.lock_live_contacts(held, caller, [contact_id])
        row = await queries.company_for_update.first(held, caller.workspace_id, company_id)
        if row is None or not await queries.detach_contact.run(held, caller.workspace_id, contact_id, company_id):
            raise CompanyNotFound
        await _count(held, caller, contact_id, row, -1, Topic.COMPANY_CONTACT_DETACHED)
        return company_from_row(caller, row)


async def _count(held: Connection, caller: Caller, contact_id: str, row: CompanyRow, change: int, topic: Topic) -> None:
    row.user_count += change
    await queries.add_to_user_count.run(held, caller.workspace_id, row.id, change)
    await contacts.touch_contacts(held, caller, [contact_id])
    contact = await contacts.contact_in(held, caller, contact_id)
    item = msgspec.json.encode(CompanyContactEvent(company_from_row(caller, row), contact)).decode()
    await record(held, caller.workspace_id, Event(topic, row.id, item), caller.now())


async def lock_live_companies(held: Connection, caller: Caller, company_ids: list[str]) -> None:
    """Hold companies for a change of what hangs on them. Raises CompanyNotFound if one is not there."""
    wanted = set(company_ids)
    if len(await queries.lock_companies.all(held, caller.workspace_id, list(wanted))) < len(wanted):
        raise CompanyNotFound


async def record_updates(held: Connection, caller: Caller, company_ids: list[str]) -> None:
    """What hangs on these companies changed: they count as updated, and it is told of each."""
    await queries.touch_companies.run(held, caller.workspace_id, company_ids, caller.now().replace(microsecond=0))
    for row in await queries.companies_by_ids.all(held, caller.workspace_id, company_ids):
        await _record(held, caller, Topic.COMPANY_UPDATED, company_from_row(caller, row))


async def ids_of_keys(held: Connection, caller: Caller, company_ids: list[str]) -> list[str]:
    """Callbox's ids of companies by the customer's own keys. Raises CompanyNotFound if one is not there."""
    wanted = set(company_ids)
    found = await queries.ids_by_company_ids.all(held, caller.workspace_id, list(wanted))
    if len(found) < len(wanted):
        raise CompanyNotFound
    return found


async def note_seen(held: Connection, seen: list[tuple[str, str]], at: datetime) -> None:
    """These contacts, by workspace and id, are there, and so are their companies; `at` is the machine's time."""
    await queries.set_last_request.run(held, [each[0] for each in seen], [each[1] for each in seen], at)


async def purge_deleted_companies(caller: Caller, grace: timedelta) -> int:
    """Remove a batch of companies that were deleted longer ago than the grace period; answers how many."""
    async with connection() as held:
        return await queries.purge_deleted.run(held, caller.workspace_id, caller.now() - grace)
