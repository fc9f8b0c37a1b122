"""HTML that people write: sanitised once, on the way in; plain text is wrapped, or derived."""

import html
import re

import nh3

from callbox.wire.errors import ParameterInvalid

MAX_HTML_LENGTH = 500_000
MAX_DEPTH = 200

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
_OPENING = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]*?(/?)>")
_BLOCKS = "p|h[1-6]|ul|ol|li|div|blockquote|pre|hr|table|thead|tbody|tr|th|td"
_BETWEEN_BLOCKS = re.compile(rf"(</?(?:{_BLOCKS})(?: [^<>]*)?>)\s+(?=</?(?:{_BLOCKS})[ >])")
_VOID = {"br", "img", "hr", "input", "meta", "link", "p", "li"}


def sanitise(text: str, field: str = "body") -> str:
    """Stored HTML: what is not allowed is dropped. Plain text becomes paragraphs. Raises ParameterInvalid."""
    check_size(text, field)
    if not has_tags(text):
        return paragraphs(text)
    cleaned = _CLEANER.clean(text)
    return cleaned if cleaned.lstrip().startswith("<") else f"<p>{cleaned}</p>"


def check_size(text: str, field: str) -> None:
    """Raise ParameterInvalid where a parser would take too long."""
    if len(text) > MAX_HTML_LENGTH:
        raise ParameterInvalid(f"{field} must be at most {MAX_HTML_LENGTH} characters long")
    if _depth(text) > MAX_DEPTH:
        raise ParameterInvalid(f"{field} is nested too deeply")


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


def _depth(text: str) -> int:
    """How deeply elements are nested, roughly; the parser's time grows with the square of it."""
    depth = deepest = 0
    for closing, name, closed in _OPENING.findall(text):
        if closing:
            depth = max(depth - 1, 0)
        elif not closed and name.lower() not in _VOID:
            depth += 1
            deepest = max(deepest, depth)
    return deepest
