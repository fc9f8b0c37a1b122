"""In whose name a workspace's mail goes out, and at which addresses it gets mail."""

import re
import subprocess
from typing import Annotated, Literal

import msgspec
from asyncpg import UniqueViolationError
from msgspec import UNSET, Meta, UnsetType

from callbox.channels.email import settings_queries
from callbox.channels.email.settings_queries import SenderRow
from callbox.platform.database import Connection, connection, transaction
from callbox.wire.authentication import Caller
from callbox.wire.decode import Name
from callbox.wire.email_addresses import email_address
from callbox.wire.errors import Conflict, ParameterInvalid
from callbox.wire.html import sanitise

_MAX_ADDRESSES = 100
_DOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_KEY_BITS = "2048"
# What a TXT record's one string may hold.
_TXT_LENGTH = 255

_email_domain = "localhost"


def set_email_domain(domain: str) -> None:
    """The domain of workspaces that have not set one. Told once at start."""
    global _email_domain  # noqa: PLW0603  # one domain a process
    _email_domain = domain


class SupportAddressTaken(Conflict):
    """An address leads to one workspace."""

    message = "The address belongs to another workspace"


class OpensslMissing(ParameterInvalid):
    """The program that makes keys is not installed."""

    message = (
        "The program openssl makes the key, and is not installed here. Install it (Debian, Ubuntu: apt-get install "
        "openssl), or run this command on a machine that has it, with CALLBOX_DATABASE_URL set to this database"
    )


class Dkim(msgspec.Struct, frozen=True):
    """What signs a workspace's mail: the private key, and where receivers find the public one."""

    domain: str
    selector: str
    private_key: str


class Sender(msgspec.Struct, frozen=True):
    """In whose name mail goes out. The signature is HTML."""

    workspace_id: str
    link_key: bytes
    name: str
    address: str
    inbound_domain: str
    signature: str | None
    dkim: Dkim | None


class DkimView(msgspec.Struct):
    """Which key signs the mail; where its public half is to be published."""

    domain: str
    selector: str


class EmailSettings(msgspec.Struct):
    """How a workspace sends and gets mail. What is null takes the installation's default, which `sends_as` shows."""

    type: Literal["email_settings"]
    sender_name: str | None
    sender_address: str | None
    inbound_domain: str | None
    support_addresses: list[str]
    signature: str | None
    dkim: DkimView | None
    sends_as: str
    receives_at: str


class UpdateEmailSettingsRequest(msgspec.Struct):
    """What is to change. Mail to a support address or to the sender's begins a conversation."""

    sender_name: Name | UnsetType | None = UNSET
    sender_address: Annotated[str, Meta(max_length=254)] | UnsetType | None = UNSET
    inbound_domain: str | UnsetType | None = UNSET
    support_addresses: Annotated[list[str], Meta(max_length=_MAX_ADDRESSES)] | UnsetType = UNSET
    signature: Annotated[str, Meta(max_length=10_000)] | UnsetType | None = UNSET


async def workspace_named_in(held: Connection, address: str) -> str | None:
    """The workspace whose id stands in an address at one of its domains: such an address is nobody else's."""
    name, _, domain = address.rpartition("@")
    own_domain = await settings_queries.inbound_domain_of.first(held, name)
    return name if own_domain is not None and domain in {_email_domain, own_domain} else None


async def sender_of(held: Connection, workspace_id: str) -> Sender:
    """In whose name the workspace's mail goes out."""
    return _sender(workspace_id, await settings_queries.sender_row.one(held, workspace_id))


def _sender(workspace_id: str, row: SenderRow) -> Sender:
    dkim = None
    if row.dkim_domain and row.dkim_selector and row.dkim_private_key:
        dkim = Dkim(row.dkim_domain, row.dkim_selector, row.dkim_private_key)
    return Sender(
        workspace_id,
        row.link_key,
        row.sender_name or row.workspace_name,
        row.sender_address or f"{workspace_id}@{_email_domain}",
        row.inbound_domain or _email_domain,
        row.signature,
        dkim,
    )


async def get_settings(caller: Caller) -> EmailSettings:
    """How the caller's workspace sends and gets mail."""
    async with connection() as held:
        row = await settings_queries.sender_row.one(held, caller.workspace_id)
        addresses = await settings_queries.support_addresses.all(held, caller.workspace_id)
    sender = _sender(caller.workspace_id, row)
    return EmailSettings(
        type="email_settings",
        sender_name=row.sender_name,
        sender_address=row.sender_address,
        inbound_domain=row.inbound_domain,
        support_addresses=addresses,
        signature=row.signature,
        dkim=None if sender.dkim is None else DkimView(sender.dkim.domain, sender.dkim.selector),
        sends_as=sender.address,
        receives_at=sender.inbound_domain,
    )


async def update_settings(caller: Caller, request: UpdateEmailSettingsRequest) -> EmailSettings:
    """Change what is sent. Raises SupportAddressTaken where another workspace has an address."""
    async with transaction() as held:
        row = await settings_queries.sender_row.one(held, caller.workspace_id)
        if request.sender_name is not UNSET:
            row.sender_name = request.sender_name
        if request.sender_address is not UNSET:
            row.sender_address = (
                None if request.sender_address is None else _address("sender_address", request.sender_address)
            )
        if request.inbound_domain is not UNSET:
            row.inbound_domain = None if request.inbound_domain is None else _domain(request.inbound_domain)
        if request.signature is not UNSET:
            row.signature = sanitise(request.signature, "signature") if request.signature else None
        await settings_queries.store_settings.run(
            held, caller.workspace_id, row.sender_name, row.sender_address, row.inbound_domain, row.signature
        )
        await _set_addresses(held, caller, request, row.sender_address)
    return await get_settings(caller)


async def _set_addresses(
    held: Connection, caller: Caller, request: UpdateEmailSettingsRequest, sender_address: str | None
) -> None:
    """The support addresses, among which the sender's always is."""
    if request.support_addresses is UNSET:
        addresses = await settings_queries.support_addresses.all(held, caller.workspace_id)
    else:
        addresses = [_address("support_addresses", each) for each in request.support_addresses]
    if sender_address is not None:
        addresses.append(sender_address)
    for address in addresses:
        if await workspace_named_in(held, address) not in {None, caller.workspace_id}:
            raise SupportAddressTaken
    await settings_queries.keep_support_addresses.run(held, caller.workspace_id, addresses)
    try:
        await settings_queries.add_support_addresses.run(held, caller.workspace_id, sorted(set(addresses)))
    except UniqueViolationError:
        raise SupportAddressTaken from None


def _address(field: str, sent: str) -> str:
    try:
        address = email_address(sent).lower()
    except ParameterInvalid:
        raise ParameterInvalid(f"{field} must be an e-mail address, not {sent}") from None
    if not address.isascii():
        raise ParameterInvalid(f"{field} must be plain ASCII, not {sent}")
    return address


def _domain(sent: str) -> str:
    domain = sent.strip().lower()
    if not _DOMAIN.fullmatch(domain):
        raise ParameterInvalid(f"inbound_domain must be a domain such as mail.example.com, not {sent}")
    return domain


async def make_dkim_key(caller: Caller, domain: str, selector: str) -> str:
    """Give the workspace a new key to sign with; answers the DNS record that publishes it, in zone-file form."""
    if not _DOMAIN.fullmatch(domain) or not _DOMAIN.fullmatch(selector):
        raise ParameterInvalid("domain and selector must be names such as example.com and callbox")
    private_key = _openssl("genrsa", _KEY_BITS)
    public_key = _openssl("rsa", "-pubout", given=private_key)
    async with connection() as held:
        await settings_queries.store_dkim.run(held, caller.workspace_id, domain, selector, private_key)
    encoded = "".join(line for line in public_key.splitlines() if not line.startswith("-----"))
    record = f"v=DKIM1; k=rsa; p={encoded}"
    strings = [f'"{record[start : start + _TXT_LENGTH]}"' for start in range(0, len(record), _TXT_LENGTH)]
    return f"{selector}._domainkey.{domain}. IN TXT ({' '.join(strings)})"


def _openssl(*arguments: str, given: str = "") -> str:
    try:
        made = subprocess.run(["openssl", *arguments], input=given, capture_output=True, text=True, check=True)  # noqa: S603, S607
    except FileNotFoundError:
        raise OpensslMissing from None
    return made.stdout
