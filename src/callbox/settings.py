"""Every setting of Callbox, read from the environment once at start. docs/configuration.md describes each."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

_MOST_DIGITS = 9


class SettingsError(Exception):
    """A setting has a value it cannot take; the message is for the operator."""


class Settings(msgspec.Struct, frozen=True):
    """What an installation decides."""

    data: Path = Path("data")
    database_url: str | None = None
    rate_limit: int = 10_000
    public_url: str | None = None
    trusted_proxies: str = ""
    files_url: str | None = None
    allow_private_addresses: bool = False
    allow_private_webhooks: bool = False
    webhook_retry_hours: int = 72
    sms_url: str | None = None
    email_domain: str = "localhost"
    smtp_url: str | None = None
    mail_certificate: str | None = None
    mail_key: str | None = None

    @property
    def files(self) -> str:
        """Where attached files are kept: an object store's URL, or a directory."""
        return self.files_url or str(self.data / "files")


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this environment. Raises SettingsError that names the variable."""
    return Settings(
        data=Path(environment.get("CALLBOX_DATA") or "data"),
        database_url=environment.get("CALLBOX_DATABASE_URL") or None,
        rate_limit=_whole_number(environment, "CALLBOX_RATE_LIMIT", 10_000),
        public_url=_address(environment, "CALLBOX_PUBLIC_URL"),
        trusted_proxies=environment.get("CALLBOX_TRUSTED_PROXIES", ""),
        files_url=environment.get("CALLBOX_FILES_URL") or None,
        allow_private_addresses=_whole_number(environment, "CALLBOX_ALLOW_PRIVATE_ADDRESSES", 0) > 0,
        allow_private_webhooks=_whole_number(environment, "CALLBOX_ALLOW_PRIVATE_WEBHOOKS", 0) > 0,
        webhook_retry_hours=_whole_number(environment, "CALLBOX_WEBHOOK_RETRY_HOURS", 72),
        sms_url=_sms_url(environment),
        email_domain=_domain(environment, "CALLBOX_EMAIL_DOMAIN"),
        smtp_url=_mail_server(environment, "CALLBOX_SMTP_URL"),
        mail_certificate=environment.get("CALLBOX_MAIL_CERTIFICATE") or None,
        mail_key=environment.get("CALLBOX_MAIL_KEY") or None,
    )


def _whole_number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise SettingsError(f"{name} must be a whole number of 0 or more, not {text!r}")
    return int(text)


def _address(environment: Mapping[str, str], name: str) -> str | None:
    text = environment.get(name, "").rstrip("/")
    if text and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", text):
        raise SettingsError(f"{name} must be an address such as https://support.example.com, not {text!r}")
    return text or None


def _sms_url(environment: Mapping[str, str]) -> str | None:
    text = environment.get("CALLBOX_SMS_URL", "")
    if text and not re.fullmatch(r"https?://[^\s/:@]+:[^\s/@]+@[^\s?#]+\?from=[^\s&]+", text):
        raise SettingsError(
            "CALLBOX_SMS_URL must look like https://ACCOUNT:TOKEN@api.twilio.com?from=+15551234567; "
            "a sender that begins with MG is a messaging service"
        )
    return text or None


def _domain(environment: Mapping[str, str], name: str) -> str:
    text = environment.get(name, "").lower() or "localhost"
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", text):
        raise SettingsError(f"{name} must be a domain such as mail.example.com, not {text!r}")
    return text


def _mail_server(environment: Mapping[str, str], name: str) -> str | None:
    """A URL with a password in it, which no message repeats."""
    text = environment.get(name, "")
    form = r"smtps?://([^\s/?#@]+@)?[^\s/?#@:]+(:\d{1,5})?/?(\?starttls=(required|optional))?"
    if text and not re.fullmatch(form, text):
        raise SettingsError(f"{name} must be an address such as smtp://user:password@mail.example.com:587")
    return text or None
