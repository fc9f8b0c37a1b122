"""Where readers find what is published: the addresses of help centers, collections and articles."""

import re
from urllib.parse import quote

from callbox.wire.urls import base_url

_MAX_SLUG_LENGTH = 80
_WORD = re.compile(r"[^\W_]+")


def site_url(identifier: str, custom_domain: str | None) -> str:
    """The address of a help center."""
    return f"https://{custom_domain}" if custom_domain else f"{base_url()}/{identifier}"


def article_url(site: str, locale: str, article_id: int, title: str) -> str:
    """The address of an article in a language."""
    return f"{site}/{locale}/articles/{_numbered(article_id, title)}"


def collection_url(site: str, locale: str, collection_id: int, name: str) -> str:
    """The address of a collection in a language."""
    return f"{site}/{locale}/collections/{_numbered(collection_id, name)}"


def _numbered(number: int, title: str) -> str:
    slug = quote(slug_of(title))
    return f"{number}-{slug}" if slug else str(number)


def slug_of(title: str) -> str:
    """The words of a title, of whatever script, joined by hyphens; empty where there are none."""
    words = _WORD.findall(title.lower().replace("'", "").replace("\u2019", ""))
    slug = words[0][:_MAX_SLUG_LENGTH] if words else ""
    for word in words[1:]:
        if len(slug) + 1 + len(word) > _MAX_SLUG_LENGTH:
            break
        slug += f"-{word}"
    return slug
