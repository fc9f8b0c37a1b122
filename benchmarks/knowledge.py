"""Article search over 20,000 articles beside reading one by its id, on the same server.

Words are as common as in a language: the n-th most common one has the n-th part of the occurrences of the first.
"""

import argparse
import asyncio
import random
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

import asyncpg
import httpx
from rich.console import Console
from rich.table import Table

from benchmarks.measuring import Call, Measurement, Operation, Side, measure
from benchmarks.servers import first_token, free_port, http_process, running, scratch_directory, settle
from callbox.knowledge.articles.queries import add_words, index_articles, index_content, save_content
from callbox.knowledge.articles.words import spellable
from callbox.platform.clock import machine_time
from callbox.platform.database.embedded import EmbeddedPostgres

SEARCH_GOAL = 3.0
_SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
_VOCABULARY = 8_000
_LENGTHS = (5, 12, 200)  # words of a title, a description and a body
_FOUND_BY = slice(500, 2_500)  # words that people look for: neither in every article nor in none

_console = Console(highlight=False, width=None if sys.stdout.isatty() else 130)


def vocabulary() -> list[str]:
    """Words, the most common one first."""
    chance = random.Random(7)
    words: dict[str, None] = {}
    while len(words) < _VOCABULARY:
        words["".join(chance.choices(_SYLLABLES, k=chance.randint(2, 4)))] = None
    return list(words)


async def load(dsn: str, articles: int) -> None:
    """Published articles in English in the first workspace."""
    chance, words = random.Random(11), vocabulary()
    weights = [1 / place for place in range(1, len(words) + 1)]
    connection = await asyncpg.connect(dsn)
    try:
        workspace = await connection.fetchval("SELECT id FROM workspaces")
        author = await connection.fetchval("SELECT min(id) FROM admins WHERE workspace_id = $1", workspace)
        now = machine_time()
        ids = await connection.fetch(
            """
            INSERT INTO articles (workspace_id, help_center_id, default_locale, created_at, updated_at)
            SELECT $1, h.id, 'en', $2, $2
            FROM help_centers h, generate_series(1, $3)
            WHERE h.workspace_id = $1
            RETURNING id
            """,
            *(workspace, now, articles),
        )
        contents, indexed = [], []
        for (article_id,) in ids:
            texts = [" ".join(chance.choices(words, weights, k=length)) for length in _LENGTHS]
            title, description, body = texts
            shown = (title, description, f'<p class="no-margin">{body}</p>')
            key = workspace, article_id, "en"
            contents.append((*key, *shown, author, "published", now, "english", title, description))
            indexed.append((*key, "english", *texts))
        await connection.executemany(save_content.sql, contents)
        await connection.executemany(index_content.sql, indexed)
        await connection.execute(index_articles.sql, workspace, [article_id for (article_id,) in ids])
        await connection.execute(add_words.sql, workspace, spellable(words))
        await connection.execute("VACUUM ANALYZE articles, article_contents, article_index, article_words")
    finally:
        await connection.close()


def operations(articles: int) -> list[Operation]:
    """Reading an article first: all else is compared with it."""
    chance, words = random.Random(3), vocabulary()[_FOUND_BY]

    def get(_: int) -> Call:
        return Call("GET", f"/articles/{chance.randint(1, articles)}", "")

    def search(phrase: Callable[[], str], **more: str) -> Callable[[int], Call]:
        return lambda _: Call("GET", f"/articles/search?{urlencode({'phrase': phrase(), **more})}", "")

    def some() -> str:
        return chance.choice(words)

    def misspelt() -> str:
        word = chance.choice([each for each in words if len(each) >= 6])
        return f"{word[:2]}{word[3:]}"

    return [
        Operation("get article", False, get),
        Operation("search one word", False, search(some)),
        Operation("search two words", False, search(lambda: f"{some()} {some()}")),
        Operation("search the beginning of a word", False, search(lambda: some()[:5])),
        Operation("search with a filter", False, search(some, state="published")),
        Operation("search with highlights", False, search(some, highlight="true")),
        Operation("search a misspelt word", False, search(misspelt)),
    ]


def report(measured: list[tuple[str, list[Measurement]]]) -> None:
    """Print medians over the rounds, and each search as a multiple of the get."""
    of_get = median(each.seen.p50 for each in measured[0][1])
    table = Table("operation", "p50 ms", "p99 ms", "req/s", "p50 / p50 of get", f"at most {SEARCH_GOAL:g}")
    for name, rounds in measured:
        p50 = median(each.seen.p50 for each in rounds)
        table.add_row(
            name,
            f"{p50 * 1000:.2f}",
            f"{median(each.seen.p99 for each in rounds) * 1000:.2f}",
            f"{median(each.seen.rate for each in rounds):,.0f}",
            f"{p50 / of_get:.2f}",
            "yes" if p50 <= SEARCH_GOAL * of_get else "[bold red]no[/]",
        )
    _console.print(table)


def run(articles: int, seconds: float, rounds: int, directory: Path) -> None:
    """Start a server, load, measure, report."""
    port = free_port()
    serve = ["callbox.cli", "serve", "--data", str(directory), "--port", str(port)]
    with running(serve, {"CALLBOX_RATE_LIMIT": "900000000"}) as server:
        token = first_token(server)
        dsn = EmbeddedPostgres(directory).dsn
        asyncio.run(load(dsn, articles))
        settle(dsn)
        headers = {"Authorization": f"Bearer {token}"}
        found = httpx.get(f"http://127.0.0.1:{port}/articles", headers=headers, timeout=60).json()["total_count"]
        _console.print(f"{found:,} articles")
        side = Side(port, http_process(server.pid), token)
        chosen = operations(articles)
        results = [[measure(operation, 1, seconds, side) for operation in chosen] for _ in range(rounds)]
        by_operation = zip(*results, strict=True)
        report([(operation.name, list(of)) for operation, of in zip(chosen, by_operation, strict=True)])


def main() -> None:
    """Read the options; the data live in a directory that is removed at the end."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.knowledge", description=__doc__)
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with scratch_directory() as directory:
        run(**vars(options), directory=directory)


if __name__ == "__main__":
    main()
