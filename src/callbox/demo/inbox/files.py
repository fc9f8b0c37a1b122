"""What people attach: little pictures of rosters, and lists of hours."""

import base64
import struct
import zlib
from random import Random

from callbox.support.attachments.service import AttachmentFile

_CELL, _LINE = 26, 2
_DAYS, _LABEL = 7, 3
_PAPER, _INK = (250, 249, 246), (222, 219, 212)
_SHIFTS = ((86, 140, 199), (236, 168, 84), (104, 98, 156), (120, 178, 128))
_FAULT = (208, 74, 70)

Colour = tuple[int, int, int]


def picture(draw: Random, number: int) -> AttachmentFile:
    """A screenshot of a week: a line a person, a coloured cell a shift, and one that should not be so."""
    rows = [_week(draw) for _ in range(draw.randint(4, 9))]
    draw.choice(rows)[draw.randrange(_LABEL, _LABEL + _DAYS)] = _FAULT
    name = draw.choice(("screenshot-{}.png", "roster-{}.png", "IMG_{}.png"))
    return _file(name.format(4100 + number), "image/png", _png(rows))


def _week(draw: Random) -> list[Colour]:
    shift = draw.choice(_SHIFTS)
    days = [shift if draw.random() < 0.7 else _PAPER for _ in range(_DAYS)]
    name = draw.randint(1, _LABEL)
    return [_INK] * name + [_PAPER] * (_LABEL - name) + days


def _png(rows: list[list[Colour]]) -> bytes:
    """The cells as a picture, each with a line around it."""
    width = (_LABEL + _DAYS) * _CELL
    pixels = bytearray()
    for row in rows:
        for y in range(_CELL):
            line = b"".join(
                bytes(_PAPER if y < _LINE else colour) * (_CELL - _LINE) + bytes(_PAPER) * _LINE for colour in row
            )
            pixels += b"\0" + line
    header = struct.pack(">IIBBBBB", width, len(rows) * _CELL, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def paper(draw: Random, number: int) -> AttachmentFile:
    """A list of hours, as payroll would read it."""
    lines = ["staff number;day;from;to;break;hours"]
    for day in range(1, draw.randint(8, 22)):
        begins, length, rest = draw.choice((6, 7, 14, 22)), draw.randint(6, 9), draw.choice((0, 30, 45))
        ends = (begins + length) % 24
        hours = length - rest / 60
        lines.append(f"{1000 + number};{day:02};{begins:02}:00;{ends:02}:00;{rest};{hours:.2f}")
    name = draw.choice(("hours-{}.txt", "export-{}.txt", "example-{}.txt"))
    return _file(name.format(number), "text/plain", "\n".join(lines).encode())


def _file(name: str, content_type: str, data: bytes) -> AttachmentFile:
    return AttachmentFile(content_type, base64.b64encode(data).decode(), name)
