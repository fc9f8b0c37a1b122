"""HTML that is made to cost much is put in order or refused before a parser has it; other HTML is left alone."""

from html.parser import HTMLParser

import nh3
import pytest

from callbox.wire.errors import ParameterInvalid
from callbox.wire.html import sanitise
from callbox.wire.nesting import MAX_DEPTH, orderly

_TAGS = {"p", "b", "i", "a", "div", "ul", "ol", "li", "br", "img", "table", "thead", "tbody", "tr", "td", "th", "h1"}
_ROUGHLY = 2 * MAX_DEPTH
_MUCH = 100_000


class _Depth(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.depth = self.deepest = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in {"br", "img", "hr"}:
            self.depth += 1
            self.deepest = max(self.deepest, self.depth)

    def handle_endtag(self, tag: str) -> None:
        self.depth -= 1


def _kept(text: str) -> str:
    """What is kept of it: nothing where it is refused."""
    try:
        return sanitise(text)
    except ParameterInvalid as refused:
        if refused.message != "body is nested too deeply":
            raise
    return ""


def _repeated(unit: str, length: int = 20_000) -> str:
    return "".join(unit.replace("#", str(number)) for number in range(length // len(unit)))


@pytest.mark.parametrize(
    "text",
    [
        _repeated("<div/>"),
        _repeated("<div a='<'>"),
        _repeated('<div a="</div>">'),
        _repeated("<div></b>"),
        _repeated("<div><!--</div>-->"),
        _repeated("<div><textarea></div></textarea>"),
        _repeated("<div><style></div></style>"),
        _repeated("<div><noscript></div></noscript>"),
        _repeated("<div><script><!--<script></script></div></script>"),
        _repeated("<div><table></div></table>"),
        _repeated("<div><select></div></select>"),
        _repeated("<div><svg><title></div></title></svg>"),
        _repeated("<div ='></div>'></div x='>"),
        _repeated("<div a=\u00a0'></div b='>"),
        "<div ='>" + _repeated("<div>") + "'>",
        _repeated("<ul/><li>"),
        _repeated("<dd><li>"),
        _repeated("<b a=#><p>"),
        _repeated("<b a=#></b x='<'><p>"),
        _repeated("<p><b a=#></p>"),
        "".join(f"<b a={number}>" for number in range(190)) + _repeated("<p>"),
        f"<p>{''.join(f'<b a={number}>' for number in range(190))}{_repeated('<div>x</div>')}",
        _repeated("<lin\u212a>"),
    ],
    ids=lambda text: repr(text[:30]),
)
def test_what_would_cost_more_than_its_length_is_put_in_order_or_refused(text: str) -> None:
    kept = _kept(text)
    measured = _Depth()
    measured.feed(kept)
    assert measured.deepest < _ROUGHLY
    assert len(kept) < 5 * len(text)


@pytest.mark.parametrize(
    "unit", ["a", "a ", "a b='", "!--", "!", "/", "/a", "a =", "style>", "svg>", "3 ", "a\x00", "a<", "br"]
)
def test_a_text_is_read_once(unit: str) -> None:
    """Each of these took a time that grew with the square of the length, or could have: hours for this one."""
    _kept(f"<{unit * (_MUCH // len(unit))}")
    _kept(f"<{unit}" * (_MUCH // len(unit)))


@pytest.mark.parametrize(
    "text",
    [
        "<p>Hello <b>Ada</b></p><ul><li>a</li><li>b</li></ul>",
        "<p>a<p>b",
        "<style>p > b {}</style><title>a</title><p title='a > b'>c<br/><img src=x></p>",
        "<!-- <div> --><![endif]><?xml?><div a=b/c>d</div>",
        "plain < text & more",
        "<SPAN>a</span>",
        "<table><tr><td>a</td></tr></table>" * 1000,
    ],
)
def test_html_in_order_is_left_alone(text: str) -> None:
    assert orderly(text, _TAGS) == text


@pytest.mark.parametrize(
    "text",
    [
        "<ul><li>a<li>b<ul><li>c<li>d</ul></ul>",
        "<div><p>a<p>b</div><p>c",
        "<table><tr><td>a<td><b>b</b><tr><td>c</table>d",
        "<table><tbody><tr><th>a<tbody><tr><td>b</table>",
        "<div><b>a</div>",
        "<p>a<div>b</div>",
        "a</div>b</b>c",
        "<div>a<br></br>b</div>",
        "<h1>a<p>b</h1>c",
        "<center><p>a</center>b",
        "<a href='x'>a<a href='y'>b</a>",
        "<div><o:p/>a<font color=red><b>b</b></div>c",
        "<div>a<svg><path/><g>b</g></svg>c</p></div>",
        "<div><template><b>a</template>c</div></div>",
        "<div>a &amp; b &lt;i&gt; </i> 3 < 4</div>",
        "a<x></y>b &amp;",
    ],
)
def test_html_out_of_order_becomes_what_a_parser_makes_of_it(text: str) -> None:
    cleaner = nh3.Cleaner(tags=_TAGS)
    ordered = orderly(text, _TAGS)
    assert ordered is not None
    assert cleaner.clean(ordered).replace("<p></p>", "") == cleaner.clean(text).replace("<p></p>", "")
