"""Tags as they are on the wire."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from callbox.people.contacts.schemas import Contact
from callbox.people.tags.queries import TaggingRow, TagRow
from callbox.platform.clock import unix
from callbox.wire.decode import WireId

MAX_TARGETS = 1000
Targets = Meta(max_length=MAX_TARGETS)


class Tag(msgspec.Struct):
    """A tag by itself."""

    type: Literal["tag"]
    id: str
    name: str


class AdminReference(msgspec.Struct):
    """Who put a tag somewhere."""

    type: Literal["admin"]
    id: str


class AppliedTag(msgspec.Struct):
    """A tag on a contact, a conversation or a ticket."""

    type: Literal["tag"]
    id: str
    name: str
    applied_at: int
    applied_by: AdminReference


class TagList(msgspec.Struct):
    """All tags of the workspace."""

    type: Literal["list"]
    data: list[Tag]


class AppliedTagList(msgspec.Struct):
    """All tags on a thing."""

    type: Literal["list"]
    data: list[AppliedTag]


class CompanyTarget(msgspec.Struct):
    """A company to tag or untag, by Callbox's id or the customer's key."""

    id: WireId | None = None
    company_id: WireId | None = None
    untag: bool = False


class UserTarget(msgspec.Struct):
    """A contact to tag or untag, by Callbox's id, the customer's id, or e-mail address."""

    id: WireId | None = None
    user_id: WireId | None = None
    email: str | None = None
    untag: bool = False


class TagRequest(msgspec.Struct):
    """Create a tag by its name, rename the one with the `id`, put either on companies and users or take it off."""

    name: str | None = None
    id: WireId | None = None
    companies: Annotated[list[CompanyTarget], Targets] | None = None
    users: Annotated[list[UserTarget], Targets] | None = None


class TagReferenceRequest(msgspec.Struct):
    """The tag to attach."""

    id: WireId


class ContactTagEvent(msgspec.Struct):
    """What is told when a contact is tagged or untagged."""

    type: Literal["contact_tag"]
    created_at: int
    tag: Tag
    contact: Contact


def tag_from_row(row: TagRow) -> Tag:
    """The tag by itself."""
    return Tag("tag", str(row.id), row.name)


def applied_tag(row: TaggingRow) -> AppliedTag:
    """The tag as it stands on a thing."""
    by = AdminReference("admin", str(row.applied_by_admin_id))
    return AppliedTag("tag", str(row.id), row.name, unix(row.applied_at), by)
