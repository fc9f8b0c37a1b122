"""The official Python SDK through every method about articles and help centers."""

import pytest
from intercom import Intercom
from intercom.errors.bad_request_error import BadRequestError
from intercom.errors.not_found_error import NotFoundError
from intercom.types.article_content import ArticleContent
from intercom.types.article_translated_content import ArticleTranslatedContent
from intercom.types.group_content import GroupContent
from intercom.types.group_translated_content import GroupTranslatedContent

from tests.contract.world import World


def test_articles_are_created_read_changed_and_deleted(sdk: Intercom, world: World) -> None:
    world.speak("en", "pt-BR")
    me, parent = int(world.admin_id()), world.collection()["id"]
    content = ArticleContent(title="Obrigado", description="Por tudo", body="Olá", author_id=me, state="draft")
    made = sdk.articles.create(
        title="Thanks",
        author_id=me,
        description="For everything",
        body="Hello",
        state="published",
        parent_id=int(parent),
        parent_type="collection",
        translated_content=ArticleTranslatedContent(pt_br=content),
    )
    assert (made.body, made.parent_id, made.default_locale) == ('<p class="no-margin">Hello</p>', int(parent), "en")
    assert made.translated_content is not None
    assert made.translated_content.pt_br is not None
    assert (made.translated_content.pt_br.title, made.translated_content.pt_br.url) == ("Obrigado", None)
    assert made.statistics is not None
    assert made.statistics.conversions == 0
    found = sdk.articles.find(made.id)
    assert found == made
    # As it was read, a translation can be sent back.
    changed = sdk.articles.update(made.id, title="Thank you", translated_content=found.translated_content)
    assert (changed.title, changed.state, changed.parent_id) == ("Thank you", "published", int(parent))
    assert changed.translated_content is not None
    assert changed.translated_content.pt_br is not None
    assert changed.translated_content.pt_br.title == "Obrigado"
    assert sdk.articles.delete(made.id).deleted is True
    with pytest.raises(NotFoundError):
        sdk.articles.find(made.id)


def test_the_pager_of_articles_ends(sdk: Intercom, world: World) -> None:
    made = {world.article()["id"] for _ in range(5)}
    assert {article.id for article in sdk.articles.list(per_page=2)} == made


def test_articles_are_searched(sdk: Intercom, world: World) -> None:
    made = world.article(title="Publish a roster", state="published")
    found = sdk.articles.search(phrase="rosters", state="published", highlight=True)
    assert found.data is not None
    [article] = found.data.articles or []
    [highlights] = found.data.highlights or []
    assert (found.total_count, article.id, highlights.article_id) == (1, made["id"], made["id"])
    pieces = [(piece.type, piece.text) for piece in highlights.highlighted_title]
    assert pieces == [("plain", "Publish a "), ("highlight", "roster")]
    elsewhere = sdk.articles.search(phrase="rosters", help_center_id=1_000_000, highlight=False)
    assert elsewhere.total_count == 0


def test_collections(sdk: Intercom, world: World) -> None:
    collections = sdk.help_centers.collections
    top = collections.create(name="Top", help_center_id=int(world.help_center_id()))
    inside = collections.create(
        name="Inside",
        description="Of it",
        parent_id=top.id,
        translated_content=GroupTranslatedContent(de=GroupContent(name="Drinnen", description="Darin")),
    )
    assert (inside.parent_id, inside.help_center_id, inside.order) == (top.id, top.help_center_id, 1)
    assert collections.find(inside.id) == inside
    assert collections.update(inside.id, name="In", description="side").name == "In"
    assert {each.id for each in collections.list(per_page=1)} == {top.id, inside.id}
    assert collections.delete(top.id).deleted is True
    with pytest.raises(NotFoundError):
        collections.find(inside.id)
    with pytest.raises(BadRequestError):
        collections.create(name="")


def test_help_centers(sdk: Intercom) -> None:
    [center] = sdk.help_centers.list()
    assert sdk.help_centers.find(center.id) == center
    assert center.website_turned_on is False
    with pytest.raises(NotFoundError):
        sdk.help_centers.find("123456789")
