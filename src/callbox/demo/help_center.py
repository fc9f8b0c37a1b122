"""Dawnshift's help center: what it explains to its customers, in English and German, and how readers liked it."""

import tomllib
from collections.abc import Iterator
from datetime import timedelta
from importlib.resources import files
from random import Random
from typing import Literal

import msgspec

from callbox.demo import firm, queries
from callbox.demo.people import Population
from callbox.demo.stage import Stage
from callbox.knowledge.articles.schemas import ContentRequest, CreateArticleRequest
from callbox.knowledge.articles.service import create_article
from callbox.knowledge.help_center.collections import arrange_collection, create_collection
from callbox.knowledge.help_center.schemas import (
    ArrangeCollectionRequest,
    CreateCollectionRequest,
    GroupContentRequest,
    UpdateHelpCenterRequest,
)
from callbox.knowledge.help_center.service import HelpCenterNameTaken, help_center_of, update_help_center

_SHELVES = ("getting_started", "rosters", "hours")
_OPENED = timedelta(days=350)
_IDENTIFIER = "dawnshift"
_MOST_CONVERSATIONS = 3

_Record = dict[str, str | int]


class _Text(msgspec.Struct):
    title: str
    description: str
    body: str


class _Written(msgspec.Struct):
    """An article as the files tell it: how many days ago it was published, and how readers liked it."""

    author: str
    days: int
    readers: int
    reactions: dict[Literal["happy", "neutral", "sad"], int]
    en: _Text
    de: _Text


class _Shelf(msgspec.Struct):
    """A collection with its articles."""

    icon: str
    en: GroupContentRequest
    de: GroupContentRequest
    articles: list[_Written]


def _shelves() -> Iterator[_Shelf]:
    texts = files("callbox.demo") / "help"
    for name in _SHELVES:
        yield msgspec.convert(tomllib.loads((texts / f"{name}.toml").read_text(encoding="utf-8")), _Shelf)


async def open_help_center(stage: Stage, population: Population) -> int:
    """Write what Dawnshift explains, and let people read it; answers the number of articles."""
    draw = Random(f"{firm.NAME} help")  # noqa: S311  # the same readers at every run
    await _turn_on(stage)
    written: dict[int, _Written] = {}
    for shelf in _shelves():
        collection = await create_collection(
            stage.at(_OPENED),
            CreateCollectionRequest(shelf.en.name, shelf.en.description, translated_content={"de": shelf.de}),
        )
        await arrange_collection(stage.at(_OPENED), collection.id, ArrangeCollectionRequest(icon=shelf.icon))
        for article in shelf.articles:
            written[await _publish(stage, article, collection.id)] = article
    await _be_read(stage, population, written, draw)
    return len(written)


async def _turn_on(stage: Stage) -> None:
    center = await help_center_of(stage.held, stage.caller, None)
    # A workspace may be younger than the story.
    caller = stage.at(min(_OPENED, stage.now - center.created_at))
    change = UpdateHelpCenterRequest(display_name=f"{firm.NAME} Help", website_turned_on=True, locales=["en", "de"])
    await update_help_center(caller, str(center.id), change)
    try:
        await update_help_center(caller, str(center.id), UpdateHelpCenterRequest(identifier=_IDENTIFIER))
    except HelpCenterNameTaken:
        return  # another workspace of the installation has the demo too, and with it the name


async def _publish(stage: Stage, article: _Written, collection_id: str) -> int:
    place = next(place for place, teammate in enumerate(firm.TEAMMATES) if teammate.name == article.author)
    caller = stage.at(timedelta(days=article.days, hours=5), place)
    english, german = (
        ContentRequest(text.title, text.description, text.body, caller.admin_id, "published")
        for text in (article.en, article.de)
    )
    request = CreateArticleRequest(
        **msgspec.structs.asdict(english), parent_id=collection_id, translated_content={"de": german}
    )
    return int((await create_article(caller, request)).id)


async def _be_read(stage: Stage, population: Population, written: dict[int, _Written], draw: Random) -> None:
    readers = [stage.contacts[user.key] for user in population.users]
    conversations = [int(thread.id) for thread in stage.threads.values() if not thread.is_ticket]
    views: list[_Record] = []
    reactions: list[_Record] = []
    begun: list[_Record] = []
    for article_id, article in written.items():
        views.append({"article_id": article_id, "views": article.readers})
        words = [reaction for reaction, count in article.reactions.items() for _ in range(count)]
        for person_id, reaction in zip(draw.sample(readers, len(words)), words, strict=True):
            reactions.append({"article_id": article_id, "person_id": person_id, "reaction": reaction})
        from_here = draw.sample(conversations, draw.randint(0, _MOST_CONVERSATIONS))
        begun += [{"article_id": article_id, "conversation_id": each} for each in from_here]
    workspace_id = stage.caller.workspace_id
    await queries.leave_article_views.run(stage.held, workspace_id, _json(views))
    await queries.leave_article_reactions.run(stage.held, workspace_id, _json(reactions), stage.now)
    await queries.leave_article_conversations.run(stage.held, workspace_id, _json(begun))


def _json(records: list[_Record]) -> str:
    return msgspec.json.encode(records).decode()
