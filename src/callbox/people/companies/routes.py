"""Companies over HTTP, in the order of the reference."""

from litestar.types import HTTPScope

from callbox.people.companies import lists, service
from callbox.people.companies.schemas import (
    AttachCompanyRequest,
    Company,
    CompanyContacts,
    CompanyContactsQuery,
    CompanyDeleted,
    CompanyList,
    CompanyRequest,
    CompanyScroll,
    CompanySegmentList,
    ContactCompanies,
    FindCompaniesQuery,
    ListCompaniesQuery,
    ScrollQuery,
)
from callbox.people.contacts.service import ContactNotFound
from callbox.wire.decode import decode, decode_query
from callbox.wire.operations import caller_of, operation
from callbox.wire.pagination import PageQuery

GROUP = "Companies"
_EXAMPLE = {"company_id": "c-77", "name": "Example Ltd", "plan": "Growth", "monthly_spend": 490, "size": 38}


@operation("POST", "/companies", group=GROUP, request=CompanyRequest, example=_EXAMPLE)
async def create_or_update_company(body: bytes, scope: HTTPScope) -> Company:
    """Create a company, or update the one with the same `company_id`."""
    return await service.create_or_update_company(caller_of(scope), decode(body, CompanyRequest))


@operation("GET", "/companies", group=GROUP, query=FindCompaniesQuery, errors=[service.CompanyNotFound])
async def find_companies(scope: HTTPScope) -> Company | CompanyList:
    """Read a company by `company_id` or `name`, or list those with a tag or in a segment."""
    query = decode_query(scope["query_string"], FindCompaniesQuery)
    if query.company_id:
        return await service.find_by_company_id(caller_of(scope), query.company_id)
    if query.name:
        return await service.find_by_name(caller_of(scope), query.name)
    return await lists.find_companies(scope, query)


@operation("GET", "/companies/{company_id:str}", group=GROUP, errors=[service.CompanyNotFound])
async def get_company(company_id: str, scope: HTTPScope) -> Company:
    """Read a company."""
    return await service.get_company(caller_of(scope), company_id)


@operation(
    "PUT",
    "/companies/{company_id:str}",
    group=GROUP,
    request=CompanyRequest,
    errors=[service.CompanyNotFound],
    example={"name": "Example Group", "size": 40},
)
async def update_company(company_id: str, body: bytes, scope: HTTPScope) -> Company:
    """Change what is sent of a company, keep the rest."""
    return await service.update_company(caller_of(scope), company_id, decode(body, CompanyRequest))


@operation("DELETE", "/companies/{company_id:str}", group=GROUP, errors=[service.CompanyNotFound])
async def delete_company(company_id: str, scope: HTTPScope) -> CompanyDeleted:
    """Delete a company; its contacts stay."""
    return await service.delete_company(caller_of(scope), company_id)


@operation(
    "GET",
    "/companies/{company_id:str}/contacts",
    group=GROUP,
    query=CompanyContactsQuery,
    errors=[service.CompanyNotFound],
)
async def contacts_of_company(company_id: str, scope: HTTPScope) -> CompanyContacts:
    """List the contacts of a company."""
    query = decode_query(scope["query_string"], CompanyContactsQuery)
    return await lists.contacts_of_company(caller_of(scope), company_id, query)


@operation("GET", "/companies/{company_id:str}/segments", group=GROUP, errors=[service.CompanyNotFound])
async def segments_of_company(company_id: str, scope: HTTPScope) -> CompanySegmentList:
    """List the segments that a company is in."""
    return await lists.segments_of_company(caller_of(scope), company_id)


@operation("POST", "/companies/list", group=GROUP, query=ListCompaniesQuery, errors=[lists.PageLimitReached])
async def list_companies(scope: HTTPScope) -> CompanyList:
    """List companies by their last request."""
    return await lists.list_companies(scope, decode_query(scope["query_string"], ListCompaniesQuery))


@operation(
    "GET",
    "/companies/scroll",
    group=GROUP,
    query=ScrollQuery,
    errors=[lists.ScrollExists, lists.ScrollNotFound],
)
async def scroll_companies(scope: HTTPScope) -> CompanyScroll:
    """Read all companies, part by part."""
    return await lists.scroll(caller_of(scope), decode_query(scope["query_string"], ScrollQuery).scroll_param)


@operation(
    "POST",
    "/contacts/{contact_id:str}/companies",
    group=GROUP,
    request=AttachCompanyRequest,
    errors=[
        service.CompanyNotSpecified,
        service.TooManyCompanies,
        ContactNotFound,
        service.CompanyNotFound,
    ],
    example={"id": "66f1a2b3c4d5e6f708192a3d"},
)
async def attach_contact(contact_id: str, body: bytes, scope: HTTPScope) -> Company:
    """Put a contact into a company."""
    return await service.attach_contact(caller_of(scope), contact_id, decode(body, AttachCompanyRequest).id)


@operation("GET", "/contacts/{contact_id:str}/companies", group=GROUP, query=PageQuery, errors=[ContactNotFound])
async def companies_of_contact(contact_id: str, scope: HTTPScope) -> ContactCompanies:
    """List the companies that a contact is in."""
    return await lists.companies_of_contact(scope, contact_id, decode_query(scope["query_string"], PageQuery))


@operation(
    "DELETE",
    "/contacts/{contact_id:str}/companies/{company_id:str}",
    group=GROUP,
    errors=[ContactNotFound, service.CompanyNotFound],
)
async def detach_contact(contact_id: str, company_id: str, scope: HTTPScope) -> Company:
    """Take a contact out of a company."""
    return await service.detach_contact(caller_of(scope), contact_id, company_id)


ROUTES = [
    create_or_update_company,
    find_companies,
    get_company,
    update_company,
    delete_company,
    contacts_of_company,
    segments_of_company,
    list_companies,
    scroll_companies,
    attach_contact,
    companies_of_contact,
    detach_contact,
]
