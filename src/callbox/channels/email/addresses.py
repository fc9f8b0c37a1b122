"""Addresses made for one purpose: to answer in one conversation as one person, and to return what cannot be delivered.

They carry what they are for, signed with the workspace's key, so nobody can make one up or turn one into another.
Mail programs may change the case of an address, so all of it is lower case; it fits into the 64 characters that
stand before the @.
"""

import base64
import hashlib
import hmac
import re

import msgspec

from callbox.platform.database import Connection
from callbox.workspace.workspaces import link_key_of

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
# 72 bits, which can only be tried over the network; more would not fit.
_SIGNATURE_BYTES = 9
_REPLY = re.compile(
    r"(?P<signed>reply\+(?P<workspace>[a-z0-9]+)-(?P<kind>[cm])(?P<number>[a-z0-9]{1,13})"
    r"-(?P<person>[pa])(?P<person_id>[a-z0-9]{1,20}))\.(?P<signature>[a-z2-7]{15})@[^@]+"
)
_BOUNCE = re.compile(
    r"(?P<signed>bounce\+(?P<workspace>[a-z0-9]+)-(?P<number>[a-z0-9]{1,13}))\.(?P<signature>[a-z2-7]{15})@[^@]+"
)


class ReplyTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Where mail to a reply address belongs, and who writes by it: a contact or an admin.

    Of conversation and message, one is set: a message is answered while no conversation has come of it.
    """

    workspace_id: str
    conversation_id: int | None = None
    message_id: int | None = None
    contact_id: str | None = None
    admin_id: int | None = None


class BounceTarget(msgspec.Struct, frozen=True):
    """The mail that a returned one was."""

    workspace_id: str
    email_id: int


def reply_address(link_key: bytes, domain: str, target: ReplyTarget) -> str:
    """The address to answer to. The key is the workspace's."""
    number = f"c{_base36(target.conversation_id)}" if target.conversation_id else f"m{_base36(target.message_id or 0)}"
    person = f"p{_packed(target.contact_id)}" if target.contact_id else f"a{_base36(target.admin_id or 0)}"
    return _signed(link_key, f"reply+{target.workspace_id}-{number}-{person}", domain)


def bounce_address(link_key: bytes, domain: str, target: BounceTarget) -> str:
    """The address that a mail returns to when it cannot be delivered."""
    return _signed(link_key, f"bounce+{target.workspace_id}-{_base36(target.email_id)}", domain)


async def read_reply_address(held: Connection, address: str) -> ReplyTarget | None:
    """What a reply address was made for; None if it is none, or was not made here."""
    found = await _verified(held, _REPLY, address)
    if found is None:
        return None
    number, person_id = int(found["number"], 36), found["person_id"]
    is_contact, is_conversation = found["person"] == "p", found["kind"] == "c"
    return ReplyTarget(
        workspace_id=found["workspace"],
        conversation_id=number if is_conversation else None,
        message_id=None if is_conversation else number,
        contact_id=_unpacked(person_id) if is_contact else None,
        admin_id=None if is_contact else int(person_id, 36),
    )


async def read_bounce_address(held: Connection, address: str) -> BounceTarget | None:
    """The mail that a bounce address belongs to; None if it is none, or was not made here."""
    found = await _verified(held, _BOUNCE, address)
    return None if found is None else BounceTarget(found["workspace"], int(found["number"], 36))


async def _verified(held: Connection, form: re.Pattern[str], address: str) -> re.Match[str] | None:
    found = form.fullmatch(address.strip().lower())
    if found is None:
        return None
    # An unknown workspace takes the same steps as a wrong signature.
    link_key = await link_key_of(held, found["workspace"]) or b""
    genuine = hmac.compare_digest(_signature(link_key, found["signed"]), found["signature"])
    return found if genuine and link_key else None


def _signed(link_key: bytes, local_part: str, domain: str) -> str:
    return f"{local_part}.{_signature(link_key, local_part)}@{domain}"


def _signature(link_key: bytes, signed: str) -> str:
    digest = hmac.new(link_key, signed.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:_SIGNATURE_BYTES]).decode().lower().rstrip("=")


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"


def _packed(contact_id: str) -> str:
    """A contact's 24 hexadecimal characters in 20."""
    return base64.b32encode(bytes.fromhex(contact_id)).decode().lower().rstrip("=")


def _unpacked(packed: str) -> str:
    return base64.b32decode(packed.upper() + "=" * (-len(packed) % 8)).hex()
