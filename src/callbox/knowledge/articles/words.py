"""Words of articles and of what is looked for, in the one form in which they are compared.

Lower case; letters without accents; compounds apart and joined ("e-mail": e, mail, email); and scripts that
put no spaces between words as overlapping pairs of characters, since PostgreSQL would take a sentence for one word.
"""

import re
import unicodedata

MAX_TERMS = 16

_LETTERS = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "þ": "th",
        "\u0131": "i",
        "\u0451": "\u0435",
    }
)
# Where a mark above or beside a letter makes another letter: Cyrillic and the Japanese syllables.
_MARKED = re.compile(r"[\u0400-\u04ff\u3040-\u30ff]")
_UNSPACED = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(r"[^\W_]+(?:[-'\u2019][^\W_]+)*")
_RUN = re.compile(rf"[{_UNSPACED}]+|[^{_UNSPACED}]+")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")
_PART = re.compile(r"[^\W_]+")
_SPELLABLE = re.compile(r"[^\W\d_]{4,40}")


def folded(text: str) -> str:
    """Lower case, and letters without accents, but where an accent makes another letter."""
    if text.isascii():
        return text.lower()
    kept: list[str] = []
    for character in unicodedata.normalize("NFKD", text.lower()):
        if not unicodedata.combining(character) or (kept and _MARKED.match(kept[-1])):
            kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept)).translate(_LETTERS)


def words_of(text: str) -> list[str]:
    """The words of a text in their order; the parts of a compound stand before the whole."""
    words: list[str] = []
    for compound in _WORD.findall(folded(text)):
        parts = _PART.findall(compound)
        for part in [*parts, *(["".join(parts)] if len(parts) > 1 else [])]:
            words.extend(_pieces(part))
    return words


def terms_of(phrase: str) -> list[str]:
    """The words to look for, each once: parts of compounds, since articles have these and the whole."""
    return list(dict.fromkeys(piece for part in _PART.findall(folded(phrase)) for piece in _pieces(part)))[:MAX_TERMS]


def _pieces(word: str) -> list[str]:
    if word.isascii():
        return [word]
    return [piece for run in _RUN.findall(word) for piece in _pairs(run)]


def _pairs(run: str) -> list[str]:
    if len(run) == 1 or not _IS_UNSPACED.match(run):
        return [run]
    return [run[at : at + 2] for at in range(len(run) - 1)]


def places_of(text: str, beginnings: tuple[str, ...]) -> list[tuple[int, int, str]]:
    """Where words are that begin in one of these ways, and the form in which they are compared.

    Compounds are in their parts here. The beginnings have two letters at most.
    """
    if not beginnings:
        return []
    if text.isascii():
        # What comes before is looked at last: to look for letters alone is fast.
        begun = re.compile("|".join(rf"{each}(?<![^\W_]{each})[^\W_]*" for each in beginnings))
        return [(word.start(), word.end(), word[0]) for word in begun.finditer(text.lower())]
    places = []
    for part in _PART.finditer(text):
        for run in _RUN.finditer(part[0]):
            start = part.start() + run.start()
            if len(run[0]) > 1 and _IS_UNSPACED.match(run[0]):
                places += [(start + at, start + at + 2, folded(run[0][at : at + 2])) for at in range(len(run[0]) - 1)]
            else:
                places.append((start, start + len(run[0]), folded(run[0])))
    return [place for place in places if place[2][:2] in beginnings]


def spellable(words: list[str]) -> list[str]:
    """Those in which a typing error could be made out, each once, sorted."""
    return sorted({word for word in words if _SPELLABLE.fullmatch(word) and not _IS_UNSPACED.match(word)})
