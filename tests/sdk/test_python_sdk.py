"""The official Python SDK, unchanged but for its base URL, through every method of the groups that Callbox has."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from intercom import AsyncIntercom, Intercom, MultipleFilterSearchRequest, SingleFilterSearchRequest
from intercom.contacts.types.contact import Contact
from intercom.core.api_error import ApiError
from intercom.core.http_response import BaseHttpResponse
from intercom.data_attributes.types.update_data_attribute_request_options_item import (
    UpdateDataAttributeRequestOptionsItem,
)
from intercom.errors.not_found_error import NotFoundError
from intercom.errors.unauthorized_error import UnauthorizedError
from intercom.events.types.create_data_event_summaries_request_event_summaries import (
    CreateDataEventSummariesRequestEventSummaries,
)
from intercom.types.create_contact_request_with_email import CreateContactRequestWithEmail
from intercom.types.create_contact_request_with_external_id import CreateContactRequestWithExternalId
from intercom.types.create_contact_request_with_role import CreateContactRequestWithRole
from intercom.types.create_data_event_request_with_email import CreateDataEventRequestWithEmail
from intercom.types.create_data_event_request_with_id import CreateDataEventRequestWithId
from intercom.types.create_data_event_request_with_user_id import CreateDataEventRequestWithUserId
from intercom.types.create_or_update_tag_request import CreateOrUpdateTagRequest
from intercom.types.starting_after_paging import StartingAfterPaging
from intercom.types.tag_company_request import TagCompanyRequest
from intercom.types.tag_company_request_companies_item import TagCompanyRequestCompaniesItem
from intercom.types.tag_multiple_users_request import TagMultipleUsersRequest
from intercom.types.tag_multiple_users_request_users_item import TagMultipleUsersRequestUsersItem
from intercom.types.untag_company_request import UntagCompanyRequest
from intercom.types.untag_company_request_companies_item import UntagCompanyRequestCompaniesItem
from intercom.types.update_visitor_request_with_id import UpdateVisitorRequestWithId
from intercom.types.update_visitor_request_with_user_id import UpdateVisitorRequestWithUserId
from intercom.visitors.types.user_with_id import UserWithId
from intercom.visitors.types.user_with_user_id import UserWithUserId
from intercom.visitors.types.visitor_with_id import VisitorWithId
from intercom.visitors.types.visitor_with_user_id import VisitorWithUserId

from tests.conftest import TestWorkspace
from tests.contract.world import World


def _user(sdk: Intercom, external_id: str, **values: Any) -> Contact:
    return sdk.contacts.create(request=CreateContactRequestWithExternalId(external_id=external_id, **values))


def _code(error: ApiError) -> str:
    body = error.body if isinstance(error.body, dict) else error.body.dict()
    code: str = body["errors"][0]["code"]
    return code


# Admins and teams


def test_admins(sdk: Intercom, workspace: TestWorkspace) -> None:
    me = sdk.admins.identify()
    assert me.app is not None
    assert me.app.id_code == workspace.id
    assert [admin.id for admin in sdk.admins.list().admins or [] if admin is not None] == [me.id]
    assert sdk.admins.find(me.id).email == me.email
    away = sdk.admins.away(me.id, away_mode_enabled=True, away_mode_reassign=True)
    assert (away.away_mode_enabled, away.away_mode_reassign) == (True, True)
    with pytest.raises(NotFoundError) as missing:
        sdk.admins.find("123456")
    assert _code(missing.value) == "admin_not_found"


def test_activity_logs(sdk: Intercom) -> None:
    me = sdk.admins.identify()
    sdk.admins.away(me.id, away_mode_enabled=True, away_mode_reassign=False)
    since = str(int(time.time()) - 60)
    logs = sdk.admins.list_all_activity_logs(created_at_after=since).activity_logs
    changes = [log for log in logs if log is not None and log.activity_type == "admin_away_mode_change"]
    assert [log.performed_by.id for log in changes if log.performed_by] == [me.id]
    assert sdk.admins.list_all_activity_logs(created_at_after=since, created_at_before=since).activity_logs == []


def test_teams(sdk: Intercom, world: World) -> None:
    made = world.team()
    assert made["id"] in [team.id for team in sdk.teams.list().teams or []]
    found = sdk.teams.find(made["id"])
    assert (found.name, found.admin_ids) == (made["name"], [int(sdk.admins.identify().id)])
    with pytest.raises(NotFoundError) as missing:
        sdk.teams.find("123456")
    assert _code(missing.value) == "team_not_found"


# Contacts


def test_contacts_are_created_read_and_changed(sdk: Intercom) -> None:
    made = _user(sdk, "u-1", email="grace@example.com", phone="+353871234567", name="Grace", signed_up_at=1_700_000_000)
    assert (made.role, made.external_id, made.email, made.signed_up_at) == (
        "user",
        "u-1",
        "grace@example.com",
        1_700_000_000,
    )
    assert sdk.contacts.find(made.id).dict() == made.dict()
    changed = sdk.contacts.update(made.id, name="Grace Example", unsubscribed_from_emails=True)
    assert (changed.name, changed.unsubscribed_from_emails, changed.email) == (
        "Grace Example",
        True,
        "grace@example.com",
    )


def test_contacts_are_created_by_email_and_by_role(sdk: Intercom) -> None:
    by_email = sdk.contacts.create(request=CreateContactRequestWithEmail(email="ada@example.com"))
    assert (by_email.role, by_email.email, by_email.external_id) == ("user", "ada@example.com", None)
    by_role = sdk.contacts.create(request=CreateContactRequestWithRole(role="lead"))
    assert by_role.role == "lead"
    assert by_role.external_id


def test_a_duplicate_is_refused_with_the_id_of_the_first(sdk: Intercom) -> None:
    first = _user(sdk, "u-1")
    with pytest.raises(ApiError) as refused:
        sdk.contacts.create(
            request=CreateContactRequestWithExternalId(external_id="u-1"), request_options={"max_retries": 0}
        )
    assert refused.value.status_code == 409
    assert f"id={first.id}" in str(refused.value.body)


def test_contacts_are_archived_brought_back_and_deleted(sdk: Intercom) -> None:
    user = _user(sdk, "u-1")
    assert sdk.contacts.archive(user.id).archived is True
    with pytest.raises(ApiError):
        sdk.contacts.find(user.id)
    assert sdk.contacts.unarchive(user.id).archived is False
    assert sdk.contacts.find(user.id).id == user.id
    assert sdk.contacts.delete(user.id).deleted is True
    with pytest.raises(ApiError) as missing:
        sdk.contacts.find(user.id)
    assert missing.value.status_code == 404


def test_a_lead_is_merged_into_a_user(sdk: Intercom) -> None:
    user = _user(sdk, "u-1")
    lead = sdk.contacts.create(request=CreateContactRequestWithRole(role="lead"))
    lead = sdk.contacts.update(lead.id, name="Grace")
    merged = sdk.contacts.merge_lead_in_user(lead_id=lead.id, contact_id=user.id)
    assert (merged.id, merged.name, merged.role) == (user.id, "Grace", "user")
    assert [contact.id for contact in sdk.contacts.list()] == [user.id]


def test_the_pager_of_contacts_gives_each_contact_once_and_ends(sdk: Intercom) -> None:
    made = [_user(sdk, f"u-{number}").id for number in range(7)]
    pager = sdk.contacts.list(per_page=3)
    assert [contact.id for contact in pager] == made
    assert [len(page.items or []) for page in pager.iter_pages()] == [3, 3, 1]


# The pager of a search in this SDK asks for its first page again and again, whatever the server answers:
# whoever uses it has to pass the cursor on, as here.


def _cursor_of(page: BaseHttpResponse | None) -> str | None:
    assert page is not None
    following: dict[str, str] = page._response.json()["pages"].get("next", {})  # the pager keeps it nowhere else
    return following.get("starting_after")


def test_a_search_gives_each_contact_once_and_ends(sdk: Intercom) -> None:
    made = {_user(sdk, f"u-{number}", name="Grace").id for number in range(5)}
    _user(sdk, "u-other", name="Ada")
    query = SingleFilterSearchRequest(field="name", operator="=", value="Grace")
    page = sdk.contacts.search(query=query, pagination=StartingAfterPaging(per_page=2))
    found = list(page.items or [])
    while cursor := _cursor_of(page.response):
        page = sdk.contacts.search(query=query, pagination=StartingAfterPaging(per_page=2, starting_after=cursor))
        found += page.items or []
    assert (len(found), {contact.id for contact in found}) == (5, made)
    assert not page.has_next


def test_a_search_joins_filters(sdk: Intercom) -> None:
    wanted = _user(sdk, "u-1", name="Grace", email="grace@example.com")
    _user(sdk, "u-2", name="Grace")
    query = MultipleFilterSearchRequest(
        operator="AND",
        value=[
            SingleFilterSearchRequest(field="name", operator="=", value="Grace"),
            SingleFilterSearchRequest(field="email", operator="~", value="example.com"),
        ],
    )
    assert [contact.id for contact in sdk.contacts.search(query=query)] == [wanted.id]


# Companies


def test_companies_are_created_found_changed_and_deleted(sdk: Intercom) -> None:
    made = sdk.companies.create_or_update(
        company_id="c-1", name="Example Ltd", plan="Pro", size=50, website="https://example.com", monthly_spend=100
    )
    assert (made.company_id, made.size, made.monthly_spend) == ("c-1", 50, 100)
    assert made.plan is not None
    assert made.plan.name == "Pro"
    assert sdk.companies.find(made.id).dict() == made.dict()
    by_company_id = sdk.companies.retrieve(company_id="c-1")
    assert by_company_id.type == "company"
    assert by_company_id.dict()["id"] == made.id
    assert sdk.companies.retrieve(name="Example Ltd").dict()["id"] == made.id
    again = sdk.companies.create_or_update(company_id="c-1", name="Example plc")
    assert (again.id, again.name, again.size) == (made.id, "Example plc", 50)
    # This method sends no body at all: nothing changes.
    assert sdk.companies.update(made.id).name == "Example plc"
    assert sdk.companies.delete(made.id).deleted is True
    with pytest.raises(NotFoundError) as missing:
        sdk.companies.find(made.id)
    assert _code(missing.value) == "company_not_found"


def test_contacts_are_attached_to_companies(sdk: Intercom) -> None:
    user = _user(sdk, "u-1")
    companies = [sdk.companies.create_or_update(company_id=f"c-{number}", name=f"C {number}") for number in range(3)]
    for company in companies:
        assert sdk.companies.attach_contact(user.id, company_id=company.id).user_count == 1
    attached = sdk.companies.list_attached_contacts(companies[0].id)
    assert [contact.id for contact in attached.data] == [user.id]
    pager = sdk.contacts.list_attached_companies(user.id, per_page=2)
    assert {company.id for company in pager} == {company.id for company in companies}
    assert sdk.companies.detach_contact(user.id, companies[0].id).user_count == 0
    assert sdk.companies.list_attached_contacts(companies[0].id).data == []


def _employ(sdk: Intercom, number: int) -> list[str]:
    user = _user(sdk, "u-1")
    companies = [sdk.companies.create_or_update(company_id=f"c-{each}", name=f"C {each}").id for each in range(number)]
    for company_id in companies:
        sdk.companies.attach_contact(user.id, company_id=company_id)
    return companies


def test_the_pager_of_companies_ends(sdk: Intercom) -> None:
    made = _employ(sdk, 5)
    found = [company.id for company in sdk.companies.list(per_page=2, order="asc")]
    assert sorted(found) == sorted(made)


def test_the_pager_of_the_scroll_ends(sdk: Intercom) -> None:
    made = _employ(sdk, 3)
    assert sorted(company.id for company in sdk.companies.scroll()) == sorted(made)


def test_companies_by_tag(sdk: Intercom) -> None:
    company_id = _employ(sdk, 2)[0]
    tag = sdk.tags.create(
        request=TagCompanyRequest(name="customer", companies=[TagCompanyRequestCompaniesItem(id=company_id)])
    )
    listed = sdk.companies.retrieve(tag_id=tag.id)
    assert listed.type == "list"
    assert [company["id"] for company in listed.dict()["data"]] == [company_id]


# What hangs on contacts


def test_notes(sdk: Intercom) -> None:
    user, admin_id = _user(sdk, "u-1"), sdk.admins.identify().id
    made = sdk.notes.create(user.id, body="Hello", admin_id=admin_id)
    assert made.body == "<p>Hello</p>"
    assert made.author is not None
    assert made.author.id == admin_id
    assert made.contact is not None
    assert made.contact.id == user.id
    assert sdk.notes.find(made.id).body == "<p>Hello</p>"
    for number in range(4):
        sdk.notes.create(user.id, body=f"Note {number}")
    assert len([note.id for note in sdk.notes.list(user.id, per_page=2)]) == 5
    with pytest.raises(NotFoundError):
        sdk.notes.list("667d60998a68186f43bafda1")


def test_segments(sdk: Intercom, world: World, eventually: Callable[[Callable[[], Any]], Any]) -> None:
    user = _user(sdk, "u-1")
    made = world.segment({"field": "external_id", "operator": "=", "value": "u-1"}, name="Only one")
    assert made["id"] in [segment.id for segment in sdk.segments.list().segments]
    assert sdk.segments.find(made["id"]).name == "Only one"

    def is_member() -> bool:
        return made["id"] in [segment.id for segment in sdk.contacts.list_attached_segments(user.id).data]

    assert eventually(is_member)
    counts = {segment.id: segment.count for segment in sdk.segments.list(include_count=True).segments}
    assert counts[made["id"]] == 1


def test_company_segments(sdk: Intercom) -> None:
    company_id = _employ(sdk, 1)[0]
    assert sdk.companies.list_attached_segments(company_id).data == []


def test_subscriptions(sdk: Intercom, world: World) -> None:
    user, made = _user(sdk, "u-1"), world.subscription_type()
    kinds = {kind.id: kind for kind in sdk.subscription_types.list().data}
    assert kinds[made["id"]].consent_type == "opt_out"
    answered = sdk.contacts.attach_subscription(user.id, subscription_id=made["id"], consent_type="opt_out")
    assert answered.id == made["id"]
    assert [kind.id for kind in sdk.contacts.list_attached_subscriptions(user.id).data] == [made["id"]]
    assert sdk.contacts.detach_subscription(user.id, made["id"]).id == made["id"]
    assert sdk.contacts.list_attached_subscriptions(user.id).data == []


def test_tags_of_contacts(sdk: Intercom) -> None:
    user, admin_id = _user(sdk, "u-1"), sdk.admins.identify().id
    tag = sdk.tags.create(request=CreateOrUpdateTagRequest(name="VIP"))
    applied = sdk.tags.tag_contact(user.id, tag_id=tag.id)
    assert applied.applied_by is not None
    assert (applied.name, applied.applied_by.id) == ("VIP", admin_id)
    assert [each.id for each in sdk.contacts.list_attached_tags(user.id).data] == [tag.id]
    assert sdk.tags.untag_contact(user.id, tag.id).id == tag.id
    assert sdk.contacts.list_attached_tags(user.id).data == []


def test_tags(sdk: Intercom) -> None:
    user = _user(sdk, "u-1")
    tag = sdk.tags.create(request=CreateOrUpdateTagRequest(name="VIP"))
    renamed = sdk.tags.create(request=CreateOrUpdateTagRequest(name="Very important", id=tag.id))
    assert (renamed.id, renamed.name) == (tag.id, "Very important")
    users = [TagMultipleUsersRequestUsersItem(id=user.id)]
    tagged = sdk.tags.create(request=TagMultipleUsersRequest(name="Very important", users=users))
    assert tagged.id == tag.id
    assert [each.id for each in sdk.contacts.list_attached_tags(user.id).data] == [tag.id]
    assert [each.name for each in sdk.tags.list().data] == ["Very important"]
    assert sdk.tags.find(tag.id).name == "Very important"
    sdk.tags.delete(tag.id)
    with pytest.raises(NotFoundError):
        sdk.tags.find(tag.id)


def test_companies_are_tagged_and_untagged(sdk: Intercom) -> None:
    company_id = _employ(sdk, 1)[0]
    external_id = sdk.companies.find(company_id).company_id
    items = [TagCompanyRequestCompaniesItem(id=company_id)]
    sdk.tags.create(request=TagCompanyRequest(name="customer", companies=items))
    tags = sdk.companies.find(company_id).tags
    assert tags is not None
    assert [tag["name"] for tag in tags.tags or [] if tag is not None] == ["customer"]
    gone = [UntagCompanyRequestCompaniesItem(id=company_id, company_id=external_id, untag=True)]
    sdk.tags.create(request=UntagCompanyRequest(name="customer", companies=gone))
    tags = sdk.companies.find(company_id).tags
    assert tags is not None
    assert tags.tags == []


# Data


def test_data_attributes(sdk: Intercom) -> None:
    made = sdk.data_attributes.create(
        name="Plan tier", model="contact", data_type="string", description="What they pay", options=["gold", "silver"]
    )
    assert (made.full_name, made.options, made.description) == (
        "custom_attributes.Plan tier",
        ["gold", "silver"],
        "What they pay",
    )
    user = _user(sdk, "u-1", custom_attributes={"Plan tier": "gold"})
    assert user.custom_attributes == {"Plan tier": "gold"}
    options = [UpdateDataAttributeRequestOptionsItem(value=value) for value in ("gold", "bronze")]
    changed = sdk.data_attributes.update(str(made.id), options=options, description="Tier")
    assert (changed.options, changed.description) == (["gold", "bronze"], "Tier")
    names = [each.name for each in sdk.data_attributes.list(model="contact").data]
    assert {"email", "Plan tier"} <= set(names)
    sdk.data_attributes.update(str(made.id), archived=True)
    assert "Plan tier" not in [each.name for each in sdk.data_attributes.list(model="contact").data]
    archived = sdk.data_attributes.list(model="contact", include_archived=True).data
    assert [each.archived for each in archived if each.name == "Plan tier"] == [True]


def test_events(sdk: Intercom) -> None:
    user = _user(sdk, "u-1", email="grace@example.com")
    now = int(time.time())
    for request in (
        CreateDataEventRequestWithId(id=user.id, event_name="ordered", created_at=now - 30, metadata={"size": "big"}),
        CreateDataEventRequestWithUserId(user_id="u-1", event_name="ordered", created_at=now - 20),
        CreateDataEventRequestWithEmail(email="grace@example.com", event_name="paid", created_at=now - 10),
    ):
        sdk.events.create(request=request)
    listed = sdk.events.list(type="user", intercom_user_id=user.id).dict()
    assert [event["event_name"] for event in listed["events"]] == ["paid", "ordered", "ordered"]
    assert listed["events"][-1]["metadata"] == {"size": "big"}
    summary = sdk.events.list(type="user", user_id="u-1", summary=True)
    assert (summary.type, summary.intercom_user_id) == ("event.summary", user.id)
    assert {event.name: event.count for event in summary.events} == {"ordered": 2, "paid": 1}


def test_event_summaries(sdk: Intercom) -> None:
    _user(sdk, "u-1")
    sdk.events.summaries(
        user_id="u-1",
        event_summaries=CreateDataEventSummariesRequestEventSummaries(
            event_name="imported", count=12, first=1_600_000_000, last=1_600_000_900
        ),
    )
    summary = sdk.events.list(type="user", user_id="u-1", summary=True)
    assert [(event.name, event.count) for event in summary.events] == [("imported", 12)]
    assert summary.events[0].first.startswith("2020-09-13T12:26:40")


# Visitors


def test_visitors_are_read_and_changed(sdk: Intercom, world: World) -> None:
    made = world.visitor()
    found = sdk.visitors.find(user_id=made["user_id"])
    assert found is not None
    assert (found.id, found.anonymous) == (made["id"], True)
    named = sdk.visitors.update(request=UpdateVisitorRequestWithId(id=made["id"], name="Grace"))
    assert named is not None
    assert named.name == "Grace"
    renamed = sdk.visitors.update(request=UpdateVisitorRequestWithUserId(user_id=made["user_id"], name="Ada"))
    assert renamed is not None
    assert renamed.name == "Ada"


def test_visitors_become_contacts(sdk: Intercom, world: World) -> None:
    first, second = world.visitor(), world.visitor()
    converted = sdk.visitors.merge_to_contact(
        type="user",
        user=UserWithUserId(user_id="u-1", email="grace@example.com"),
        visitor=VisitorWithUserId(user_id=first["user_id"]),
    )
    assert (converted.role, converted.external_id, converted.email) == ("user", "u-1", "grace@example.com")
    merged = sdk.visitors.merge_to_contact(
        type="user", user=UserWithId(id=converted.id), visitor=VisitorWithId(id=second["id"])
    )
    assert merged.id == converted.id
    with pytest.raises(NotFoundError):
        sdk.visitors.find(user_id=first["user_id"])


# The asynchronous client


async def test_the_asynchronous_pagers_end(workspace: TestWorkspace, server_url: str) -> None:
    async with httpx.AsyncClient(timeout=30) as transport:
        sdk = AsyncIntercom(base_url=server_url, token=workspace.token, httpx_client=transport)
        requests = [CreateContactRequestWithExternalId(external_id=f"u-{number}") for number in range(5)]
        made = {contact.id for contact in await asyncio.gather(*(sdk.contacts.create(request=r) for r in requests))}
        listed = [contact.id async for contact in await sdk.contacts.list(per_page=2)]
        assert (len(listed), set(listed)) == (5, made)
        query = SingleFilterSearchRequest(field="role", operator="=", value="user")
        paging = StartingAfterPaging(per_page=2)
        page = await sdk.contacts.search(query=query, pagination=paging)
        found = list(page.items or [])
        while cursor := _cursor_of(page.response):
            paging = StartingAfterPaging(per_page=2, starting_after=cursor)
            page = await sdk.contacts.search(query=query, pagination=paging)
            found += page.items or []
        assert (len(found), {contact.id for contact in found}) == (5, made)


async def test_the_asynchronous_client_pages_companies_and_notes(workspace: TestWorkspace, server_url: str) -> None:
    async with httpx.AsyncClient(timeout=30) as transport:
        sdk = AsyncIntercom(base_url=server_url, token=workspace.token, httpx_client=transport)
        user = await sdk.contacts.create(request=CreateContactRequestWithEmail(email="grace@example.com"))
        for number in range(3):
            company = await sdk.companies.create_or_update(company_id=f"c-{number}", name=f"C {number}")
            await sdk.companies.attach_contact(user.id, company_id=company.id)
            await sdk.notes.create(user.id, body=f"Note {number}")
        assert len([company.id async for company in await sdk.companies.list(per_page=2)]) == 3
        assert len([company.id async for company in await sdk.companies.scroll()]) == 3
        assert len([c.id async for c in await sdk.contacts.list_attached_companies(user.id, per_page=2)]) == 3
        assert len([note.id async for note in await sdk.notes.list(user.id, per_page=2)]) == 3


# Credentials and versions, as this and other SDKs send them


def test_a_wrong_token_is_the_sdks_unauthorized_error(server_url: str) -> None:
    with httpx.Client() as transport, pytest.raises(UnauthorizedError) as refused:
        Intercom(base_url=server_url, token="wrong", httpx_client=transport).admins.list()
    assert refused.value.status_code == 401


def test_a_token_may_come_as_the_user_name_of_basic_authentication(server_url: str, workspace: TestWorkspace) -> None:
    answer = httpx.get(f"{server_url}/me", auth=(workspace.token, ""))
    assert answer.status_code == 200
    assert answer.json()["app"]["id_code"] == workspace.id
    assert httpx.get(f"{server_url}/me", auth=("wrong", "")).status_code == 401


@pytest.mark.parametrize("version", ["1.0", "2.0", "2.11", "2.12", "2.14", "Preview", "Unstable"])
def test_a_known_version_is_served_as_211(api: httpx.Client, version: str) -> None:
    answer = api.get("/me", headers={"Intercom-Version": version})
    assert (answer.status_code, answer.headers["intercom-version"]) == (200, "2.11")


def test_an_unknown_version_is_refused(api: httpx.Client) -> None:
    answer = api.get("/me", headers={"Intercom-Version": "9.9"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "intercom_version_invalid"


def test_the_accept_header_of_the_ruby_sdk_is_understood(api: httpx.Client) -> None:
    assert api.get("/me", headers={"Accept": "application/vnd.intercom.3+json"}).status_code == 200
