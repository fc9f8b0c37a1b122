"""Bodies of articles and news items: HTML that may do more than a message's, sanitised once, on the way in.

What the vendor refuses or flattens (lists in lists, callouts, collapsible sections, a third and fourth level of
headings) is kept; refused are only frames from elsewhere than the known video hosts, and images without an address.
"""

import html
import re
from html.parser import HTMLParser
from urllib.parse import SplitResult, urlsplit

import nh3

from callbox.wire.errors import ParameterInvalid
from callbox.wire.html import has_tags
from callbox.wire.markup import bounded

# A host stands for those below it too.
VIDEO_HOSTS = (
    *("youtube.com", "youtube-nocookie.com", "youtu.be", "vimeo.com", "loom.com", "useloom.com"),
    *("wistia.com", "wistia.net", "vidyard.com", "streamio.com"),
)

_INLINE = {"a", "b", "strong", "i", "em", "u", "s", "del", "ins", "mark", "small", "sub", "sup", "kbd", "code", "br"}
_BLOCKS = {
    *("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre", "hr", "div"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "details", "summary"),
}
# Where text may not stand by itself: it is put into a paragraph.
_FLOW = {"div", "details", "blockquote"}
# What other blocks make up: white space in them means nothing.
_OF_BLOCKS = {"ul", "ol", "dl", "table", "thead", "tbody", "tfoot", "tr"}
_RENAMED = {"h5": "h4", "h6": "h4"}
_VOID = {"br", "hr", "img"}
# Characters of inline elements at the beginnings of runs: several times what a text has that is as long as may be.
_MOST_REPEATED = 2_000_000

_CELL = {"colspan", "rowspan", "scope"}
_ALIGNED = {"class"}
_CLEANER = nh3.Cleaner(
    tags={*_INLINE, *_BLOCKS, "img", "iframe"},
    clean_content_tags={"script", "style", "form", "textarea", "select", "button", "object", "svg", "math"},
    attributes={
        "a": {"href", "title", "class", "target"},
        "img": {"src", "alt", "title", "width", "height", "class"},
        "iframe": {"src", "title", "width", "height", "allowfullscreen"},
        "div": {"class", "style"},
        "code": {"class"},
        "ol": {"start"},
        "td": _CELL,
        "th": _CELL,
        **dict.fromkeys(("p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "details", "pre"), _ALIGNED),
    },
    # Runs inside the sanitiser: it must not raise.
    attribute_filter=lambda _, name, value: _kept_classes(value) if name == "class" else value,
    filter_style_properties={"background-color", "border-color"},
    url_schemes={"http", "https", "mailto", "tel"},
    link_rel="noopener",
)
_CLASS = re.compile(r"no-margin|(?:intercom|language)-[A-Za-z0-9_+-]+")
_BLOCK_TAG = re.compile(rf"</?(?:{'|'.join(sorted(_BLOCKS, key=len, reverse=True))}|br|img|iframe)\b[^<>]*>")


def sanitise_body(text: str, field: str = "body", paragraph_class: str | None = None) -> str:
    """The HTML to store: paragraphs of no other class get `paragraph_class`. Raises ParameterInvalid.

    To sanitise what was sanitised changes nothing.
    """
    markup = bounded(text, field)
    if not has_tags(text):
        markup = _with_breaks(text)
    arranger = _Arranger(field, paragraph_class)
    arranger.feed(_CLEANER.clean(markup))
    return _CLEANER.clean(arranger.arranged())


def plain_text(body: str) -> str:
    """What a person reads of a sanitised body, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^<>]*>", "", _BLOCK_TAG.sub(" ", body))).split())


def _with_breaks(text: str) -> str:
    """Plain text: blank lines part paragraphs, other line ends break lines."""
    blocks = re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip())
    return "".join(f"<p>{block}</p>" for block in blocks if block).replace("\n", "<br>")


def _kept_classes(value: str) -> str | None:
    return " ".join(name for name in value.split() if _CLASS.fullmatch(name)) or None


class _Arranger(HTMLParser):
    """Puts sanitised HTML in order: loose text into paragraphs, plain `div`s away, frames and images checked.

    Text and what stands in it come in runs, each within one block. Inline elements that reach over several blocks are
    written in each of their runs anew, since a paragraph cannot stand in them.
    """

    def __init__(self, field: str, paragraph_class: str | None) -> None:
        super().__init__(convert_charrefs=True)
        self._field = field
        self._paragraph_class = paragraph_class
        self._parts: list[str] = []
        # The blocks that are open; "" for a div that was left out.
        self._blocks: list[str] = []
        self._inlines: list[tuple[str, dict[str, str]]] = []
        self._is_in_run = False
        self._repeated = 0
        # Whether the run has a paragraph of ours around it.
        self._is_loose = False
        self._is_in_frame = False

    def arranged(self) -> str:
        """The result, after everything was fed."""
        self.close()
        self._end_run()
        return "".join(self._parts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        if self._is_in_frame:
            return
        tag, attributes = _RENAMED.get(tag, tag), {name: value or "" for name, value in attrs}
        match tag:
            case "br":
                self._begin_run()
                self._write(tag, attributes)
            case "img":
                self._check_image(attributes.get("src", ""))
                if self._inlines:
                    self._begin_run()
                self._write(tag, attributes)
            case _ if tag in _INLINE:
                self._inlines.append((tag, attributes))
                if self._is_in_run:
                    self._write(tag, attributes)
            case _:
                self._begin_block(tag, attributes)

    def _begin_block(self, tag: str, attributes: dict[str, str]) -> None:
        self._end_run()
        if tag == "iframe":
            attributes["src"] = self._video(attributes.get("src", ""))
            self._is_in_frame = True
        elif tag == "p" and self._paragraph_class is not None:
            attributes.setdefault("class", self._paragraph_class)
        is_plain = tag == "div" and "class" not in attributes
        if not is_plain:
            self._write(tag, attributes)
        if tag not in _VOID:
            self._blocks.append("" if is_plain else tag)

    def handle_endtag(self, tag: str) -> None:
        """An element ends: the sanitiser's output is balanced, so it is the innermost one."""
        if tag == "iframe":
            self._is_in_frame = False
        if self._is_in_frame:
            return
        if tag in _INLINE:
            self._inlines.pop()
            if self._is_in_run:
                self._parts.append(f"</{tag}>")
            return
        self._end_run()
        block = self._blocks.pop()
        if block:
            self._parts.append(f"</{block}>")

    def handle_data(self, data: str) -> None:
        """Text."""
        if self._is_in_frame:
            return
        if not self._is_in_run and not data.strip() and (self._is_in_flow() or self._blocks[-1] in _OF_BLOCKS):
            return
        self._begin_run()
        self._parts.append(html.escape(data, quote=False))

    def _is_in_flow(self) -> bool:
        return not self._blocks or self._blocks[-1] == "" or self._blocks[-1] in _FLOW

    def _begin_run(self) -> None:
        if self._is_in_run:
            return
        self._is_in_run, self._is_loose = True, self._is_in_flow()
        if self._is_loose:
            self._write("p", {} if self._paragraph_class is None else {"class": self._paragraph_class})
        for tag, attributes in self._inlines:
            self._repeated += self._write(tag, attributes)
        if self._repeated > _MOST_REPEATED:
            raise ParameterInvalid(f"{self._field} is too long where links and the like reach over many blocks")

    def _end_run(self) -> None:
        if not self._is_in_run:
            return
        self._parts += [f"</{tag}>" for tag, _ in reversed(self._inlines)]
        if self._is_loose:
            self._parts.append("</p>")
        self._is_in_run = False

    def _write(self, tag: str, attributes: dict[str, str]) -> int:
        """Answers how many characters it took."""
        written = "".join(f' {name}="{html.escape(value)}"' for name, value in attributes.items())
        self._parts.append(f"<{tag}{written}>")
        return len(self._parts[-1])

    def _video(self, source: str) -> str:
        """The address of a frame, which is a known host's. Raises ParameterInvalid."""
        url = _split(f"https:{source}" if source.startswith("//") else source)
        host = (url.hostname or "") if url else ""
        if not url or url.scheme not in {"http", "https"} or not any(_is_below(host, each) for each in VIDEO_HOSTS):
            raise ParameterInvalid(f"{self._field}: an iframe may only show a video of {', '.join(VIDEO_HOSTS)}")
        return url._replace(scheme="https").geturl()

    def _check_image(self, source: str) -> None:
        url = _split(source)
        if not url or url.scheme not in {"http", "https"} or not url.hostname:
            raise ParameterInvalid(f"{self._field}: the src of an image must be an absolute http or https URL")


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _is_below(host: str, known: str) -> bool:
    return host == known or host.endswith(f".{known}")
