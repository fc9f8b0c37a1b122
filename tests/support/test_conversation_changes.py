"""Tags on conversations, and taking back what was said."""

import pytest

from tests.support.conversations import Desk, Json, error_of, last_part, part_types, parts_of

CONVERSATION_NOT_FOUND = (404, "not_found", "Conversation not found")
TAG_NOT_FOUND = (404, "tag_not_found", "Tag not found")
PART_NOT_FOUND = (404, "conversation_part_or_message_not_found", "Conversation part or message not found")
NOT_REDACTABLE = (400, "conversation_part_not_redactable", "Part can't be redacted")
DELETED = "<p><i>This message was deleted</i></p>"


# Tags


def test_a_tag_is_put_on_and_taken_off(desk: Desk) -> None:
    conversation, tag = desk.start(), desk.tag()
    path = f"/conversations/{conversation['id']}/tags"
    applied = desk.post(path, {"id": tag["id"], "admin_id": desk.me})
    assert applied == {
        **tag,
        "applied_at": applied["applied_at"],
        "applied_by": {"type": "admin", "id": desk.me},
    }
    tagged = desk.get(conversation["id"])
    assert tagged["tags"] == {"type": "tag.list", "tags": [applied]}
    part = last_part(tagged)
    assert (part["part_type"], part["body"], part["author"]["id"]) == ("conversation_tags_updated", None, desk.me)
    assert desk.call("DELETE", f"{path}/{tag['id']}", json={"admin_id": desk.me}) == applied
    untagged = desk.get(conversation["id"])
    assert (untagged["tags"]["tags"], part_types(untagged)) == ([], ["conversation_tags_updated"] * 2)


def test_a_tag_is_put_on_once(desk: Desk) -> None:
    conversation, tag, other = desk.start(), desk.tag(), desk.admin()
    path = f"/conversations/{conversation['id']}/tags"
    first = desk.post(path, {"id": tag["id"], "admin_id": desk.me})
    assert desk.post(path, {"id": int(tag["id"]), "admin_id": other}) == first
    assert part_types(desk.get(conversation["id"])) == ["conversation_tags_updated"]


def test_tags_go_from_conversations_when_they_are_deleted(desk: Desk) -> None:
    conversation, tag, stays = desk.start(), desk.tag(), desk.tag()
    for each in (tag, stays):
        desk.post(f"/conversations/{conversation['id']}/tags", {"id": each["id"], "admin_id": desk.me})
    assert desk.api.delete(f"/tags/{tag['id']}").status_code == 200
    assert [each["id"] for each in desk.get(conversation["id"])["tags"]["tags"]] == [stays["id"]]
    assert desk.found("tag_ids", "=", tag["id"]) == set()


def test_tagging_what_is_not_there_is_refused(desk: Desk) -> None:
    conversation, tag = desk.start(), desk.tag()
    path = f"/conversations/{conversation['id']}/tags"
    sent = {"id": tag["id"], "admin_id": desk.me}
    for url, body, refusal in (
        ("/conversations/999999999/tags", sent, CONVERSATION_NOT_FOUND),
        ("/conversations/x/tags", sent, CONVERSATION_NOT_FOUND),
        (path, {**sent, "id": "999999999"}, TAG_NOT_FOUND),
        (path, {**sent, "id": "x"}, TAG_NOT_FOUND),
        (path, {**sent, "admin_id": "999999999"}, (404, "not_found", "Resource Not Found")),
        (path, {"id": tag["id"]}, (400, "parameter_not_found", "admin_id is a required parameter")),
        (path, {"admin_id": desk.me}, (400, "parameter_not_found", "id is a required parameter")),
    ):
        assert error_of(desk.api.post(url, json=body)) == refusal
    assert desk.get(conversation["id"]) == conversation


def test_untagging_what_is_not_there_is_refused(desk: Desk) -> None:
    conversation, tag = desk.start(), desk.tag()
    path = f"/conversations/{conversation['id']}/tags"
    by = {"admin_id": desk.me}
    for url, body, refusal in (
        (f"/conversations/999999999/tags/{tag['id']}", by, CONVERSATION_NOT_FOUND),
        (f"{path}/{tag['id']}", by, TAG_NOT_FOUND),
        (f"{path}/999999999", by, TAG_NOT_FOUND),
        (f"{path}/{tag['id']}", {}, (400, "parameter_not_found", "admin_id is a required parameter")),
    ):
        assert error_of(desk.api.request("DELETE", url, json=body)) == refusal


# Redacting


def redaction(conversation: Json, **values: object) -> Json:
    return {"type": "conversation_part", "conversation_id": conversation["id"], **values}


def test_a_part_loses_its_text_but_not_its_place(desk: Desk) -> None:
    conversation = desk.start()
    desk.answer(conversation)
    written = desk.write(conversation, body="My password is swordfish", attachment_files=[PICTURE])
    part = last_part(written)
    assert part["attachments"]
    desk.close(conversation)
    answer = desk.post("/conversations/redact", redaction(conversation, conversation_part_id=part["id"]))
    redacted = parts_of(answer)[1]
    assert redacted == {
        **part,
        "body": DELETED,
        "attachments": [],
        "redacted": True,
        "updated_at": redacted["updated_at"],
    }
    assert redacted["updated_at"] >= part["updated_at"]
    assert (answer["state"], answer["updated_at"]) == ("closed", max(answer["updated_at"], redacted["updated_at"]))
    assert part_types(answer) == ["comment", "comment", "close"]
    assert answer == desk.get(conversation["id"])
    assert "swordfish" not in str(answer)


PICTURE = {
    "name": "a.gif",
    "content_type": "image/gif",
    "data": "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
}


def test_the_first_message_loses_its_text_and_is_found_by_it_no_more(desk: Desk) -> None:
    conversation = desk.start(body="My password is swordfish")
    assert desk.found("source.body", "=", "swordfish") == {conversation["id"]}
    sent = {"type": "source", "conversation_id": conversation["id"], "source_id": conversation["source"]["id"]}
    answer = desk.post("/conversations/redact", sent)
    assert answer["source"] == {**conversation["source"], "body": DELETED, "redacted": True}
    assert desk.found("source.body", "=", "swordfish") == set()
    assert error_of(desk.api.post("/conversations/redact", json=sent)) == NOT_REDACTABLE


@pytest.mark.parametrize("kind", ["note", "comment"])
def test_what_admins_said_can_be_taken_back_too_and_once(desk: Desk, kind: str) -> None:
    conversation = desk.start()
    part = last_part(desk.answer(conversation, kind=kind))
    sent = redaction(conversation, conversation_part_id=part["id"])
    assert last_part(desk.post("/conversations/redact", sent))["redacted"]
    assert error_of(desk.api.post("/conversations/redact", json=sent)) == NOT_REDACTABLE


def test_a_part_without_text_cannot_be_redacted(desk: Desk) -> None:
    conversation = desk.start()
    part = last_part(desk.close(conversation))
    sent = redaction(conversation, conversation_part_id=part["id"])
    assert error_of(desk.api.post("/conversations/redact", json=sent)) == NOT_REDACTABLE


def test_an_admins_message_that_began_a_conversation_cannot_be_redacted(desk: Desk) -> None:
    message = desk.post(
        "/messages",
        {
            "message_type": "inapp",
            "body": "Hello",
            "from": {"type": "admin", "id": desk.me},
            "to": {"type": "user", "id": desk.user()["id"]},
            "create_conversation_without_contact_reply": True,
        },
    )
    sent = {"type": "source", "conversation_id": message["conversation_id"], "source_id": message["id"]}
    assert error_of(desk.api.post("/conversations/redact", json=sent)) == NOT_REDACTABLE


def test_redacting_what_is_not_there_is_refused(desk: Desk) -> None:
    conversation, another = desk.start(), desk.start()
    part = last_part(desk.answer(another))
    type_error = (
        400,
        "type_mismatch",
        "The type attribute provided should be either 'conversation_part' or 'source'",
    )
    for sent, refusal in (
        (redaction(conversation, conversation_part_id=part["id"]), PART_NOT_FOUND),
        (redaction(conversation, conversation_part_id="x"), PART_NOT_FOUND),
        ({"type": "conversation_part", "conversation_id": "x", "conversation_part_id": "x"}, PART_NOT_FOUND),
        (
            {"type": "source", "conversation_id": conversation["id"], "source_id": another["source"]["id"]},
            PART_NOT_FOUND,
        ),
        (redaction(conversation, type="tag"), type_error),
        ({"conversation_id": conversation["id"]}, type_error),
        (redaction(conversation), (400, "parameter_not_found", "conversation_part_id is a required parameter")),
        (
            {"type": "conversation_part", "conversation_part_id": part["id"]},
            (400, "parameter_not_found", "conversation_id is a required parameter"),
        ),
        (
            {"type": "source", "conversation_id": conversation["id"]},
            (400, "parameter_not_found", "source_id is a required parameter"),
        ),
    ):
        assert error_of(desk.api.post("/conversations/redact", json=sent)) == refusal
    assert desk.get(conversation["id"]) == conversation
