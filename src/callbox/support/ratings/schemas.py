"""Ratings of conversations as they are on the wire; conversations themselves show what was given."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class RatingSettings(msgspec.Struct):
    """Whom a teammate's closing asks for a rating."""

    type: Literal["rating_settings"]
    asks_users: bool
    asks_leads: bool
    asks_about_outbound: bool
    hours_to_rate: int | None


class RatingSettingsRequest(msgspec.Struct):
    """The settings as a whole; what is not sent is off."""

    asks_users: bool = False
    asks_leads: bool = False
    asks_about_outbound: bool = False
    hours_to_rate: Annotated[int, Meta(ge=1, le=24 * 365)] | None = None


class RateRequest(msgspec.Struct):
    """What a contact thinks; with a remark it is final. Where one contact takes part, it is theirs."""

    rating: Annotated[int, Meta(ge=1, le=5)]
    remark: Annotated[str, Meta(max_length=5000)] | None = None
    contact_id: str | None = None
