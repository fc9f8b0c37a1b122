"""E-mail addresses that clients send: judged by their form, never by whether mail would arrive."""

import email_validator
from email_validator import EmailNotValidError, validate_email

from callbox.wire.errors import ParameterInvalid

# The library refuses names under .test, .local and the like; intranets and tests use them.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()


def email_address(sent: str) -> str:
    """The address without white space around it, or ParameterInvalid."""
    address = sent.strip()
    try:
        validate_email(address, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        raise ParameterInvalid(f"email is invalid: {sent}") from None
    return address
