"""E-mail addresses: what is taken without asking the library is what the library would take."""

import random

import pytest
from email_validator import EmailNotValidError, validate_email

from callbox.wire import email_addresses
from callbox.wire.email_addresses import email_address
from callbox.wire.errors import ParameterInvalid


def is_valid_to_the_library(address: str) -> bool:
    try:
        validate_email(address, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        return False
    return True


def test_plain_addresses_are_valid_ones() -> None:
    chance = random.Random(7)
    plain: set[str] = set()
    while len(plain) < 500:
        local, domain = ("".join(chance.choices("aZ0._+-x", k=chance.randrange(1, 9))) for _ in range(2))
        address = f"{local}@{domain}.{chance.choice(('com', 'example', 'a-b.org', 'test'))}"
        if email_addresses._PLAIN.fullmatch(address):
            plain.add(address)
    assert [address for address in plain if not is_valid_to_the_library(address)] == []


@pytest.mark.parametrize(
    "address",
    [
        "grace@example.com",
        "  grace@example.com\t",
        "grace.o'neil@example.com",
        "Grace+news@Example.COM",
        "grüße@example.com",
        "grace@bücher.example",
        "grace@server.local",
    ],
)
def test_addresses_are_taken_as_they_are_without_white_space(address: str) -> None:
    assert email_address(address) == address.strip()


@pytest.mark.parametrize(
    "address",
    [
        "grace",
        "grace@",
        "@example.com",
        "grace..hopper@example.com",
        ".grace@example.com",
        "grace.@example.com",
        "grace@-example.com",
        "grace@example-.com",
        "grace@example..com",
        "grace@example.com\n@example.com",
        "gra ce@example.com",
        f"grace@{'e' * 64}.com",
    ],
)
def test_what_is_no_address_is_refused_by_name(address: str) -> None:
    with pytest.raises(ParameterInvalid, match="email is invalid"):
        email_address(address)
