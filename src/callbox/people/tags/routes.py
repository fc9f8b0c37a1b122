"""Tags over HTTP, in the order of the reference."""

from litestar.types import HTTPScope

from callbox.people.companies.service import CompanyNotFound
from callbox.people.contacts.service import ContactNotFound
from callbox.people.tags import service
from callbox.people.tags.schemas import (
    AppliedTag,
    AppliedTagList,
    Tag,
    TagList,
    TagReferenceRequest,
    TagRequest,
)
from callbox.wire.decode import decode
from callbox.wire.operations import caller_of, operation

GROUP = "Tags"


@operation("GET", "/contacts/{contact_id:str}/tags", group=GROUP, errors=[ContactNotFound])
async def tags_of_contact(contact_id: str, scope: HTTPScope) -> AppliedTagList:
    """List the tags on a contact."""
    return AppliedTagList("list", await service.tags_of_contact(caller_of(scope), contact_id))


@operation(
    "POST",
    "/contacts/{contact_id:str}/tags",
    group=GROUP,
    request=TagReferenceRequest,
    errors=[ContactNotFound, service.TagNotFound],
    example={"id": "31"},
)
async def tag_contact(contact_id: str, body: bytes, scope: HTTPScope) -> AppliedTag:
    """Put a tag on a contact."""
    return await service.tag_contact(caller_of(scope), contact_id, decode(body, TagReferenceRequest).id)


@operation(
    "DELETE",
    "/contacts/{contact_id:str}/tags/{tag_id:str}",
    group=GROUP,
    errors=[ContactNotFound, service.TagNotFound],
)
async def untag_contact(contact_id: str, tag_id: str, scope: HTTPScope) -> AppliedTag:
    """Take a tag off a contact."""
    return await service.untag_contact(caller_of(scope), contact_id, tag_id)


@operation("GET", "/tags", group=GROUP)
async def list_tags(scope: HTTPScope) -> TagList:
    """List the workspace's tags by name."""
    return TagList("list", await service.list_tags(caller_of(scope)))


@operation(
    "POST",
    "/tags",
    group=GROUP,
    request=TagRequest,
    errors=[
        service.InvalidTagParameters,
        service.TagNameTaken,
        service.TagNotFound,
        CompanyNotFound,
        ContactNotFound,
    ],
    example={"name": "Beta", "users": [{"id": "66f1a2b3c4d5e6f708192a3b"}]},
)
async def save_tag(body: bytes, scope: HTTPScope) -> Tag:
    """Create or rename a tag, or tag and untag companies or users."""
    return await service.save_tag(caller_of(scope), decode(body, TagRequest))


@operation("GET", "/tags/{tag_id:str}", group=GROUP, errors=[service.TagNotFound])
async def get_tag(tag_id: str, scope: HTTPScope) -> Tag:
    """Read a tag."""
    return await service.get_tag(caller_of(scope), tag_id)


@operation("DELETE", "/tags/{tag_id:str}", group=GROUP, errors=[service.TagNotFound, service.TagIsUsed])
async def delete_tag(tag_id: str, scope: HTTPScope) -> None:
    """Delete a tag from everything it stands on."""
    await service.delete_tag(caller_of(scope), tag_id)


ROUTES = [tags_of_contact, tag_contact, untag_contact, list_tags, save_tag, get_tag, delete_tag]
