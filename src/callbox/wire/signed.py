"""Tokens that say something themselves, signed with the key of the workspace that they begin with."""

import base64
import binascii
import hashlib
import hmac
from typing import TypeVar

import msgspec

Content = TypeVar("Content", bound=msgspec.Struct)

_LONGEST_TOKEN = 2_000


def signed(key: bytes, purpose: str, workspace_id: str, content: msgspec.Struct) -> str:
    """A token that is good for one purpose."""
    text = f"{workspace_id}.{_to_text(msgspec.json.encode(content))}"
    return f"{text}.{_to_text(_signature(key, purpose, text))}"


def workspace_of(token: str) -> str:
    """The workspace that a token claims to be of; its key tells whether that is true."""
    return token[:_LONGEST_TOKEN].partition(".")[0]


def verified(key: bytes, purpose: str, token: str, content: type[Content]) -> Content | None:
    """What a token says, or None where nobody signed it for this purpose."""
    text, _, signature = token[:_LONGEST_TOKEN].rpartition(".")
    if not hmac.compare_digest(_to_text(_signature(key, purpose, text)).encode(), signature.encode()):
        return None
    try:
        return msgspec.json.decode(_to_bytes(text.partition(".")[2]), type=content)
    except (msgspec.MsgspecError, binascii.Error, ValueError):
        return None


def _signature(key: bytes, purpose: str, text: str) -> bytes:
    return hmac.digest(key, f"{purpose}\n{text}".encode(), hashlib.sha256)


def _to_text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _to_bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
