"""Article search: every language, ranked, forgiving, with highlights, filters and pages."""

import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from callbox.knowledge.articles.words import folded, terms_of, words_of
from tests.conftest import RunningServer, new_workspace
from tests.contract.world import World
from tests.knowledge.conftest import only_error

Json = dict[str, Any]


def search(world: World, phrase: str, **query: Any) -> Json:
    found: Json = world.call("GET", "/articles/search", params={"phrase": phrase, **query})
    return found


def titles(found: Json) -> list[str]:
    return [each["title"] for each in found["data"]["articles"]]


@pytest.fixture(scope="module")
def library(server: RunningServer) -> Iterator[World]:
    """Articles about rosters in several languages, which the tests only read."""
    workspace = new_workspace(server)
    world = World(workspace.api)
    world.speak("en", "de", "fr", "ja", "ru")
    world.article(title="Publishing a roster", description="For the whole team", body="Press publish. It's re-usable.")
    world.article(title="Swapping shifts", description="Between colleagues", body="<p>The roster changes at once.</p>")
    world.article(title="Time off", description="How holidays are kept out of a roster", body="<p>Ask early.</p>")
    world.article(
        title="The café's keys",
        translated_content={
            "de": {"title": "Schlüssel", "body": "<p>Große Schlüssel hängen im Café.</p>", "state": "published"},
            "fr": {"title": "Les clés", "body": "<p>Les employés utilisent les clés</p>"},
            "ja": {"title": "勤務表の公開", "body": "<p>勤務表を公開する方法です。</p>"},
            "ru": {"title": "Новый график", "body": "<p>Ещё один график</p>"},
        },
    )
    yield world
    workspace.api.close()


@pytest.mark.parametrize(
    ("phrase", "first"),
    [
        ("publish", "Publishing a roster"),
        ("publish rosters", "Publishing a roster"),
        ("how do I publish a roster", "Publishing a roster"),
        ("publi", "Publishing a roster"),
        ("reusable", "Publishing a roster"),
        ("re-usable", "Publishing a roster"),
        ("colleague", "Swapping shifts"),
        ("CAFE", "The café's keys"),
        ("schlussel", "The café's keys"),
        ("grosse Schlüssel", "The café's keys"),
        ("utiliser", "The café's keys"),
        ("勤務表", "The café's keys"),
        ("公開", "The café's keys"),
        ("новая", "The café's keys"),
        ("еще", "The café's keys"),
        # Typing errors: a letter too few, one too many, another one, two exchanged; one word of several.
        ("pubish", "Publishing a roster"),
        ("colleaggue", "Swapping shifts"),
        ("holudays", "Time off"),
        ("shfits", "Swapping shifts"),
        ("swapping shitfs", "Swapping shifts"),
        ("publish unicorns", "Publishing a roster"),
    ],
)
def test_the_right_article_is_found(library: World, phrase: str, first: str) -> None:
    assert titles(search(library, phrase))[:1] == [first]


@pytest.mark.parametrize("phrase", ["zebra", "???", "' & | ! <-> :*", "\\", "%", "the zebra"])
def test_what_no_article_has_is_not_found(library: World, phrase: str) -> None:
    found = search(library, phrase)
    assert (found["total_count"], found["data"], found["pages"]["total_pages"]) == (
        0,
        {"articles": [], "highlights": []},
        1,
    )


def test_title_comes_before_description_and_description_before_body(library: World) -> None:
    assert titles(search(library, "roster")) == ["Publishing a roster", "Time off", "Swapping shifts"]


def test_more_of_it_comes_before_less_among_bodies(world: World) -> None:
    for title, body in (("often", "lamp " * 5), ("once", "lamp and a lot of other words"), ("never", "candle")):
        world.article(title=title, body=body)
    assert titles(search(world, "lamps")) == ["often", "once"]


def test_a_change_is_found_at_once_and_what_was_changed_is_not(world: World) -> None:
    made = world.article(title="Lamp", translated_content={"de": {"title": "Leuchte"}})
    world.call("PUT", f"/articles/{made['id']}", json={"title": "Candle", "translated_content": {"de": None}})
    assert [search(world, phrase)["total_count"] for phrase in ("lamp", "leuchte", "candle")] == [0, 0, 1]


def test_without_a_phrase_all_are_listed_latest_change_first(library: World) -> None:
    found = library.call("GET", "/articles/search")
    assert titles(found) == ["The café's keys", "Time off", "Swapping shifts", "Publishing a roster"]
    assert (found["total_count"], found["pages"]["per_page"], found["data"]["highlights"]) == (4, 10, [])
    listed = library.call("GET", "/articles")["data"]
    assert found["data"]["articles"] == listed


@pytest.mark.parametrize("phrase", ["lamp", ""])
def test_state_and_help_center_restrict(world: World, phrase: str) -> None:
    collection = world.collection()
    world.article(title="lamp draft")
    world.article(title="lamp published", state="published", parent_id=collection["id"])
    world.article(
        title="lamp half",
        translated_content={"de": {"title": "lamp halb", "state": "published"}},
        parent_id=collection["id"],
    )
    expected: dict[str, set[str]] = {
        "all": {"lamp draft", "lamp published", "lamp half"},
        "draft": {"lamp draft", "lamp half"},
        "published": {"lamp published"},
    }
    for state, found in expected.items():
        assert set(titles(search(world, phrase, state=state))) == found
    center = collection["help_center_id"]
    assert set(titles(search(world, phrase, help_center_id=center))) == {"lamp published", "lamp half"}
    for nowhere in (center + 1_000_000, "abc"):
        assert search(world, phrase, help_center_id=nowhere)["total_count"] == 0


def test_filters_follow_what_becomes_of_an_article(world: World) -> None:
    world.speak("en", "de")
    collection = world.collection()
    made = world.article(
        title="Lamp",
        state="published",
        parent_id=collection["id"],
        translated_content={"de": {"title": "Lamp auf Deutsch", "state": "draft"}},
    )

    def found_as() -> list[str]:
        filters = {
            "published": {"state": "published"},
            "draft": {"state": "draft"},
            "shown": {"help_center_id": collection["help_center_id"]},
        }
        return [name for name, query in filters.items() if search(world, "lamp", **query)["total_count"]]

    assert found_as() == ["published", "shown"]
    world.call("PUT", f"/articles/{made['id']}", json={"state": "draft"})
    assert found_as() == ["draft", "shown"]
    world.call("PUT", f"/articles/{made['id']}", json={"state": "published"})
    world.call("PUT", f"/manage/v1/help_centers/{collection['help_center_id']}", json={"default_locale": "de"})
    assert found_as() == ["draft", "shown"], "its new default language is a draft"
    world.call("DELETE", f"/help_center/collections/{collection['id']}")
    assert found_as() == ["draft"]
    world.call("DELETE", f"/articles/{made['id']}")
    assert search(world, "lamp")["total_count"] == 0


def test_beyond_the_newest_hundred_bodies_pages_go_on(world: World) -> None:
    ids = [int(world.article(title=f"Number {number}", body="a lamp")["id"]) for number in range(103)]
    last = search(world, "lamp", per_page=50, page=3)
    assert (last["total_count"], [int(each["id"]) for each in last["data"]["articles"]]) == (103, ids[2::-1])


def test_a_translation_that_is_a_draft_is_not_found_among_what_is_published(world: World) -> None:
    world.article(title="Lamp", state="published", translated_content={"de": {"title": "Leuchte"}})
    assert search(world, "leuchte", state="published")["total_count"] == 0
    assert search(world, "leuchte")["total_count"] == 1


@pytest.mark.parametrize("query", [{"state": "live"}, {"highlight": "maybe"}, {"per_page": "0"}, {"page": "x"}])
def test_bad_parameters_are_refused_by_name(api: httpx.Client, query: Json) -> None:
    assert next(iter(query)) in only_error(api.get("/articles/search", params={"phrase": "x", **query}))[1]


def test_highlights_are_asked_for_as_programs_write_what_is_true(world: World) -> None:
    world.article(title="Lamp")
    for said, marked in (("true", 1), ("True", 1), ("1", 1), ("false", 0), ("False", 0)):
        assert len(search(world, "lamp", highlight=said)["data"]["highlights"]) == marked


def test_a_text_without_spaces_as_long_as_can_be_is_found_by_its_beginning(world: World) -> None:
    """No pair of characters comes twice, so that each takes its room in the index."""
    draw = random.Random(1)
    body, description = ("".join(chr(draw.randint(0x4E00, 0x9FFF)) for _ in range(size)) for size in (120_000, 10_000))
    made = world.article(title="Long", body=body, description=description)
    assert [each["id"] for each in search(world, body[:8])["data"]["articles"]] == [made["id"]]


def test_pages_hold_every_article_once_and_their_links_repeat_the_question(world: World) -> None:
    made = {world.article(title=f"Lamp {number}", body="a lamp")["id"] for number in range(4)}
    made |= {world.article(title=f"Other {number}", body="one lamp")["id"] for number in range(3)}
    page = search(world, "lamp", per_page=2, state="draft", highlight="true")
    seen: list[str] = []
    while True:
        seen += [each["id"] for each in page["data"]["articles"]]
        assert [each["article_id"] for each in page["data"]["highlights"]] == [
            each["id"] for each in page["data"]["articles"]
        ]
        if "next" not in page["pages"]:
            break
        asked = parse_qs(urlsplit(page["pages"]["next"]).query)
        assert (asked["phrase"], asked["state"], asked["highlight"]) == (["lamp"], ["draft"], ["true"])
        page = world.call("GET", page["pages"]["next"])
    assert (len(seen), set(seen)) == (7, made)
    assert search(world, "lamp", page=99)["data"]["articles"] == []
    assert search(world, "lamp", page=99)["total_count"] == 7


def _written(pieces: list[Json]) -> str:
    return "".join(f"[{each['text']}]" if each["type"] == "highlight" else each["text"] for each in pieces)


def test_highlights_mark_every_form_of_the_words(world: World) -> None:
    world.article(
        title="Publishing & sharing a roster",
        description="How a roster is published",
        body="<p>Press <b>publish</b>.</p><table><tr><td>Roster</td><td>“rostering”</td></tr></table>",
    )
    [shown] = search(world, "publish rosters", highlight="true")["data"]["highlights"]
    assert _written(shown["highlighted_title"]) == "[Publishing] & sharing a [roster]"
    assert [_written(each) for each in shown["highlighted_summary"]] == [
        "How a [roster] is [published]",
        "Press [publish]. [Roster] “[rostering]”",
    ]


def test_a_title_without_the_words_is_one_plain_piece(world: World) -> None:
    world.article(title="Keys", body="<p>In the café, one key.</p>")
    [shown] = search(world, "cafe", highlight="true")["data"]["highlights"]
    assert shown["highlighted_title"] == [{"type": "plain", "text": "Keys"}]
    assert [_written(each) for each in shown["highlighted_summary"]] == ["In the [café], one key."]


def test_without_a_phrase_nothing_is_marked(world: World) -> None:
    made = world.article(title="Keys", body="<p>One key.</p>")
    [shown] = search(world, "", highlight="true")["data"]["highlights"]
    title = [{"type": "plain", "text": "Keys"}]
    assert shown == {"article_id": made["id"], "highlighted_title": title, "highlighted_summary": []}


def test_highlights_are_of_the_language_that_was_found(world: World) -> None:
    world.speak("en", "ja")
    world.article(title="Roster", translated_content={"ja": {"title": "勤務表の公開", "body": "方法"}})
    [shown] = search(world, "公開", highlight="true")["data"]["highlights"]
    assert _written(shown["highlighted_title"]) == "勤務表の[公開]"


def test_summaries_are_parts_of_long_texts(world: World) -> None:
    filler = "something else entirely " * 40
    world.article(title="x", body=f"<p>{filler}a lamp {filler}two lamps {filler}</p>")
    [shown] = search(world, "lamp", highlight="true")["data"]["highlights"]
    marked = [_written(each) for each in shown["highlighted_summary"]]
    assert ["[lamp]" in marked[0], "[lamps]" in marked[1], len(marked)] == [True, True, 2]
    assert max(map(len, marked)) < 200


def test_without_highlight_there_are_none(library: World) -> None:
    for query in ({}, {"highlight": "false"}):
        assert search(library, "roster", **query)["data"]["highlights"] == []


def test_other_workspaces_neither_are_found_nor_correct_spelling(library: World, other: Any) -> None:
    theirs = World(other.api)
    assert search(theirs, "roster")["total_count"] == 0
    theirs.article(title="Rust")
    assert search(theirs, "publsih")["total_count"] == 0


def test_bodies_of_any_length_and_kind_can_be_searched(world: World) -> None:
    world.article(title="Long", body=" ".join(f"word{number}" for number in range(45_000)))
    world.article(title="One word", body="x" * 400_000)
    assert search(world, "word77")["total_count"] == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Café ÉTÉ Straße", ["cafe", "ete", "strasse"]),
        ("Łódź İstanbul", ["lodz", "istanbul"]),
        ("новый ёлка", ["новый", "елка"]),
        ("e-mail don't", ["e", "mail", "email", "don", "t", "dont"]),
        ("パンを", ["パン", "ンを"]),
        ("άρθρο", ["αρθρο"]),
    ],
)
def test_words_in_the_form_in_which_they_are_compared(text: str, words: list[str]) -> None:
    assert words_of(text) == words
    assert folded(folded(text)) == folded(text)


def test_terms_are_the_parts_of_compounds() -> None:
    assert terms_of("E-mail e-MAIL don't") == ["e", "mail", "don", "t"]
