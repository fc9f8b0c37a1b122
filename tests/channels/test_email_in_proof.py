"""Whose mail it is can be proved by the signature of the writer's domain, and by nothing less."""

import subprocess

import dkim  # type: ignore[import-untyped]
import pytest

from callbox.channels.email.inbound.signatures import is_signed_by_domain

MAIL = b"From: Ada <ada@shop.example>\r\nTo: support@shop.example\r\nSubject: Roster\r\n\r\nPlease try again.\r\n"


@pytest.fixture(scope="module")
def key() -> bytes:
    """A private key."""
    return subprocess.run(["openssl", "genrsa", "-traditional", "2048"], check=True, capture_output=True).stdout


@pytest.fixture(scope="module")
def published(key: bytes) -> bytes:
    """The record that a domain publishes of it."""
    public = subprocess.run(["openssl", "rsa", "-pubout"], input=key, check=True, capture_output=True).stdout
    return b"v=DKIM1; k=rsa; p=" + b"".join(line for line in public.splitlines() if b"-----" not in line)


def signed(mail: bytes, key: bytes, domain: bytes = b"shop.example", **options: object) -> bytes:
    """The mail with the domain's signature."""
    signature: bytes = dkim.sign(mail, b"callbox", domain, key, include_headers=[b"from", b"subject"], **options)
    return signature + mail


@pytest.mark.parametrize(
    ("domain", "address", "is_proved"),
    [
        (b"shop.example", "ada@shop.example", True),
        (b"shop.example", "ada@mail.shop.example", True),
        (b"evil.example", "ada@shop.example", False),
        (b"shop.example", "ada@workshop.example", False),
        (b"example", "ada@shop.example", False),
    ],
)
def test_only_the_domain_of_the_writer_proves_anything(
    key: bytes, published: bytes, domain: bytes, address: str, is_proved: bool
) -> None:
    mail = MAIL.replace(b"ada@shop.example", address.encode())
    assert is_signed_by_domain(signed(mail, key, domain), address, lambda *_, **__: published) == is_proved


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Please try again.", b"Send money."),
        (b"From: Ada", b"From: Eve <ada@shop.example>\r\nFrom: Ada"),
        (b"Subject: Roster", b"Subject: Money"),
        (b"b=", b"b=AA"),
    ],
)
def test_a_changed_mail_is_proved_by_nothing(key: bytes, published: bytes, old: bytes, new: bytes) -> None:
    mail = signed(MAIL, key).replace(old, new)
    assert not is_signed_by_domain(mail, "ada@shop.example", lambda *_, **__: published)


def test_a_signature_of_a_part_of_the_body_proves_nothing(key: bytes, published: bytes) -> None:
    mail = signed(MAIL, key, length=True)
    assert not is_signed_by_domain(mail, "ada@shop.example", lambda *_, **__: published)


def test_without_signature_or_key_nothing_is_proved(key: bytes) -> None:
    assert not is_signed_by_domain(MAIL, "ada@shop.example", lambda *_, **__: None)
    assert not is_signed_by_domain(signed(MAIL, key), "ada@shop.example", lambda *_, **__: None)
