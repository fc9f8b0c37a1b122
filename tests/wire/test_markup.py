"""No markup, however it is written, keeps a process busy or becomes many times as long as it was."""

import pytest

from callbox.wire.errors import ParameterInvalid
from callbox.wire.html import plain_text, sanitise
from callbox.wire.markup import MAX_HTML_LENGTH

# What a browser nests a hundred thousand deep, and a look at tags alone does not notice.
NESTED = [
    *("<div/>", "<div></x>", '<div title="<">', "<b></p>", "<div </div>", '<div =">', "<div><!--</div>-->"),
    *("<style><!--</style><div>", "<svg><g><![CDATA[></g>]]></svg><div>", "<tr><td>", '<div a="</div>">'),
    *("<div><textarea></div></textarea>", "<div><noscript></div></noscript>", "<ul/><li>", "<dd><li>", "<b><p>"),
]


@pytest.mark.parametrize("piece", NESTED)
def test_what_is_nested_too_deeply_is_refused_however_it_is_written(piece: str) -> None:
    with pytest.raises(ParameterInvalid, match="body is nested too deeply"):
        sanitise(piece * (MAX_HTML_LENGTH // len(piece)))


@pytest.mark.parametrize(
    "piece", ["<a", "<", "<!--", "<!-- -", "<a b=", '<a b="', "<a =", "</", "<p>x", "<br>", "<span><div></span>"]
)
def test_what_never_ends_is_read_in_one_go(piece: str) -> None:
    """What takes a time that grows with the square of the text would not end here."""
    assert sanitise(f"Hello {piece * ((MAX_HTML_LENGTH - 10) // len(piece))}").startswith(("<p>Hello", "Hello"))


def test_plain_text_is_found_where_tags_do_not_end() -> None:
    assert plain_text("<" * 400_000 + "<b>5</b>").endswith("5")


@pytest.mark.parametrize(("title", "paragraphs"), [("", 50_000), ("x" * 300, 800)])
def test_bold_that_does_not_end_is_not_repeated_in_every_paragraph(title: str, paragraphs: int) -> None:
    opened = "".join(f"<b title='{title}{number}'>" for number in range(190))
    assert len(sanitise(f"<p>{opened}</p>{'<p>x</p>' * paragraphs}")) < MAX_HTML_LENGTH


def test_bold_that_ends_late_is_not_repeated_in_every_block() -> None:
    """Each block ends the paragraph, and opens again what is bold in it: fifty megabytes came of half a one."""
    opened = "".join(f"<b title='{number}'>" for number in range(190))
    with pytest.raises(ParameterInvalid, match="body is nested too deeply"):
        sanitise(f"<p>{opened}{'<div>x</div>' * 40_000}{'</b>' * 190}</p>")


LONG = "<p>x</p>" * 1_001  # enough to be written anew


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<div><span>a</div>b", "<div><span>a</span></div>b"),
        ("a</b>c < d <3 &lt; &amp; &eacute;", "ac &lt; d &lt;3 &lt; &amp; é"),
        ("<!-- <b> -->x<!doctype html>y<?php z ?></ >", "xy"),
        ("<style>p > b {}</style>a<SCRIPT>if (1<b)</ScRipt >b<o:p></o:p><svg><g/></svg>c", "abc"),
        (
            '<A HREF=\'https://x.example/?a>b&amp;c="\' onclick="x" hidden>t</A>',
            '<a href="https://x.example/?a&gt;b&amp;c=&quot;" rel="nofollow noopener noreferrer">t</a>',
        ),
        ("<img src=https://x.example/a alt=''><br/><hr />", '<img src="https://x.example/a" alt=""><br><hr>'),
    ],
)
def test_long_markup_says_what_it_said(written: str, kept: str) -> None:
    assert sanitise(LONG + written) == LONG + kept
    # As short markup does, which is not written anew.
    assert sanitise(f"<p>x</p>{written}") == f"<p>x</p>{kept}"
