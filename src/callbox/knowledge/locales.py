"""The languages that things are published in, as the reference spells them."""

from collections.abc import Mapping
from typing import TypeVar

from callbox.wire.errors import ParameterInvalid

T = TypeVar("T")

DEFAULT_LOCALE = "en"

# Each with PostgreSQL's text search configuration that knows its word stems; "simple" knows none.
TEXT_SEARCH: Mapping[str, str] = {
    "ar": "arabic",
    "bg": "simple",
    "bs": "simple",
    "ca": "catalan",
    "cs": "simple",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "simple",
    "fi": "finnish",
    "fr": "french",
    "he": "simple",
    "hr": "simple",
    "hu": "hungarian",
    "id": "indonesian",
    "it": "italian",
    "ja": "simple",
    "ko": "simple",
    "lt": "lithuanian",
    "lv": "simple",
    "mn": "simple",
    "nb": "norwegian",
    "nl": "dutch",
    "pl": "simple",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sl": "simple",
    "sr": "serbian",
    "sv": "swedish",
    "tr": "turkish",
    "vi": "simple",
    "pt-BR": "portuguese",
    "zh-CN": "simple",
    "zh-TW": "simple",
}
LOCALES = frozenset(TEXT_SEARCH)
# Formal German, of older clients: taken in, and shown nowhere, since no help center can turn it on.
_ALSO_WRITABLE = {"de-form": "german"}
_WRITABLE = {**TEXT_SEARCH, **_ALSO_WRITABLE}


def text_search(locale: str) -> str:
    """The text search configuration for a locale in which something is stored."""
    return _WRITABLE[locale]


def check_locale(locale: str, field: str) -> None:
    """Raise ParameterInvalid where no help center can have the locale."""
    if locale not in LOCALES:
        raise ParameterInvalid(f"{field} must be one of {', '.join(sorted(LOCALES))}, not {locale}")


def translations_sent(sent: Mapping[str, T | str | None] | None) -> dict[str, T | None]:
    """The translations by locale of a `translated_content`, without its type. Raises ParameterInvalid."""
    translations: dict[str, T | None] = {}
    for locale, content in (sent or {}).items():
        if locale == "type":
            continue
        if locale not in _WRITABLE:
            raise ParameterInvalid(f"translated_content: {locale} is not a supported locale")
        if isinstance(content, str):
            raise ParameterInvalid(f"translated_content.{locale} must be an object or null, not a string")
        translations[locale] = content
    return translations
