"""Switch: a caller on the phone is sent a text message that leads on into the messenger.

The redirect is stored and announced: the channel for text messages sends its link.
"""

from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar.types import HTTPScope
from phonenumbers import (
    NumberParseException,
    PhoneNumberFormat,
    PhoneNumberType,
    format_number,
    is_valid_number,
    number_type,
    parse,
)

from callbox.people.contacts import service as contacts
from callbox.people.contacts.merging import ContactsMerged
from callbox.people.contacts.schemas import UpdateContactRequest
from callbox.platform import ids
from callbox.platform.clock import machine_time, unix
from callbox.platform.database import Command, Connection, transaction
from callbox.platform.events import announce
from callbox.wire.authentication import Caller
from callbox.wire.decode import decode
from callbox.wire.errors import WireError
from callbox.wire.operations import caller_of, operation
from callbox.wire.signed import signed
from callbox.wire.urls import base_url

PURPOSE = "switch"
LINK_LIFETIME = timedelta(days=7)


class CreatePhoneSwitchRequest(msgspec.Struct):
    """The number that gets the text message, and what to note on its owner."""

    phone: str
    custom_attributes: dict[str, Any] = {}


class PhoneSwitch(msgspec.Struct):
    """The redirect: where the text message leads."""

    type: Literal["phone_call_redirect"]
    url: str
    phone: str


class SwitchAsked(msgspec.Struct, frozen=True):
    """Announced in the storing transaction, so that the caller on the phone is sent the link."""

    caller: Caller
    redirect_id: str
    phone: str
    contact_id: str
    url: str


class SwitchLink(msgspec.Struct, array_like=True):
    """What the token of a link says."""

    redirect_id: str
    expires_at: int


class PhoneSwitchRefusal(msgspec.Struct, omit_defaults=True):
    """What this operation answers instead of a list of errors."""

    error_key: str
    message: str | None = None


class PhoneSwitchError(WireError):
    """Errors of this operation have a form of their own."""

    message = ""
    form = PhoneSwitchRefusal

    def body(self, request_id: str) -> bytes:
        """The error as this operation shows it; it names no request."""
        del request_id
        return msgspec.json.encode(PhoneSwitchRefusal(self.code, self.message or None))


class InvalidPhoneNumber(PhoneSwitchError):
    """It is no phone number in E.164."""

    code = "invalid_phone_number"
    message = "Invalid phone number"


class LandlinePhone(PhoneSwitchError):
    """A landline takes no text messages."""

    status = 422
    code = "landline_phone"


insert_redirect = Command(
    "insert_phone_call_redirect",
    """
    INSERT INTO phone_call_redirects (workspace_id, id, phone, contact_id, custom_attributes, created_at)
    VALUES ($1, $2, $3, $4, $5::jsonb, $6)
    """,
)

move_redirects = Command(
    "move_phone_call_redirects",
    "UPDATE phone_call_redirects SET contact_id = $3 WHERE workspace_id = $1 AND contact_id = $2",
)


async def create_phone_switch(caller: Caller, request: CreatePhoneSwitchRequest) -> PhoneSwitch:
    """Store the redirect, with the attributes on the number's owner: a contact found by it, or a new lead."""
    phone = _mobile_number(request.phone)
    redirect_id = ids.uuid()
    async with transaction() as held:
        contact = await contacts.contact_with_phone(held, caller, phone)
        if request.custom_attributes:
            change = UpdateContactRequest(custom_attributes=request.custom_attributes)
            await contacts.update_contact(caller, contact.id, change)
        attributes = msgspec.json.encode(request.custom_attributes).decode()
        await insert_redirect.run(
            held, caller.workspace_id, UUID(redirect_id), phone, contact.id, attributes, caller.now()
        )
        url = _link(caller, redirect_id)
        await announce(held, caller.workspace_id, SwitchAsked(caller, redirect_id, phone, contact.id, url))
    return PhoneSwitch("phone_call_redirect", url, phone)


def _link(caller: Caller, redirect_id: str) -> str:
    link = SwitchLink(redirect_id, unix(machine_time() + LINK_LIFETIME))
    return f"{base_url()}/switch/{signed(caller.link_key, PURPOSE, caller.workspace_id, link)}"


async def move_switches(held: Connection, workspace_id: str, merged: ContactsMerged) -> None:
    """Reaction: the links of a merged lead are the user's."""
    await move_redirects.run(held, workspace_id, merged.lead_id, merged.user_id)


def _mobile_number(sent: str) -> str:
    """The number in E.164. Raises InvalidPhoneNumber, LandlinePhone."""
    try:
        number = parse(sent)
    except NumberParseException:
        raise InvalidPhoneNumber from None
    if not is_valid_number(number):
        raise InvalidPhoneNumber
    if number_type(number) == PhoneNumberType.FIXED_LINE:
        raise LandlinePhone
    return format_number(number, PhoneNumberFormat.E164)


@operation(
    "POST",
    "/phone_call_redirects",
    group="Switch",
    request=CreatePhoneSwitchRequest,
    errors=[InvalidPhoneNumber, LandlinePhone],
    example={"phone": "+353832345678", "custom_attributes": {"Area": "Billing"}},
)
async def create_phone_switch_route(body: bytes, scope: HTTPScope) -> PhoneSwitch:
    """Send a caller a text message that leads into the messenger."""
    return await create_phone_switch(caller_of(scope), decode(body, CreatePhoneSwitchRequest))


ROUTES = [create_phone_switch_route]
