"""HTML that people write: sanitised once, on the way in; plain text is wrapped, or derived."""

import html
import re
from collections.abc import Collection

import nh3

from callbox.wire.errors import ParameterInvalid
from callbox.wire.nesting import orderly

MAX_HTML_LENGTH = 500_000

_TAGS = {
    *("p", "br", "b", "strong", "i", "em", "u", "s", "a", "ul", "ol", "li", "code", "pre", "blockquote", "img"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "hr", "div", "span"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title", "width", "height"}}
_SCHEMES = {"http", "https", "mailto", "tel"}
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags={"script", "style", "title"},
    attributes=_ATTRIBUTES,
    url_schemes=_SCHEMES,
    link_rel="nofollow noopener noreferrer",
)

_ANY_TAG = re.compile(r"<[a-zA-Z/!]")
_BLOCKS = "p|h[1-6]|ul|ol|li|div|blockquote|pre|hr|table|thead|tbody|tr|th|td"
_BETWEEN_BLOCKS = re.compile(rf"(</?(?:{_BLOCKS})(?: [^<>]*)?>)\s+(?=</?(?:{_BLOCKS})[ >])")


def sanitise(text: str, field: str = "body") -> str:
    """Stored HTML: what is not allowed is dropped. Plain text becomes paragraphs. Raises ParameterInvalid."""
    ordered = bounded(text, field, _TAGS)
    if not has_tags(text):
        return paragraphs(text)
    cleaned = _CLEANER.clean(ordered)
    return cleaned if cleaned.lstrip().startswith("<") else f"<p>{cleaned}</p>"


def bounded(text: str, field: str, allowed: Collection[str]) -> str:
    """The text as a parser may have it, which keeps the allowed elements. Raises ParameterInvalid."""
    if len(text) > MAX_HTML_LENGTH:
        raise ParameterInvalid(f"{field} must be at most {MAX_HTML_LENGTH} characters long")
    ordered = orderly(text, allowed)
    if ordered is None:
        raise ParameterInvalid(f"{field} is nested too deeply")
    return ordered


def has_tags(text: str) -> bool:
    """Whether a text is HTML rather than plain."""
    return _ANY_TAG.search(text) is not None


def tidy(markup: str) -> str:
    """The same HTML with no more than a line end between blocks, as notes are kept."""
    return _BETWEEN_BLOCKS.sub(r"\1\n", markup).strip()


def paragraphs(text: str) -> str:
    """Plain text as HTML: blank lines part paragraphs, other line ends break lines."""
    blocks = [block.strip() for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")) if block.strip()]
    return "".join("<p>{}</p>".format(html.escape(block, quote=False).replace("\n", "<br>")) for block in blocks)


def plain_text(markup: str) -> str:
    """What a person reads, without the markup."""
    with_breaks = re.sub(r"<br\s*/?>|</(p|div|li|h[1-6]|tr)>", "\n", markup)
    return html.unescape(re.sub(r"<[^>]+>", "", with_breaks)).strip()


def is_blank(markup: str) -> bool:
    """Whether a person sees nothing of it: neither text nor a picture."""
    return "<img" not in markup and not plain_text(markup)
