"""Every setting of Callbox, read from the environment once at start. docs/configuration.md describes each."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec


class SettingsError(Exception):
    """A setting has a value it cannot take; the message is for the operator."""


class Settings(msgspec.Struct, frozen=True):
    """What an installation decides."""

    data: Path = Path("data")
    database_url: str | None = None
    rate_limit: int = 10_000
    public_url: str | None = None
    trusted_proxies: str = ""


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this environment. Raises SettingsError that names the variable."""
    return Settings(
        data=Path(environment.get("CALLBOX_DATA", "data")),
        database_url=environment.get("CALLBOX_DATABASE_URL") or None,
        rate_limit=_whole_number(environment, "CALLBOX_RATE_LIMIT", 10_000),
        public_url=(environment.get("CALLBOX_PUBLIC_URL") or "").rstrip("/") or None,
        trusted_proxies=environment.get("CALLBOX_TRUSTED_PROXIES", ""),
    )


def _whole_number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "")
    if not text:
        return default
    if not text.isdigit():
        raise SettingsError(f"{name} must be a whole number of 0 or more, not {text!r}")
    return int(text)
