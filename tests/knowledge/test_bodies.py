"""What is kept of the HTML of articles and news items, what is put in order, and what is refused."""

import pytest

from callbox.knowledge.bodies import plain_text, sanitise_body
from callbox.wire.errors import ParameterInvalid

VIDEO = '<iframe src="https://www.youtube.com/embed/abc" title="Tour" allowfullscreen=""></iframe>'
CALLOUT = '<div class="intercom-interblocks-callout" style="background-color:#d7efdc;border-color:#1bb157">{}</div>'


def article(text: str) -> str:
    return sanitise_body(text, paragraph_class="no-margin")


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("Body of the Article", '<p class="no-margin">Body of the Article</p>'),
        ("<p>x</p>", '<p class="no-margin">x</p>'),
        ("One\n\nTwo\nlines", '<p class="no-margin">One</p><p class="no-margin">Two<br>lines</p>'),
        ("Fish &amp; chips, 1 < 2", '<p class="no-margin">Fish &amp; chips, 1 &lt; 2</p>'),
        ('<p class="intercom-align-center">x</p>', '<p class="intercom-align-center">x</p>'),
        ('<p class="evil no-margin">x</p>', '<p class="no-margin">x</p>'),
        ("<div>a <b>b</b></div><div>c</div>", '<p class="no-margin">a <b>b</b></p><p class="no-margin">c</p>'),
        ("<span>x</span>", '<p class="no-margin">x</p>'),
        ("<blink>x</blink>", '<p class="no-margin">x</p>'),
        ("loose<h2>Head</h2>text", '<p class="no-margin">loose</p><h2>Head</h2><p class="no-margin">text</p>'),
        ("<h5>x</h5><h6>y</h6>", "<h4>x</h4><h4>y</h4>"),
        ("", ""),
        ("<script>alert(1)</script><form>x</form><textarea>y</textarea>", ""),
        (
            "<b><p>One</p>\n<p>Two <i>2</i></p></b>",
            '<p class="no-margin"><b>One</b></p><p class="no-margin"><b>Two <i>2</i></b></p>',
        ),
        (
            "<em>a<h2>b</h2>c</em>",
            '<p class="no-margin"><em>a</em></p><h2><em>b</em></h2><p class="no-margin"><em>c</em></p>',
        ),
        ("<del><ul>\n<li>x</li></ul></del><b></b>", "<ul><li><del>x</del></li></ul>"),
        (
            "<iframe src='//player.vimeo.com/video/1'>no</iframe>",
            '<iframe src="https://player.vimeo.com/video/1"></iframe>',
        ),
    ],
)
def test_what_is_sent_is_put_in_order(sent: str, stored: str) -> None:
    assert article(sent) == stored
    assert article(stored) == stored


@pytest.mark.parametrize(
    "kept",
    [
        "<h1>a</h1><h2>b</h2><h3>c</h3><h4>d</h4><hr>",
        "<ul><li>a<ul><li>b</li></ul></li></ul>",
        '<ol start="3"><li>a</li></ol>',
        '<table><thead><tr><th scope="col">a</th></tr></thead><tbody><tr><td colspan="2">b</td></tr></tbody></table>',
        '<pre><code class="language-sh">a\n  b &lt; c\n</code></pre>',
        '<details><summary>More</summary><p class="no-margin">inside</p></details>',
        CALLOUT.format('<p class="no-margin">Mind the gap</p>'),
        '<div class="intercom-container intercom-align-left"><img src="https://x.example/a" alt="A" width="3"></div>',
        VIDEO,
        '<p class="no-margin"><a href="https://x.example/" class="intercom-h2b-button" rel="noopener">Go</a></p>',
        "<dl><dt>a</dt><dd>b</dd></dl>",
    ],
)
def test_what_articles_need_is_kept(kept: str) -> None:
    assert article(kept) == kept


@pytest.mark.parametrize(
    "evil",
    [
        '<img src="https://x.example/a.png" onerror="alert(1)">',
        '<a href="javascript:alert(1)">x</a>',
        '<iframe src="https://www.youtube.com/embed/a" srcdoc="<script>alert(1)"><img src=x onerror=alert(1)></iframe>',
        '<div class="intercom-x" style="background-color:red;background:url(javascript:alert(1))">x</div>',
        "<svg><script>alert(1)</script></svg><math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
        "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p><!-- <script>alert(1)</script> -->",
        '<a href="https://x.example" onclick="alert(1)" style="position:fixed"><p>block in inline</p></a>',
    ],
)
def test_nothing_that_runs_is_kept(evil: str) -> None:
    stored = article(evil)
    for sign in ("<script", "javascript:", "onerror=", "onclick=", "srcdoc", "position", "url("):
        assert sign not in stored


@pytest.mark.parametrize(
    ("refused", "named"),
    [
        ('<iframe src="https://evil.example/"></iframe>', "iframe"),
        ('<iframe src="https://notyoutube.com/"></iframe>', "iframe"),
        ('<iframe src="https://youtube.com@evil.example/"></iframe>', "iframe"),
        ('<iframe src="https://[bad/"></iframe>', "iframe"),
        ("<iframe></iframe>", "iframe"),
        ('<img src="/relative.png">', "image"),
        ('<img src="data:image/png;base64,AAAA">', "image"),
        ("<img>", "image"),
        ("<ul>" * 500, "nested"),
        ("x" * 500_001, "long"),
        (f'<a href="https://x.example/{"a" * 8_000}">{"<p>x</p>" * 1_000}</a>', "long"),
    ],
)
def test_what_cannot_be_shown_is_refused_by_name(refused: str, named: str) -> None:
    with pytest.raises(ParameterInvalid) as refusal:
        sanitise_body(refused, "translated_content.de.body")
    assert refusal.value.message.startswith("translated_content.de.body")
    assert named in refusal.value.message


def test_news_keeps_paragraphs_as_they_are() -> None:
    assert sanitise_body("<p>x</p>y") == "<p>x</p><p>y</p>"


def test_plain_text_has_the_words_apart() -> None:
    body = "<h2>Head</h2><table><tbody><tr><td>a</td><td>b &amp; c</td></tr></tbody></table><p>mid<b>dle</b><br>end</p>"
    assert plain_text(body) == "Head a b & c middle end"
