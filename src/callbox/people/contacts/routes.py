"""Contacts over HTTP, in the order of the reference."""

from litestar.types import HTTPScope

from callbox.people.contacts import leaving, merging, search, service
from callbox.people.contacts.schemas import (
    Contact,
    ContactArchived,
    ContactDeleted,
    ContactList,
    CreateContactRequest,
    ListContactsQuery,
    MergeContactsRequest,
    UpdateContactRequest,
)
from callbox.people.contacts.storing import ContactExists
from callbox.wire.decode import decode, decode_query
from callbox.wire.operations import caller_of, operation
from callbox.wire.search import SearchRequest

GROUP = "Contacts"


@operation(
    "PUT",
    "/contacts/{contact_id:str}",
    group=GROUP,
    request=UpdateContactRequest,
    errors=[service.ContactNotFound, ContactExists, service.RoleIsFinal, service.OwnerUnknown],
    example={"name": "Grace Example", "custom_attributes": {"plan": "pro"}},
)
async def update_contact(contact_id: str, body: bytes, scope: HTTPScope) -> Contact:
    """Change what is sent of a contact, keep the rest."""
    return await service.update_contact(caller_of(scope), contact_id, decode(body, UpdateContactRequest))


@operation("GET", "/contacts/{contact_id:str}", group=GROUP, errors=[service.ContactNotFound])
async def get_contact(contact_id: str, scope: HTTPScope) -> Contact:
    """Read a contact."""
    return await service.get_contact(caller_of(scope), contact_id)


@operation("DELETE", "/contacts/{contact_id:str}", group=GROUP, errors=[service.ContactNotFound])
async def delete_contact(contact_id: str, scope: HTTPScope) -> ContactDeleted:
    """Delete a contact for good."""
    return await leaving.delete_contact(caller_of(scope), contact_id)


@operation(
    "POST",
    "/contacts/merge",
    group=GROUP,
    request=MergeContactsRequest,
    errors=[service.ContactNotFound, merging.InvalidMerge],
    example={"from": "66f1a2b3c4d5e6f708192a3b", "into": "66f1a2b3c4d5e6f708192a3c"},
)
async def merge_contacts(body: bytes, scope: HTTPScope) -> Contact:
    """Merge a lead into a user."""
    return await merging.merge_contacts(caller_of(scope), decode(body, MergeContactsRequest))


@operation(
    "POST",
    "/contacts/search",
    group=GROUP,
    request=SearchRequest,
    example={
        "query": {"field": "email", "operator": "=", "value": "grace@example.com"},
        "pagination": {"per_page": 5},
    },
)
async def search_contacts(body: bytes, scope: HTTPScope) -> ContactList:
    """Find contacts by a query of the search language."""
    return await search.search_contacts(caller_of(scope), body)


@operation("GET", "/contacts", group=GROUP, query=ListContactsQuery)
async def list_contacts(scope: HTTPScope) -> ContactList:
    """List contacts, oldest first."""
    return await service.list_contacts(caller_of(scope), decode_query(scope["query_string"], ListContactsQuery))


@operation(
    "POST",
    "/contacts",
    group=GROUP,
    request=CreateContactRequest,
    errors=[ContactExists, service.OwnerUnknown],
    example={"role": "user", "external_id": "u-1042", "email": "grace@example.com", "name": "Grace Example"},
)
async def create_contact(body: bytes, scope: HTTPScope) -> Contact:
    """Create a user or a lead."""
    return await service.create_contact(caller_of(scope), decode(body, CreateContactRequest))


@operation("POST", "/contacts/{contact_id:str}/archive", group=GROUP, errors=[service.ContactNotFound])
async def archive_contact(contact_id: str, scope: HTTPScope) -> ContactArchived:
    """Archive a contact."""
    return await leaving.archive_contact(caller_of(scope), contact_id)


@operation(
    "POST",
    "/contacts/{contact_id:str}/unarchive",
    group=GROUP,
    errors=[service.ContactNotFound, leaving.ContactNotRestorable],
)
async def unarchive_contact(contact_id: str, scope: HTTPScope) -> ContactArchived:
    """Bring an archived contact back."""
    return await leaving.unarchive_contact(caller_of(scope), contact_id)


ROUTES = [
    update_contact,
    get_contact,
    delete_contact,
    merge_contacts,
    search_contacts,
    list_contacts,
    create_contact,
    archive_contact,
    unarchive_contact,
]
