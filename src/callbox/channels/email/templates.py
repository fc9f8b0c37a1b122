"""What mails look like: HTML that mail programs show alike, and the same as plain text.

The HTML of bodies was made safe when it was written; everything else is escaped here. Styles stand in the elements,
because many mail programs drop style sheets.
"""

import html
import re
from collections.abc import Sequence

import msgspec

from callbox.channels.email.composing_queries import PartRow
from callbox.wire.html import plain_text

_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:15px;line-height:1.5"
_SMALL = "font-size:13px;line-height:1.5;color:#6b7280"
# Programs that do read style sheets keep pictures inside the page, and paragraphs close.
_SHEET = (
    "img{max-width:100%;height:auto}p{margin:0 0 12px}a{color:#2456c9}"
    "blockquote{margin:0 0 12px;padding-left:12px;border-left:3px solid #d7dbe2;color:#4b5563}"
    "pre{white-space:pre-wrap;background:#f4f5f7;padding:12px;border-radius:6px}"
)
_LINK = re.compile(r'<a [^>]*?href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)


class Written(msgspec.Struct):
    """A mail's text in both forms."""

    html: str
    plain: str


class Link(msgspec.Struct):
    """A file that is not sent along."""

    name: str
    url: str


def personal(body: str, signature: str | None) -> Written:
    """As a person writes from a mail program: the text, and a signature below it."""
    return Written(_page(body + _signed(signature)), _plain(body) + _plainly_signed(signature))


def plain(body: str, sender_name: str, signature: str | None, unsubscribe_url: str) -> Written:
    """A sheet in the sender's name, with a way out at its foot."""
    name = html.escape(sender_name)
    foot = f'Sent by {name} · <a href="{html.escape(unsubscribe_url)}" style="color:#6b7280">Unsubscribe</a>'
    written = _page(_sheet(name, body + _signed(signature), foot), background="#f4f5f7")
    text = f"{_plain(body)}{_plainly_signed(signature)}\n\n--\nSent by {sender_name}\nUnsubscribe: {unsubscribe_url}"
    return Written(written, text)


def replies(parts: Sequence[PartRow], links: Sequence[Link], signature: str | None) -> Written:
    """What teammates wrote, oldest first. Of several parts, each says who wrote it."""
    if len(parts) == 1:
        blocks, texts = [parts[0].body], [_plain(parts[0].body)]
    else:
        blocks = [f'<p style="margin:0 0 4px"><strong>{_name(part)}</strong></p>{part.body}' for part in parts]
        texts = [f"{part.admin_name}:\n{_plain(part.body)}" for part in parts]
    if links:
        listed = "<br>".join(f'<a href="{html.escape(each.url)}">{html.escape(each.name)}</a>' for each in links)
        blocks.append(f"<p>{listed}</p>")
        texts.append("\n".join(f"{each.name}: {each.url}" for each in links))
    rule = '<hr style="border:0;border-top:1px solid #e3e6eb;margin:16px 0">'
    return Written(_page(rule.join(blocks) + _signed(signature)), "\n\n".join(texts) + _plainly_signed(signature))


def ticket_taken_in(sender_name: str, number: int, title: str) -> Written:
    """Word that a ticket was taken in."""
    subject = f" about “{title}”" if title else ""
    body = (
        f"<p>Your request{html.escape(subject)} has been received. Its number is <strong>#{number}</strong>.</p>"
        "<p>We will write to you as soon as there is news. To add something, reply to this mail.</p>"
    )
    name = html.escape(sender_name)
    written = _page(_sheet(name, body, f"Sent by {name}"), background="#f4f5f7")
    return Written(written, f"{_plain(body)}\n\n--\nSent by {sender_name}")


def _name(part: PartRow) -> str:
    return html.escape(part.admin_name)


def _page(content: str, background: str = "#ffffff") -> str:
    return (
        '<!DOCTYPE html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<style>{_SHEET}</style></head><body style="margin:0;padding:16px;background:{background};color:#1d2433;'
        f'{_FONT}">{content}</body></html>'
    )


def _sheet(name: str, body: str, foot: str) -> str:
    """Tables, for some mail programs know no other way to lay out a page."""
    return (
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center">'
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:600px">'
        f'<tr><td style="padding:8px 24px 12px;font-weight:600">{name}</td></tr>'
        '<tr><td style="padding:24px;background:#ffffff;border:1px solid #e3e6eb;border-radius:8px;'
        f'{_FONT}">{body}</td></tr>'
        f'<tr><td style="padding:12px 24px;{_SMALL}">{foot}</td></tr></table></td></tr></table>'
    )


def _signed(signature: str | None) -> str:
    return f'<div style="margin-top:20px;{_SMALL}">{signature}</div>' if signature else ""


def _plainly_signed(signature: str | None) -> str:
    return f"\n\n-- \n{_plain(signature)}" if signature else ""


def _plain(markup: str) -> str:
    """What a person reads, with where links lead."""
    return plain_text(_LINK.sub(_spelled_out, markup).replace("</p>", "</p>\n"))


def _spelled_out(link: re.Match[str]) -> str:
    target, shown = link[1], link[2]
    return shown if html.unescape(target).removeprefix("mailto:") == plain_text(shown) else f"{shown} ({target})"
