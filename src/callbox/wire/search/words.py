"""Texts that are searched word by word: the form they are kept in, and the patterns that find words in it.

A text is kept as its words in lower case, each between two spaces, so that a pattern can tell a whole word from
the beginning, the end or a part of one, and one trigram index serves them all.
"""

import re

from callbox.wire.html import plain_text

_WORD = re.compile(r"\w+")


def stored_words(markup: str | None) -> str:
    """The words of a text as they are kept."""
    return _spaced(_WORD.findall(plain_text(markup or "").lower()))


def word_pattern(operator: str, value: str) -> str | None:
    """The LIKE pattern for a word, or None where the value is no single word, and so none is like it."""
    words = _WORD.findall(value.lower())
    if not words or len(value.split()) != 1:
        return None
    pattern = _spaced(words).replace("_", "\\_")
    if operator in {"~", "!~", "$"}:
        pattern = pattern[1:]
    if operator in {"~", "!~", "^"}:
        pattern = pattern[:-1]
    return f"%{pattern}%"


def _spaced(words: list[str]) -> str:
    return f" {' '.join(words)} " if words else ""
