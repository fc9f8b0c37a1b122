"""Articles: what is written of them, in which languages, where they are, and what is counted."""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import pytest

from callbox.knowledge.addresses import slug_of
from callbox.knowledge.locales import LOCALES
from tests.contract.world import World
from tests.knowledge.conftest import only_error

Json = dict[str, Any]


def test_a_new_article_is_a_draft_that_stands_alone(world: World, me: int) -> None:
    made = world.post("/articles", {"title": "Thanks", "author_id": me})
    assert (made["state"], made["url"], made["body"], made["description"]) == ("draft", None, "", "")
    assert (made["parent_id"], made["parent_ids"], made["parent_type"]) == (None, [], None)
    assert (made["default_locale"], made["translated_content"]) == ("en", None)
    assert world.call("GET", f"/articles/{made['id']}") == made


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ({"author_id": 1}, "title is a required parameter."),
        ({"title": "x"}, "author_id must be in the main body or default locale translated_content object"),
        ({"title": "x", "translated_content": {"fr": {"title": "y", "author_id": 1}}}, "author_id must be in the main"),
    ],
)
def test_title_and_author_are_required(world: World, me: int, missing: Json, message: str) -> None:
    body: Json = {key: me if key == "author_id" else value for key, value in missing.items()}
    for translation in body.get("translated_content", {}).values():
        translation["author_id"] = me
    code, told = only_error(world.api.post("/articles", json=body))
    assert code == "parameter_not_found"
    assert told.startswith(message)


def test_title_and_author_may_be_the_default_languages(world: World, me: int) -> None:
    sent = {"en": {"title": "Thanks", "author_id": me, "state": "published"}}
    made = world.post("/articles", {"translated_content": sent, "description": "In general"})
    assert (made["title"], made["state"], made["description"]) == ("Thanks", "published", "In general")
    both = world.post("/articles", {"title": "Top", "translated_content": sent})
    assert (both["title"], both["author_id"]) == ("Top", me)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"author_id": 987654321}, "author_id"),
        ({"author_id": "me"}, "author_id"),
        ({"parent_id": 987654321}, "parent_id"),
        ({"parent_type": "shelf"}, "parent_type"),
        ({"state": "live"}, "state"),
        ({"title": " "}, "title"),
        ({"translated_content": {"xx": {"title": "x"}}}, "xx"),
        ({"translated_content": {"de": "Danke"}}, "translated_content.de"),
        ({"translated_content": {"de": {"body": "Danke"}}}, "translated_content.de.title"),
        ({"translated_content": {"de": {"title": "x", "author_id": 987654321}}}, "translated_content.de.author_id"),
        ({"translated_content": {"en": None}}, "translated_content.en"),
        ({"body": '<iframe src="https://evil.example"></iframe>'}, "body"),
        ({"translated_content": {"de": {"title": "x", "body": "<img src='a.png'>"}}}, "translated_content.de.body"),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_changes_nothing(world: World, change: Json, named: str) -> None:
    made = world.article()
    for answer in (
        world.api.put(f"/articles/{made['id']}", json={"description": "changed", **change}),
        world.api.post("/articles", json={"title": "New", "author_id": world.admin_id(), **change}),
    ):
        _, message = only_error(answer)
        assert named in message
    assert world.call("GET", "/articles")["data"] == [{key: made[key] for key in made if key != "statistics"}]


def test_what_is_not_sent_stays(world: World, me: int) -> None:
    parent = world.collection()["id"]
    made = world.article(body="<p>a</p>", description="b", state="published", parent_id=parent)
    changed = world.call("PUT", f"/articles/{made['id']}", json={"title": "Christmas is here!"})
    assert changed == {
        **made,
        "title": "Christmas is here!",
        "url": changed["url"],
        "updated_at": changed["updated_at"],
    }
    assert changed["url"].endswith(f"/en/articles/{made['id']}-christmas-is-here")


def test_parents_are_put_in_moved_and_taken_out(world: World) -> None:
    first, second = world.collection(), world.collection()
    made = world.article(parent_id=int(first["id"]), parent_type="section")
    assert (made["parent_id"], made["parent_ids"], made["parent_type"]) == (
        int(first["id"]),
        [int(first["id"])],
        "collection",
    )
    path = f"/articles/{made['id']}"
    assert world.call("PUT", path, json={"parent_id": second["id"]})["parent_id"] == int(second["id"])
    for nothing in (None, ""):
        world.call("PUT", path, json={"parent_id": second["id"]})
        assert world.call("PUT", path, json={"parent_id": nothing})["parent_id"] is None


def test_languages_are_shown_where_the_help_center_has_several(world: World, me: int) -> None:
    sent = {"fr": {"title": "Merci", "body": "Salut", "state": "published"}, "ja": {"title": "感謝"}}
    made = world.article(translated_content=sent)
    assert made["translated_content"] is None
    world.speak("en", "fr")
    shown = world.call("GET", f"/articles/{made['id']}")
    contents = shown["translated_content"]
    assert set(contents) == {"type", "en", "fr"}, "Japanese is kept, and not turned on"
    french = contents["fr"]
    assert (french["type"], french["author_id"], french["state"]) == ("article_content", me, "published")
    assert french["body"] == '<p class="no-margin">Salut</p>'
    assert french["url"].endswith(f"/fr/articles/{made['id']}-merci")
    assert contents["en"]["title"] == made["title"]
    [listed] = world.call("GET", "/articles")["data"]
    assert listed["translated_content"] == contents


def test_translations_are_merged_field_by_field_and_taken_away(world: World) -> None:
    world.speak("en", "de", "fr")
    sent = {"de": {"title": "Danke", "body": "Hallo", "state": "published"}, "fr": {"title": "Merci"}}
    made = world.article(translated_content=sent)
    path = f"/articles/{made['id']}"
    hidden = world.call("PUT", path, json={"translated_content": {"de": {"state": "draft"}, "fr": None}})
    german = hidden["translated_content"]["de"]
    assert (german["state"], german["title"], german["url"]) == ("draft", "Danke", None)
    assert "fr" not in hidden["translated_content"]
    assert hidden["translated_content"]["en"]["updated_at"] == made["translated_content"]["en"]["updated_at"]
    # What was read can be sent back, its type and times too.
    again = world.call("PUT", path, json={"translated_content": hidden["translated_content"]})
    assert again["translated_content"]["de"]["title"] == "Danke"


def test_another_default_language_becomes_that_of_articles_told_in_it(world: World) -> None:
    told = world.article(translated_content={"de": {"title": "Danke"}})
    untold = world.article(title="Only English")
    world.speak("de", "en")
    assert world.call("GET", f"/articles/{told['id']}")["title"] == "Danke"
    kept = world.call("GET", f"/articles/{untold['id']}")
    assert (kept["title"], kept["default_locale"]) == ("Only English", "en")
    assert world.article(title="Neu")["default_locale"] == "de"


def test_every_locale_of_the_reference_can_be_written(world: World) -> None:
    translations = {locale: {"title": f"Title {locale}"} for locale in [*LOCALES, "de-form"] if locale != "en"}
    made = world.article(translated_content=translations)
    world.speak("en", *sorted(LOCALES - {"en"}))
    shown = world.call("GET", f"/articles/{made['id']}")["translated_content"]
    assert set(shown) == {"type", *LOCALES}
    assert shown["zh-TW"]["title"] == "Title zh-TW"


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Christmas is here!", "christmas-is-here"),
        ("Don't  panic -- it's fine", "dont-panic-its-fine"),
        ("근무표 만들기", "근무표-만들기"),
        ("???", ""),
        ("word " * 40, "-".join(["word"] * 16)),
        ("x" * 100, "x" * 80),
    ],
)
def test_slugs(title: str, slug: str) -> None:
    assert slug_of(title) == slug


def test_addresses_are_those_of_the_help_center(world: World) -> None:
    center = world.help_center_id()
    made = world.article(title="시작", state="published")
    url = urlsplit(made["url"])
    identifier = world.call("GET", f"/help_center/help_centers/{center}")["identifier"]
    assert unquote(url.path) == f"/{identifier}/en/articles/{made['id']}-시작"
    assert made["url"].isascii()
    domain = f"help.{identifier}.example"
    world.call("PUT", f"/manage/v1/help_centers/{center}", json={"custom_domain": domain})
    assert world.call("GET", f"/articles/{made['id']}")["url"].startswith(f"https://{domain}/en/articles/")


def test_lists_are_by_latest_change_in_pages_whose_links_lead_on(world: World) -> None:
    made = [world.article()["id"] for _ in range(5)]
    world.call("PUT", "/manage/v1/clock", json={"now": 4_000_000_000})
    world.call("PUT", f"/articles/{made[3]}", json={})
    page = world.call("GET", "/articles", params={"per_page": 2})
    seen = []
    while True:
        seen += [each["id"] for each in page["data"]]
        assert (page["total_count"], page["pages"]["total_pages"]) == (5, 3)
        assert "statistics" not in page["data"][0]
        if "next" not in page["pages"]:
            break
        assert page["pages"]["next"].startswith(str(world.api.base_url).rstrip("/"))
        assert parse_qs(urlsplit(page["pages"]["next"]).query)["per_page"] == ["2"]
        page = world.call("GET", page["pages"]["next"])
    assert seen == [made[3], made[4], made[2], made[1], made[0]]
    beyond = world.call("GET", "/articles", params={"page": 99})
    assert (beyond["data"], beyond["total_count"]) == ([], 5)


def test_an_empty_list_has_one_page(api: httpx.Client) -> None:
    assert api.get("/articles").json() == {
        "type": "list",
        "pages": {"type": "pages", "page": 1, "per_page": 25, "total_pages": 1},
        "total_count": 0,
        "data": [],
    }


@pytest.mark.parametrize("article_id", ["0", "123456789", "abc", "1.5", "9" * 30])
def test_unknown_articles_are_not_found(api: httpx.Client, article_id: str) -> None:
    path = f"/articles/{article_id}"
    for answer in (api.get(path), api.put(path, json={"title": "x"}), api.delete(path)):
        assert only_error(answer, 404) == ("not_found", "Resource Not Found")
    for what, body in (("views", {}), ("reactions", {"person_id": "a", "reaction": "sad"})):
        assert only_error(api.post(f"/manage/v1{path}/{what}", json=body), 404)[0] == "not_found"


def test_a_deleted_article_is_gone_with_what_was_counted(world: World) -> None:
    made = world.article(title="Gone soon", translated_content={"de": {"title": "Bald weg"}})
    path = f"/articles/{made['id']}"
    world.post(f"/manage/v1{path}/reactions", {"person_id": "a", "reaction": "sad"})
    assert world.call("DELETE", path) == {"id": made["id"], "object": "article", "deleted": True}
    assert world.api.delete(path).status_code == 404
    assert world.call("GET", "/articles/search", params={"phrase": "weg"})["total_count"] == 0


def test_reactions_are_one_for_each_person_and_the_last_one_counts(world: World) -> None:
    path = f"/manage/v1/articles/{world.article()['id']}"
    reactions = ["happy"] * 3 + ["neutral"] * 3 + ["sad"] * 2
    for number, reaction in enumerate(reactions):
        for first in ("sad", reaction):
            counted = world.post(f"{path}/reactions", {"person_id": f"person {number}", "reaction": first})
    percentages = [counted[f"{name}_reaction_percentage"] for name in ("happy", "neutral", "sad")]
    assert (counted["reactions"], percentages) == (8, [38, 38, 25]), "each is rounded by itself"


def test_views_and_conversations_are_counted(world: World) -> None:
    made = world.article()
    path = f"/manage/v1/articles/{made['id']}"
    for _ in range(3):
        world.call("POST", f"{path}/views")
    message = {"from": {"type": "user", "id": world.user()["id"]}, "body": "Hello"}
    begun = world.post("/conversations", message)["conversation_id"]
    for _ in range(2):
        world.post(f"{path}/conversations", {"conversation_id": begun})
    unknown = world.api.post(f"{path}/conversations", json={"conversation_id": "987654321"})
    assert "conversation_id" in only_error(unknown)[1]
    statistics = world.call("GET", f"/articles/{made['id']}")["statistics"]
    assert (statistics["views"], statistics["conversations"], statistics["conversions"]) == (3, 1, 1)
    assert world.call("GET", f"/articles/{made['id']}")["updated_at"] == made["updated_at"], "readers change nothing"


def test_an_author_who_left_stays_the_author(world: World) -> None:
    author = world.post("/manage/v1/admins", {"name": "Ana", "email": "ana@example.com"})
    made = world.article(author_id=int(author["id"]))
    world.call("DELETE", f"/manage/v1/admins/{author['id']}")
    again = {"title": "After", "author_id": made["author_id"]}
    assert world.call("PUT", f"/articles/{made['id']}", json=again)["author_id"] == int(author["id"])
    refusal = world.api.put(f"/articles/{world.article()['id']}", json={"author_id": author["id"]})
    assert "author_id" in only_error(refusal)[1]
