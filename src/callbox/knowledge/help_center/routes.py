"""Help centers and their collections over HTTP, in the order of the reference."""

from litestar.types import HTTPScope

from callbox.knowledge.help_center import collections, service
from callbox.knowledge.help_center.schemas import (
    ArrangeCollectionRequest,
    Collection,
    CollectionDeleted,
    CollectionList,
    CreateCollectionRequest,
    CreateHelpCenterRequest,
    HelpCenter,
    HelpCenterList,
    ManagedHelpCenter,
    UpdateCollectionRequest,
    UpdateHelpCenterRequest,
)
from callbox.wire.decode import decode
from callbox.wire.operations import caller_of, operation
from callbox.wire.pagination import PageQuery, linked_pages, page_asked_for

GROUP = "Help Center"
DEFAULT_PER_PAGE = 20
MAX_PER_PAGE = 250


@operation("GET", "/help_center/collections", group=GROUP, query=PageQuery)
async def list_collections(scope: HTTPScope) -> CollectionList:
    """List the collections of all help centers and levels, latest change first."""
    page = page_asked_for(scope, DEFAULT_PER_PAGE, MAX_PER_PAGE)
    found, total = await collections.list_collections(caller_of(scope), page)
    return CollectionList("list", linked_pages(scope, page, total), total, found)


@operation(
    "POST",
    "/help_center/collections",
    group=GROUP,
    request=CreateCollectionRequest,
    errors=[collections.NameMissing],
    example={"name": "Thanks for everything", "translated_content": {"fr": {"name": "Merci pour tout"}}},
)
async def create_collection(body: bytes, scope: HTTPScope) -> Collection:
    """Create a collection."""
    return await collections.create_collection(caller_of(scope), decode(body, CreateCollectionRequest))


@operation("GET", "/help_center/collections/{collection_id:str}", group=GROUP, errors=[collections.CollectionNotFound])
async def get_collection(collection_id: str, scope: HTTPScope) -> Collection:
    """Read a collection."""
    return await collections.get_collection(caller_of(scope), collection_id)


@operation(
    "PUT",
    "/help_center/collections/{collection_id:str}",
    group=GROUP,
    request=UpdateCollectionRequest,
    errors=[collections.CollectionNotFound],
    example={"name": "Update collection name", "parent_id": None},
)
async def update_collection(collection_id: str, body: bytes, scope: HTTPScope) -> Collection:
    """Change a collection, or move it."""
    request = decode(body, UpdateCollectionRequest)
    return await collections.update_collection(caller_of(scope), collection_id, request)


@operation(
    "DELETE", "/help_center/collections/{collection_id:str}", group=GROUP, errors=[collections.CollectionNotFound]
)
async def delete_collection(collection_id: str, scope: HTTPScope) -> CollectionDeleted:
    """Delete a collection and those below it; articles in them stay, without a collection."""
    return await collections.delete_collection(caller_of(scope), collection_id)


@operation("GET", "/help_center/help_centers/{help_center_id:str}", group=GROUP, errors=[service.HelpCenterNotFound])
async def get_help_center(help_center_id: str, scope: HTTPScope) -> HelpCenter:
    """Read a help center."""
    return await service.get_help_center(caller_of(scope), help_center_id)


@operation("GET", "/help_center/help_centers", group=GROUP, query=PageQuery)
async def list_help_centers(scope: HTTPScope) -> HelpCenterList:
    """List the workspace's help centers."""
    page = page_asked_for(scope, DEFAULT_PER_PAGE, MAX_PER_PAGE)
    found, total = await service.list_help_centers(caller_of(scope), page)
    return HelpCenterList("list", linked_pages(scope, page, total), total, found)


@operation(
    "PUT",
    "/manage/v1/collections/{collection_id:str}",
    group=GROUP,
    request=ArrangeCollectionRequest,
    errors=[collections.CollectionNotFound],
    example={"icon": "bookmark", "order": 1},
)
async def arrange_collection_route(collection_id: str, body: bytes, scope: HTTPScope) -> Collection:
    """Give a collection an icon, or another place among its siblings."""
    request = decode(body, ArrangeCollectionRequest)
    return await collections.arrange_collection(caller_of(scope), collection_id, request)


@operation(
    "POST",
    "/manage/v1/help_centers",
    group=GROUP,
    request=CreateHelpCenterRequest,
    errors=[service.HelpCenterNameTaken, service.HelpCenterNameReserved, service.TooManyHelpCenters],
    example={"identifier": "example-help", "display_name": "Example Help", "locales": ["en", "de"]},
)
async def create_help_center_route(body: bytes, scope: HTTPScope) -> ManagedHelpCenter:
    """Create a further help center."""
    return await service.create_help_center(caller_of(scope), decode(body, CreateHelpCenterRequest))


@operation("GET", "/manage/v1/help_centers/{help_center_id:str}", group=GROUP, errors=[service.HelpCenterNotFound])
async def get_managed_help_center(help_center_id: str, scope: HTTPScope) -> ManagedHelpCenter:
    """Read a help center with its languages."""
    return await service.get_managed(caller_of(scope), help_center_id)


@operation(
    "PUT",
    "/manage/v1/help_centers/{help_center_id:str}",
    group=GROUP,
    request=UpdateHelpCenterRequest,
    errors=[service.HelpCenterNotFound, service.HelpCenterNameTaken, service.HelpCenterNameReserved],
    example={"website_turned_on": True, "custom_domain": "help.example.com", "locales": ["en", "de"]},
)
async def update_help_center_route(help_center_id: str, body: bytes, scope: HTTPScope) -> ManagedHelpCenter:
    """Change a help center: its address, whether its site is on, its languages."""
    request = decode(body, UpdateHelpCenterRequest)
    return await service.update_help_center(caller_of(scope), help_center_id, request)


ROUTES = [
    list_collections,
    create_collection,
    get_collection,
    update_collection,
    delete_collection,
    get_help_center,
    list_help_centers,
]
MANAGE_ROUTES = [
    arrange_collection_route,
    create_help_center_route,
    get_managed_help_center,
    update_help_center_route,
]
