"""The official Python SDK through every method about conversations."""

import pytest
from intercom import Intercom, SingleFilterSearchRequest
from intercom.conversations.types.attach_contact_to_conversation_request_customer_intercom_user_id import (
    AttachContactToConversationRequestCustomerIntercomUserId,
)
from intercom.conversations.types.conversation import Conversation
from intercom.conversations.types.conversations_manage_request_body import (
    ConversationsManageRequestBody_Assignment,
    ConversationsManageRequestBody_Close,
    ConversationsManageRequestBody_Open,
    ConversationsManageRequestBody_Snoozed,
)
from intercom.conversations.types.create_conversation_request_from import CreateConversationRequestFrom
from intercom.core.http_response import BaseHttpResponse
from intercom.errors.not_found_error import NotFoundError
from intercom.errors.unprocessable_entity_error import UnprocessableEntityError
from intercom.types.admin_reply_conversation_request import AdminReplyConversationRequest
from intercom.types.contact_reply_email_request import ContactReplyEmailRequest
from intercom.types.contact_reply_intercom_user_id_request import ContactReplyIntercomUserIdRequest
from intercom.types.redact_conversation_request import (
    RedactConversationRequest_ConversationPart,
    RedactConversationRequest_Source,
)
from intercom.types.starting_after_paging import StartingAfterPaging

from tests.contract.world import World


def _begin(sdk: Intercom, contact_id: str, body: str = "Hello there") -> Conversation:
    message = sdk.conversations.create(from_=CreateConversationRequestFrom(type="user", id=contact_id), body=body)
    assert (message.type, message.body, message.message_type) == ("user_message", body, "inapp")
    return sdk.conversations.find(str(message.conversation_id))


def _cursor_of(page: BaseHttpResponse | None) -> str | None:
    """Where the following page begins, which the SDK's pages keep to themselves."""
    assert page is not None
    following = page._response.json()["pages"].get("next") or {}
    cursor: str | None = following.get("starting_after")
    return cursor


def _parts(conversation: Conversation) -> list[tuple[str | None, str | None]]:
    assert conversation.conversation_parts is not None
    return [(part.part_type, part.body) for part in conversation.conversation_parts.conversation_parts]


def test_a_conversation_is_begun_read_and_answered(sdk: Intercom, world: World) -> None:
    user, me = world.user(), world.admin_id()
    made = _begin(sdk, user["id"])
    sdk.conversations.reply(
        made.id,
        request=ContactReplyIntercomUserIdRequest(
            message_type="comment", type="user", intercom_user_id=user["id"], body="Thanks again :)"
        ),
    )
    sdk.conversations.reply(
        "last",
        request=ContactReplyEmailRequest(message_type="comment", type="user", email=user["email"], body="Still there?"),
    )
    answered = sdk.conversations.reply(
        made.id,
        request=AdminReplyConversationRequest(message_type="comment", type="admin", admin_id=me, body="I look"),
    )
    assert [body for _, body in _parts(answered)] == [
        "<p>Thanks again :)</p>",
        "<p>Still there?</p>",
        "<p>I look</p>",
    ]
    assert answered.statistics is not None
    assert answered.statistics.count_conversation_parts == 4
    plain = sdk.conversations.find(made.id, display_as="plaintext")
    assert [body for _, body in _parts(plain)] == ["Thanks again :)", "Still there?", "I look"]
    with pytest.raises(NotFoundError):
        sdk.conversations.find("123")


def test_a_conversation_is_managed(sdk: Intercom, world: World) -> None:
    me, made = world.admin_id(), _begin(sdk, world.user()["id"])
    manage = sdk.conversations.manage
    snoozed = manage(made.id, request=ConversationsManageRequestBody_Snoozed(admin_id=me, snoozed_until=4_000_000_000))
    assert (snoozed.state, snoozed.open, snoozed.snoozed_until) == ("snoozed", True, 4_000_000_000)
    assert manage(made.id, request=ConversationsManageRequestBody_Open(admin_id=me)).state == "open"
    assignment = ConversationsManageRequestBody_Assignment(type="admin", admin_id=me, assignee_id=me)
    assert manage(made.id, request=assignment).admin_assignee_id == int(me)
    close = ConversationsManageRequestBody_Close(type="admin", admin_id=me, body="Goodbye :)")
    closed = manage(made.id, request=close)
    assert (closed.state, _parts(closed)[-1]) == ("closed", ("close", "<p>Goodbye :)</p>"))
    ruled = sdk.conversations.run_assignment_rules(made.id)
    assert _parts(ruled)[-1] == ("default_assignment", None)


def test_a_conversation_is_changed_and_tagged(sdk: Intercom, world: World) -> None:
    me, made = world.admin_id(), _begin(sdk, world.user()["id"])
    world.post("/manage/v1/data_attributes", {"name": "issue_type", "model": "conversation", "data_type": "string"})
    changed = sdk.conversations.update(made.id, read=True, custom_attributes={"issue_type": "Billing"})
    assert (changed.read, changed.custom_attributes) == (True, {"issue_type": "Billing"})
    tag = world.tag()
    assert sdk.tags.tag_conversation(made.id, tag_id=tag["id"], admin_id=me).name == tag["name"]
    assert sdk.tags.untag_conversation(made.id, tag["id"], admin_id=me).id == tag["id"]
    part = sdk.conversations.reply(
        made.id,
        request=AdminReplyConversationRequest(message_type="note", type="admin", admin_id=me, body="Look"),
    ).conversation_parts
    assert part is not None
    part_id = part.conversation_parts[-1].id
    redact = sdk.conversations.redact_conversation_part
    redacted = redact(
        request=RedactConversationRequest_ConversationPart(conversation_id=made.id, conversation_part_id=part_id)
    )
    assert _parts(redacted)[-1][1] == "<p><i>This message was deleted</i></p>"
    assert made.source is not None
    source = redact(request=RedactConversationRequest_Source(conversation_id=made.id, source_id=made.source.id))
    assert source.source is not None
    assert source.source.redacted


def test_contacts_join_and_leave(sdk: Intercom, world: World) -> None:
    me, user, made = world.admin_id(), world.user(), _begin(sdk, world.user()["id"])
    joined = sdk.conversations.attach_contact_as_admin(
        made.id,
        admin_id=me,
        customer=AttachContactToConversationRequestCustomerIntercomUserId(intercom_user_id=user["id"]),
    )
    assert joined.contacts is not None
    assert [each.id for each in joined.contacts.contacts][-1] == user["id"]
    sdk.conversations.detach_contact_as_admin(made.id, user["id"], admin_id=me)
    [last] = [each.id for each in joined.contacts.contacts][:-1]
    with pytest.raises(UnprocessableEntityError):
        sdk.conversations.detach_contact_as_admin(made.id, str(last), admin_id=me)


def test_the_pager_of_a_list_ends(sdk: Intercom, world: World) -> None:
    user = world.user()
    made = {_begin(sdk, user["id"]).id for _ in range(5)}
    assert {each.id for each in sdk.conversations.list(per_page=2)} == made


def test_the_pages_of_a_search_are_found_by_their_cursors(sdk: Intercom, world: World) -> None:
    """The SDK's own pager asks for the first page for ever: it repeats the pagination that it was given."""
    user = world.user()
    made = {_begin(sdk, user["id"]).id for _ in range(5)}
    query = SingleFilterSearchRequest(field="created_at", operator=">", value="1306054154")
    page = sdk.conversations.search(query=query, pagination=StartingAfterPaging(per_page=2))
    found = [each.id for each in page.items or []]
    while cursor := _cursor_of(page.response):
        paging = StartingAfterPaging(per_page=2, starting_after=cursor)
        page = sdk.conversations.search(query=query, pagination=paging)
        found += [each.id for each in page.items or []]
    assert set(found) == made
    assert len(found) == 5
