"""What identifies a contact, from the form in which it is sent to the form in which it is kept."""

from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, is_valid_number
from phonenumbers import parse as parse_phone

from callbox.people.contacts.schemas import CreateContactRequest
from callbox.platform import ids
from callbox.wire.decode import WireId
from callbox.wire.email_addresses import email_address
from callbox.wire.errors import ParameterInvalid, ParameterNotFound


def role_of_new(request: CreateContactRequest) -> str:
    """User or lead, as sent or as the identifiers say. Raises ParameterNotFound, ParameterInvalid."""
    if request.role is None and not request.email and request.external_id in {None, ""}:
        raise ParameterNotFound("email, external_id or role is a required parameter")
    if request.role in {"user", "lead"}:
        return request.role
    if request.role is None or request.email or request.external_id:
        # A recorded client sent an unknown role beside an e-mail address and got a user.
        return "user"
    raise ParameterInvalid("role must be either user or lead")


def external_id_of_new(role: str, sent: WireId | None) -> str | None:
    """Leads get an id of their own; what is sent for one is ignored, as recorded."""
    if role == "lead":
        return ids.uuid()
    return None if sent is None or sent == "" else str(sent)


def email_of(sent: str | None) -> str | None:
    """Trimmed and in lower case; none where it is blank."""
    return None if sent is None or not sent.strip() else email_address(sent).lower()


def formatted_phone(sent: str | None) -> str | None:
    """The number in E.164, where it is one; else what was sent, as the number itself is kept whatever it is."""
    if not sent:
        return None
    try:
        number = parse_phone(sent, "US")
    except NumberParseException:
        return sent
    return format_number(number, PhoneNumberFormat.E164) if is_valid_number(number) else sent
