"""The page of a conversation on a phone, as HTML without script. Everything in a line is safe already."""

from html import escape
from typing import NamedTuple

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2733; --paper: #f5f6f8; --card: #fff; --own: #1f5fbf; --dim: #66727f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ebee; --paper: #14191f; --card: #222a33; --own: #2b6fd6; --dim: #98a3ae; }
}
* { box-sizing: border-box; }
body { margin: 0; font: 17px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
header { padding: 1rem; background: var(--card); border-bottom: 1px solid #8883; }
h1 { margin: 0; font-size: 1.15rem; }
header p { margin: .2rem 0 0; color: var(--dim); font-size: .9rem; }
main { max-width: 40rem; margin: 0 auto; padding: 1rem; }
ol { list-style: none; margin: 0; padding: 0; }
li { max-width: 85%; margin: 0 0 .9rem; padding: .7rem .9rem; border-radius: 1rem 1rem 1rem .3rem;
  background: var(--card); overflow-wrap: anywhere; }
li.own { margin-left: auto; border-radius: 1rem 1rem .3rem 1rem; background: var(--own); color: #fff; }
li p { margin: 0 0 .4rem; } li img { max-width: 100%; height: auto; } li a { color: inherit; }
li small { display: block; color: var(--dim); } li.own small { color: #dbe7fa; }
form { margin-top: 1.2rem; }
label { display: block; margin-bottom: .4rem; font-weight: 600; }
textarea { width: 100%; min-height: 7rem; padding: .7rem; font: inherit; color: inherit; background: var(--card);
  border: 1px solid #8888; border-radius: .7rem; resize: vertical; }
button { width: 100%; margin-top: .7rem; padding: .85rem; font: inherit; font-weight: 600; color: #fff;
  background: var(--own); border: 0; border-radius: .7rem; }
:focus-visible { outline: 3px solid var(--own); outline-offset: 2px; }
"""
SECURITY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src https: http: data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


class Line(NamedTuple):
    """Something that was said. All of it is HTML that may be shown as it is."""

    is_own: bool
    name: str
    body: str
    time: str
    files: list[tuple[str, str]]


def conversation_page(firm: str, lines: list[Line], most_characters: int) -> str:
    """What was said so far, and the form to say more."""
    welcome = "Write us here instead of waiting on the phone." if not lines else "Your conversation with us"
    said = f"<ol>{''.join(map(_line, lines))}</ol>" if lines else ""
    return _page(
        firm,
        f"""<header><h1>{escape(firm)}</h1><p>{welcome}</p></header>
<main>{said}
<form method="post">
<label for="message">Your message</label>
<textarea id="message" name="message" required maxlength="{most_characters}"></textarea>
<button type="submit">Send</button>
</form></main>""",
    )


def sorry_page(reason: str) -> str:
    """Why there is nothing to see."""
    return _page("Sorry", f"<header><h1>Sorry</h1></header><main><p>{escape(reason)}</p></main>")


def _line(line: Line) -> str:
    files = "".join(f'<p><a href="{url}" rel="noopener">{name}</a></p>' for url, name in line.files)
    who = "You" if line.is_own else line.name
    return (
        f'<li class="{"own" if line.is_own else "theirs"}">{line.body}{files}'
        f"<small>{who}, <time>{line.time} UTC</time></small></li>"
    )


def _page(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{escape(title)}</title><style>{_STYLE}</style></head>
<body>{body}</body>
</html>
"""
