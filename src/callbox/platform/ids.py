"""Identifiers in the forms that clients expect: 24 hexadecimal characters that begin with the time, and codes."""

import itertools
import os
import secrets
import uuid as uuid_library
from datetime import datetime

_LETTERS_AND_DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789"

_process_part = secrets.token_hex(5)
_counter = itertools.count(secrets.randbelow(1 << 23))


def _renew_process_part() -> None:
    global _process_part  # noqa: PLW0603  # a forked process must not repeat its parent's ids
    _process_part = secrets.token_hex(5)


os.register_at_fork(after_in_child=_renew_process_part)


def object_id(created_at: datetime) -> str:
    """An id for a contact, company, segment or visitor; ids sort by their second of creation."""
    return f"{int(created_at.timestamp()):08x}{_process_part}{next(_counter) & 0xFFFFFF:06x}"


def workspace_code() -> str:
    """The short code that is a workspace's id everywhere."""
    return "".join(secrets.choice(_LETTERS_AND_DIGITS) for _ in range(8))


def job_identifier() -> str:
    """The id of a job that a client asks after."""
    return "".join(secrets.choice(_LETTERS_AND_DIGITS) for _ in range(16))


def access_token() -> str:
    """A new secret; only its SHA-256 is stored."""
    return f"cbx_{secrets.token_urlsafe(32)}"


def uuid() -> str:
    """A random UUID, for external ids of leads, visitors, scrolls and log entries."""
    return str(uuid_library.uuid4())
