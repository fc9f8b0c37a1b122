"""Companies by pages, and by scrolling over all of them: one scroll at a time, forgotten after a minute."""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from litestar.types import HTTPScope
from msgspec import UNSET

from callbox.people.companies import queries
from callbox.people.companies.queries import CompanyRow
from callbox.people.companies.schemas import (
    CompanyContacts,
    CompanyContactsQuery,
    CompanyList,
    CompanyScroll,
    CompanySegmentList,
    ContactCompanies,
    FindCompaniesQuery,
    ListCompaniesQuery,
    company_from_row,
)
from callbox.people.companies.service import get_company
from callbox.people.contacts import service as contacts
from callbox.people.segments import service as segments
from callbox.platform import ids
from callbox.platform.database import Query, connection, transaction
from callbox.wire.authentication import Caller
from callbox.wire.decode import decimal_id
from callbox.wire.errors import BadRequest, NotFound, ParameterInvalid, WireError
from callbox.wire.operations import caller_of
from callbox.wire.pagination import NumberedPage, PageQuery, cursor_page, cursor_pages, numbered_page, url_pages

DEFAULT_PER_PAGE = 15
DEFAULT_PER_SUBPAGE = 50
MAX_PER_PAGE = 60
MAX_LISTED = 10_000
SCROLL_PAGE = 100
SCROLL_IDLE = timedelta(seconds=60)


class PageLimitReached(BadRequest):
    """Deep pages are refused; scrolling reads everything."""

    message = "page limit reached, please use scroll API"
    shows_request_id = True


class ScrollExists(WireError):
    """Another scroll of the workspace is still open."""

    code = "scroll_exists"
    message = "scroll already exists for this workspace"


class ScrollNotFound(NotFound):
    """The scroll is unknown, ended, or was left idle for a minute."""

    message = "scroll parameter not found"


class _Listing(NamedTuple):
    """A list: its pages, how many companies are on them, and the values of what narrows it."""

    page: Query[CompanyRow]
    total: Query[int]
    values: tuple[object, ...] = ()


async def find_companies(scope: HTTPScope, query: FindCompaniesQuery) -> CompanyList:
    """Companies with a tag, in a segment, or all; last seen first."""
    page = numbered_page(query.page, query.per_page, DEFAULT_PER_PAGE, MAX_PER_PAGE)
    return await _listed(scope, page, _listing(query), tag_id=query.tag_id, segment_id=query.segment_id)


def _listing(query: FindCompaniesQuery) -> _Listing:
    tag_id = decimal_id(query.tag_id or "")
    match bool(query.tag_id), bool(query.segment_id):
        case True, True:
            values = (tag_id, query.segment_id)
            return _Listing(queries.companies_of_tag_and_segment, queries.companies_of_tag_and_segment_total, values)
        case True, False:
            return _Listing(queries.companies_of_tag, queries.companies_of_tag_total, (tag_id,))
        case False, True:
            return _Listing(queries.companies_of_segment, queries.companies_of_segment_total, (query.segment_id,))
        case _:
            return _Listing(queries.companies_descending, queries.companies_total)


async def list_companies(scope: HTTPScope, query: ListCompaniesQuery) -> CompanyList:
    """All companies with contacts, by their last request."""
    page = numbered_page(query.page, query.per_page, DEFAULT_PER_PAGE, MAX_PER_PAGE)
    if query.order not in {None, "", "asc", "desc"}:
        raise ParameterInvalid("order must be asc or desc")
    ordered = queries.companies_ascending if query.order == "asc" else queries.companies_descending
    return await _listed(scope, page, _Listing(ordered, queries.companies_total), order=query.order)


async def _listed(scope: HTTPScope, page: NumberedPage, listing: _Listing, **filters: str | None) -> CompanyList:
    """A page; the filters are those of the request, which the next page's URL repeats."""
    if page.offset >= MAX_LISTED:
        raise PageLimitReached
    caller, values = caller_of(scope), listing.values
    async with connection() as held:
        rows = await listing.page.all(held, caller.workspace_id, *values, page.per_page, page.offset)
        total = await listing.total.one(held, caller.workspace_id, *values)
    companies = [company_from_row(caller, row) for row in rows]
    return CompanyList("list", companies, url_pages(scope, page, total, **filters), total)


async def scroll(caller: Caller, scroll_param: str | None) -> CompanyScroll:
    """Open a scroll, or read on in the open one."""
    async with transaction() as held:
        now = caller.now()
        if not scroll_param:
            param = await queries.open_scroll.first(held, caller.workspace_id, UUID(ids.uuid()), now, now - SCROLL_IDLE)
            if param is None:
                raise ScrollExists
            last_id = ""
        else:
            open_scroll = await queries.scroll_for_update.first(
                held, caller.workspace_id, _uuid(scroll_param), now - SCROLL_IDLE
            )
            if open_scroll is None:
                raise ScrollNotFound
            param, last_id = str(open_scroll.scroll_param), open_scroll.last_company_id
        rows = await queries.companies_after.all(held, caller.workspace_id, last_id, SCROLL_PAGE)
        if not rows:
            await queries.close_scroll.run(held, caller.workspace_id)
            return CompanyScroll("list", [], None, None, UNSET)
        await queries.move_scroll.run(held, caller.workspace_id, rows[-1].id, now)
    return CompanyScroll("list", [company_from_row(caller, row) for row in rows], None, None, param)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ScrollNotFound from None


async def forget_idle_scroll(caller: Caller) -> None:
    """Scheduled: an idle scroll is of no use any more."""
    async with connection() as held:
        await queries.close_idle_scroll.run(held, caller.workspace_id, caller.now() - SCROLL_IDLE)


async def companies_of_contact(scope: HTTPScope, contact_id: str, query: PageQuery) -> ContactCompanies:
    """The companies that a contact is in, in the order it was attached."""
    caller = caller_of(scope)
    page = numbered_page(query.page, query.per_page, DEFAULT_PER_SUBPAGE, MAX_PER_PAGE)
    async with connection() as held:
        await contacts.require_live_contact(held, caller, contact_id)
        rows = await queries.companies_of_contact.all(held, caller.workspace_id, contact_id, page.per_page, page.offset)
        total = await queries.companies_of_contact_total.one(held, caller.workspace_id, contact_id)
    companies = [company_from_row(caller, row) for row in rows]
    return ContactCompanies("list", companies, companies, url_pages(scope, page, total), total)


async def contacts_of_company(caller: Caller, company_id: str, query: CompanyContactsQuery) -> CompanyContacts:
    """The live contacts of a company: a page by its number, or the one after a cursor, which wins."""
    listing = f"{caller.workspace_id} companies/{company_id}/contacts"
    page = cursor_page(query.per_page, query.starting_after, DEFAULT_PER_SUBPAGE, MAX_PER_PAGE, listing=listing)
    skipped = 0
    if not query.starting_after:
        numbered = numbered_page(query.page, query.per_page, DEFAULT_PER_SUBPAGE, MAX_PER_PAGE)
        page.page, skipped = numbered.page, numbered.offset
    company = await get_company(caller, company_id)
    found = await contacts.contacts_of_company(caller, company_id, page.last_id, skipped, page.per_page + 1)
    shown = found[: page.per_page]
    last_id = shown[-1].id if len(found) > page.per_page else None
    return CompanyContacts("list", shown, company.user_count, cursor_pages(page, company.user_count, last_id))


async def segments_of_company(caller: Caller, company_id: str) -> CompanySegmentList:
    """The segments that a company is in."""
    await get_company(caller, company_id)
    return CompanySegmentList("list", await segments.segments_of_member(caller, company_id))
