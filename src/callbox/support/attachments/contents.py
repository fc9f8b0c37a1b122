"""What a file is, by its first bytes: people's programs say all kinds of things about what they send."""

import io
from typing import NamedTuple

import imagesize  # type: ignore[import-untyped]
import puremagic

_UNKNOWN = "application/octet-stream"
# A browser shows these on the server's own address without running anything of theirs.
SHOWN_IN_PLACE = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "audio/mpeg", "video/mp4", "text/plain", "application/pdf"}
)
# What text may be by its claim alone; none of it is anything that a browser would run.
_CLAIMS = frozenset({"text/csv", "text/markdown", "text/calendar", "application/json", "message/rfc822"})


class Content(NamedTuple):
    """A media type, and the size of a picture."""

    content_type: str
    width: int | None
    height: int | None


def content_of(data: bytes, claimed: str) -> Content:
    """What the bytes are, whatever was claimed; the claim counts where they do not tell, unless it is a page."""
    content_type = _recognised(data) or _text_type(data, claimed)
    width = height = None
    if content_type.startswith("image/"):
        found = imagesize.get(io.BytesIO(data))
        width, height = (size if size > 0 else None for size in found)
    return Content(content_type, width, height)


def _recognised(data: bytes) -> str | None:
    try:
        found: str = puremagic.from_string(data, mime=True)
    except (puremagic.PureError, ValueError):
        return None
    return found or None


def _text_type(data: bytes, claimed: str) -> str:
    try:
        data.decode()
    except UnicodeDecodeError:
        return _UNKNOWN
    return claimed if claimed in _CLAIMS else "text/plain"
