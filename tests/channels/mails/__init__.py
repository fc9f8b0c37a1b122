"""Mails of our own in many shapes."""

from pathlib import Path

MAILS = {path.stem: path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.eml"))}
