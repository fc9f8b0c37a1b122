"""What is read from mails of many shapes, and that no mail, however broken, stops the reading."""

import html

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callbox.channels.email.inbound import parsing
from callbox.channels.email.inbound.bodies import Body, body_of, forwarded_in
from callbox.channels.email.inbound.parsing import MAX_FILES, ParsedMail, Unreadable, parse
from callbox.channels.email.inbound.quoting import own_text
from callbox.channels.email.inbound.recognising import bounce_in, is_spam, kind_of
from callbox.wire.authentication import Caller
from tests.channels.mails import MAILS

CALLER = Caller("w", "W", "UTC", 0, 0, frozenset(), 1, "ada@shop.example", "Ada", link_key=b"key")
GRACE = ("Grace Hopper", "grace@example.com")


def read(raw: bytes) -> tuple[ParsedMail, Body]:
    mail = parse(raw)
    return mail, body_of(CALLER, mail)


def mail_of(headers: str, body: str = "Hello") -> bytes:
    """A mail of Grace's."""
    return f"From: Grace Hopper <grace@example.com>\r\n{headers}\r\n\r\n{body}\r\n".encode()


@pytest.mark.parametrize(
    ("name", "subject", "shown"),
    [
        ("plain", "Roster", "<p>The roster does not open.</p><p>It says &lt;error&gt; &amp; nothing else.</p>"),
        ("alternative", "Roster", '<p>The roster <b>does not</b> open.</p><img src="https://example.com/a.png">'),
        ("top_posted_gmail", "Re: Roster", "<div>It works now, thanks!</div>"),
        ("top_posted_outlook", "RE: Roster", "<div><p>It doesn’t open still…</p></div>"),  # noqa: RUF001
        ("bottom_posted", "Re: Roster", "<p>Yes, with both.</p>"),
        ("quoted_in_italian", "Re: Turni", "<p>Funziona, grazie!</p>"),
        ("sent_from_phone", "Re: Roster", "<p>Yes, please.</p>"),
        ("calendar", "Invitation: Review", "<p>You are invited.</p>"),
        ("message_inside", "See attached", "<p>See the mail that I got.</p>"),
        ("latin1", "Dienstplan für März", "<p>Schöne Grüße, 5 € zu wenig.</p>"),
        ("japanese", "シフト表", "<p>開きません。</p>"),
        ("wrong_charset_name", "caféâ end", "<p>It costs 5 €.</p>"),
        ("broken_base64", "Broken", "<p>Hello there</p><p>no end</p>"),
        ("broken_headers", "one two three", "<p>this is no header</p><p>Still here.</p>"),
        ("no_text", "A picture", ""),
        ("nested", "Nested", "<p>Hello</p>\n<p>A list's footer</p>"),
    ],
)
def test_a_mail_shows_what_its_writer_wrote(name: str, subject: str, shown: str) -> None:
    mail, body = read(MAILS[name])
    assert mail.sender is not None
    assert mail.sender.address == GRACE[1]
    assert (mail.subject, body.html) == (subject, shown)


def test_answers_between_quotations_are_shown_with_them() -> None:
    _, body = read(MAILS["interleaved"])
    for said in ("Did you try again?", "Yes.", "And with another browser?", "With two others."):
        assert said in body.html


@pytest.mark.parametrize(
    ("name", "attached"),
    [
        ("inline_picture", [("Stundenpläne.csv", "text/csv")]),
        ("calendar", [("invite.ics", "text/calendar")]),
        ("message_inside", [("message.eml", "message/rfc822"), ("winmail.dat", "application/octet-stream")]),
        ("broken_base64", [("a.pdf", "application/pdf")]),
        ("no_text", [("p.png", "image/png")]),
        ("nested", []),
    ],
)
def test_files_are_kept_under_names_without_paths(name: str, attached: list[tuple[str, str]]) -> None:
    _, body = read(MAILS[name])
    assert [(file.name, file.content.content_type) for file in body.attached] == attached


def test_a_picture_in_the_text_is_shown_there_and_not_attached() -> None:
    _, body = read(MAILS["inline_picture"])
    [picture] = body.pictures
    assert f"/files/w/{picture.id}/shot.png?expires=" in html.unescape(body.html)
    assert "cid:" not in body.html
    assert picture.id not in [file.id for file in body.attached]


def test_an_attached_message_is_the_message() -> None:
    _, body = read(MAILS["message_inside"])
    assert parse(body.attached[0].data).subject == "Strange"


@pytest.mark.parametrize(
    ("header", "name", "address"),
    [
        ("=?utf-8?q?Gr=C3=A4ce?= <g@example.com>", "Gräce", "g@example.com"),
        ('"Hopper, Grace" <g@example.com>', "Hopper, Grace", "g@example.com"),
        ("Gräce <g@example.com>", "Gräce", "g@example.com"),
        # What an encoded word says is a name, even if it looks like an address.
        ("=?utf-8?q?ada=40shop.example=2C?= <g@example.com>", "ada@shop.example,", "g@example.com"),
        ("g@example.com (Grace)", "Grace", "g@example.com"),
    ],
)
def test_a_writer_is_whom_the_header_names(header: str, name: str, address: str) -> None:
    sender = parse(f"From: {header}\r\n\r\nHello".encode()).sender
    assert sender is not None
    assert (sender.name, sender.address) == (name, address)


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Thanks,\nI still see it.\n\n- one\n- two", "Thanks,\nI still see it.\n\n- one\n- two"),
        ("Yes\n\n-----Original Message-----\nFrom: Ada\nSent: Monday\nSubject: x\n\nDid you?", "Yes"),
        ("Ja\n\nAm 02.11.2026 um 09:00 schrieb Ada:\n> Haben Sie?\n", "Ja"),
        ("はい\n\n2026年11月2日(月) 9:00 Ada <ada@shop.example>:\n\n> どう\n", "はい"),
        ("> only\n> a\n> quotation", "> only\n> a\n> quotation"),
        ("-- \nonly a signature", "-- \nonly a signature"),
        ("On Monday Ada wrote:\n> Really?\n", "On Monday Ada wrote:\n> Really?"),
        ("Yes\n__\nGrace", "Yes"),
        ("First\n--\nSecond\n-- \nGrace", "First\n--\nSecond"),
    ],
)
def test_only_what_is_certainly_quotation_or_signature_is_cut(text: str, own: str) -> None:
    assert own_text(text) == own


INTRO = "On Mon, 2 Nov 2026, at 09:00, Ada &lt;support@shop.example&gt; wrote:"
OUTLOOK = "<b>{}:</b> Ada<br><b>{}:</b> 2.11.<br><b>{}:</b> Grace<br><b>{}:</b> x"


@pytest.mark.parametrize(
    ("markup", "own"),
    [
        (
            f'Now.<br><div><br><blockquote type="cite"><div>{INTRO}</div><br><div>Did you?</div></blockquote></div>',
            "<p>Now.</p>",
        ),
        (
            '<div>Still not.</div><div id="Signature"><p>Grace</p></div><hr><div id="divRplyFwdMsg">'
            f"{OUTLOOK.format('From', 'Sent', 'To', 'Subject')}</div><div>Did you?</div>",
            "<div>Still not.</div>",
        ),
        (
            f"<div>Nein.</div><div>{OUTLOOK.format('Von', 'Gesendet', 'An', 'Betreff')}</div><div>Und?</div>",
            "<div>Nein.</div>",
        ),
        (
            f'<div class="moz-cite-prefix">{INTRO}<br></div><blockquote type="cite"><p>Did you?</p></blockquote>'
            '<p>Yes I did</p><div class="moz-signature">-- <br>Grace</div>',
            "<p>Yes I did</p>",
        ),
        (
            '<div dir="ltr">Funziona</div><div class="gmail_quote"><div class="gmail_attr">Il giorno lun 2 nov 2026 '
            'Ada ha scritto:<br></div><blockquote class="gmail_quote">Ha provato?</blockquote></div>',
            "<div>Funziona</div>",
        ),
        (
            f"<div>Yes</div><div>Sent from my iPhone</div><div><br><blockquote>{INTRO}</blockquote></div>"
            "<blockquote><div>Shall I?</div></blockquote>",
            "<div>Yes</div>",
        ),
        ("<blockquote>only a quotation</blockquote>", "<blockquote>only a quotation</blockquote>"),
        (
            f'<div class="moz-cite-prefix">{INTRO}</div><blockquote><p>One?</p></blockquote><p>Yes</p>'
            '<blockquote><p>Two?</p></blockquote><p>No</p><div class="moz-signature">-- <br>Grace</div>',
            f"<div>{INTRO}</div><blockquote><p>One?</p></blockquote><p>Yes</p>"
            "<blockquote><p>Two?</p></blockquote><p>No</p>",
        ),
    ],
    ids=["Apple Mail", "Outlook", "Outlook in German", "below", "unknown language", "phone", "nothing else", "between"],
)
def test_quotations_of_many_programs_are_cut_off(markup: str, own: str) -> None:
    _, body = read(mail_of("Subject: Re: x\r\nContent-Type: text/html; charset=utf-8", markup))
    assert body.html.strip() == own


def test_what_somebody_forwards_is_what_they_say() -> None:
    mail, body = read(MAILS["forwarded"])
    assert "nothing in my roster" in body.html
    forwarded = forwarded_in(mail, body.html)
    assert forwarded is not None
    assert (forwarded.sender.name, forwarded.sender.address) == ("Mary Jackson", "mary@example.org")
    assert forwarded.subject == "My roster is empty"
    assert forwarded.html == "<p>Since yesterday there is nothing in my roster.</p><p>Mary</p>"
    assert forwarded.comment == "<p>Can somebody look at this?</p>"


def test_a_reply_is_no_forward_whatever_it_quotes() -> None:
    mail, body = read(MAILS["forwarded"].replace(b"Subject: Fwd: My", b"Subject: Re: My"))
    assert forwarded_in(mail, body.html) is None


@pytest.mark.parametrize(
    ("headers", "sender", "kind"),
    [
        ("Subject: Roster", "grace@example.com", "written"),
        ("Auto-Submitted: no", "grace@example.com", "written"),
        ("Auto-Submitted: auto-replied; owner=grace", "grace@example.com", "answer"),
        ("Auto-Submitted: auto-generated", "grace@example.com", "notice"),
        ("Precedence: bulk", "grace@example.com", "notice"),
        ("Precedence: auto_reply", "grace@example.com", "answer"),
        ("X-Autoreply: yes", "grace@example.com", "answer"),
        ("Subject: Out of office: back on Monday", "grace@example.com", "answer"),
        ("Subject: Abwesenheitsnotiz: Urlaub", "grace@example.com", "answer"),
        ("Subject: Roster", "", "answer"),
    ],
)
def test_mails_of_programs_are_told_from_those_of_people(headers: str, sender: str, kind: str) -> None:
    assert kind_of(parse(mail_of(headers)), sender) == kind


def test_a_mail_that_a_filter_marked_is_spam() -> None:
    assert is_spam(parse(mail_of("X-Spam-Flag: YES")))
    assert not is_spam(parse(mail_of("X-Spam-Flag: NO")))


def test_a_delivery_report_names_the_mail_and_the_reason() -> None:
    mail = parse(MAILS["delivery_report"])
    assert kind_of(mail, "") == "report"
    bounce = bounce_in(mail.message)
    assert bounce is not None
    assert bounce.hard
    assert (bounce.recipient, bounce.text) == ("gone@example.org", "550 5.1.1 No such user")
    assert bounce.message_ids == ["ours@shop.example"]


@pytest.mark.parametrize(
    ("action", "status", "diagnostic", "what"),
    [
        ("failed", "5.1.1", "550 5.1.1 No such user", ("final", "hard")),
        ("failed", "5.0.0", "550-5.1.1 The account that you tried to reach does not exist", ("final", "hard")),
        ("failed", "5.0.0", "550 Unknown user", ("final", "hard")),
        ("failed", "5.0.0", "", ("final", "soft")),
        ("failed", "5.2.2", "552 5.2.2 The mailbox is full", ("final", "soft")),
        ("failed", "5.7.1", "550 5.7.1 We take this for spam", ("final", "soft")),
        ("failed", "5.1.8", "553 5.1.8 The sender's domain is unknown", ("final", "soft")),
        ("failed", "4.4.7", "Delivery time expired", ("final", "soft")),
        ("failed", "5.0.0", "552 Too large, see 192.5.1.1", ("final", "soft")),
        ("delayed", "5.1.1", "550 5.1.1 No such user", ("late", "soft")),
        ("delivered", "2.0.0", "250 OK", None),
    ],
)
def test_only_where_nobody_is_a_failure_is_hard(
    action: str, status: str, diagnostic: str, what: tuple[str, str] | None
) -> None:
    report = MAILS["delivery_report"].replace(b"Action: failed", f"Action: {action}".encode())
    report = report.replace(b"Status: 5.1.1", f"Status: {status}".encode())
    bounce = bounce_in(parse(report.replace(b"550 5.1.1 No such user", diagnostic.encode())).message)
    found = bounce and ("final" if bounce.final else "late", "hard" if bounce.hard else "soft")
    assert found == what


def test_parts_nested_without_end_are_unreadable() -> None:
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (depth, depth) for depth in range(3000)
    )
    with pytest.raises(Unreadable):
        parse(nested)


LONG_TYPE = b"--m\r\nContent-Type: text/plain; " + b"a=b; " * 20_000 + b"\r\n\r\nx\r\n"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"X: y\r\n" * 200_000 + b"From: grace@example.com\r\n\r\nHello", "headers are too large"),
        (b"Content-Type: multipart/mixed; boundary=m\r\n\r\n" + b"--m\r\n\r\n" * 100_000, "too many parts"),
    ],
    ids=["head", "parts"],
)
def test_what_would_take_very_long_is_not_read(raw: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        parse(raw)


def test_reading_ends_where_it_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line is compared with the ends of all parts around it."""
    monkeypatch.setattr(parsing, "_MOST_SECONDS", 0.1)
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (depth, depth) for depth in range(200)
    )
    with pytest.raises(Unreadable, match="takes too long to read"):
        parse(nested + b"-\n" * 2_000_000)


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: multipart/mixed; boundary=m\r\n\r\n" + LONG_TYPE * 3,
        b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"9" * 1_000_000,
    ],
    ids=["parameters", "charset"],
)
def test_what_takes_long_alone_is_passed_over(raw: bytes) -> None:
    """What takes a time that grows with the square of the header or the text would not end here."""
    assert parse(raw).text


def test_of_very_many_files_some_stay_in_the_original_alone() -> None:
    parts = "".join(f"--m\r\nContent-Type: application/x; name=f{number}\r\n\r\nx\r\n" for number in range(2000))
    _, body = read(mail_of("Content-Type: multipart/mixed; boundary=m", f"{parts}--m--"))
    assert len(body.attached) == MAX_FILES


@pytest.mark.parametrize(
    "text",
    [
        "Am " + "schrieb " * 20_000,
        "On " * 50_000,
        "From: a\n" * 20_000,
        "> " * 100_000,
        "On a\n" * 20_000,
        "-- \n" * 20_000,
        "Sent from my " * 20_000,
    ],
    ids=lambda text: text[:12],
)
@pytest.mark.parametrize("content_type", ["text/plain", "text/html"])
def test_no_text_keeps_the_worker_busy(text: str, content_type: str) -> None:
    """What takes a time that grows with the square of the text, or worse, would not end here."""
    for subject in ("Re: x", "Fwd: x"):
        mail, body = read(mail_of(f"Content-Type: {content_type}\r\nSubject: {subject}", text))
        assert body.html
        assert forwarded_in(mail, body.html) is None


MANY = ["<div class='gmail_signature'>x</div>" * 5_000, "<p></p>" * 25_000, "<div>x</div><br>" * 10_000]


@pytest.mark.parametrize(
    "markup", ["<" * 400_000, "<div>" * 50_000, "<p>On a wrote:<br>" * 9_000, "x" * 600_000, *MANY]
)
def test_markup_that_is_too_much_is_shown_as_words(markup: str) -> None:
    _, body = read(mail_of("Content-Type: text/html", f"Hello {markup}"))
    assert body.html.startswith(("<p>Hello", "Hello"))


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_mutation_of_a_mail_stops_the_reading(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from(list(MAILS.values()))))
    for _ in range(data.draw(st.integers(1, 8))):
        start = data.draw(st.integers(0, len(raw)))
        end = data.draw(st.integers(start, min(len(raw), start + 200)))
        replacement = data.draw(
            st.one_of(
                st.binary(max_size=20),
                st.sampled_from([b"", b"\r\n", b"\n\n", b"\x00", b"\xff\xfe", b"=?utf-8?b?", b"--m1\r\n", b"<", b"%"]),
                st.just(bytes(raw[start:end]) * 2),
            )
        )
        raw[start:end] = replacement
    try:
        mail, body = read(bytes(raw))
    except Unreadable:
        return
    kind_of(mail, "")
    bounce_in(mail.message)
    forwarded_in(mail, body.html)
    shown = [mail.subject, body.html, *(file.name for file in body.attached)]
    assert all("\x00" not in text and text.encode() is not None for text in shown)
