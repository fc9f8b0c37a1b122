"""HTML that people write: sanitised once, on the way in; plain text is wrapped, or derived."""

import html
import re

import nh3

from callbox.wire.markup import bounded

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
_TAG = re.compile(r"<[^<>]++>")
_BLOCKS = "p|h[1-6]|ul|ol|li|div|blockquote|pre|hr|table|thead|tbody|tr|th|td"
_BETWEEN_BLOCKS = re.compile(rf"(</?(?:{_BLOCKS})(?: [^<>]*)?>)\s+(?=</?(?:{_BLOCKS})[ >])")


def sanitise(text: str, field: str = "body") -> str:
    """Stored HTML: what is not allowed is dropped. Plain text becomes paragraphs. Raises ParameterInvalid."""
    markup = bounded(text, field)
    if not has_tags(text):
        return paragraphs(text)
    cleaned = _CLEANER.clean(markup)
    return cleaned if cleaned.lstrip().startswith("<") else f"<p>{cleaned}</p>"


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
    return html.unescape(_TAG.sub("", with_breaks)).strip()


def is_blank(markup: str) -> bool:
    """Whether a person sees nothing of it: neither text nor a picture."""
    return "<img" not in markup and not plain_text(markup)
