"""Subscription types as they are on the wire."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from callbox.people.contacts.schemas import Contact
from callbox.people.subscription_types.queries import SubscriptionTypeRow
from callbox.wire.decode import Name, WireId

ConsentType = Literal["opt_out", "opt_in"]
ContentTypes = Annotated[list[Literal["email", "sms_message"]], Meta(min_length=1)]
State = Literal["live", "draft", "archived"]


class Translation(msgspec.Struct):
    """A name and description in one language."""

    name: Name
    description: str
    locale: Annotated[str, Meta(min_length=2, max_length=20)]


class SubscriptionType(msgspec.Struct):
    """A kind of message that contacts can be opted out of, or into."""

    type: Literal["subscription"]
    id: str
    state: str
    consent_type: str
    default_translation: Translation
    translations: list[Translation]
    content_types: list[str]


class SubscriptionTypeList(msgspec.Struct):
    """Subscription types."""

    type: Literal["list"]
    data: list[SubscriptionType]


class SubscribeRequest(msgspec.Struct):
    """What a contact wants of one subscription type."""

    id: WireId
    consent_type: ConsentType


class CreateSubscriptionTypeRequest(msgspec.Struct):
    """A new subscription type. An opt_out one is sent unless refused, an opt_in one only if asked for."""

    consent_type: ConsentType
    content_types: ContentTypes
    default_translation: Translation
    translations: list[Translation] = []
    state: State = "live"


class UpdateSubscriptionTypeRequest(msgspec.Struct):
    """What is to change; the consent type never does, since contacts answered to it."""

    state: State | UnsetType = UNSET
    content_types: ContentTypes | UnsetType = UNSET
    default_translation: Translation | UnsetType = UNSET
    translations: list[Translation] | UnsetType = UNSET


class SubscriptionEvent(msgspec.Struct):
    """What is told when a contact opts in or out."""

    type: Literal["subscription"]
    contact: Contact
    subscription_type: SubscriptionType


def subscription_type_from_row(row: SubscriptionTypeRow) -> SubscriptionType:
    """The subscription type as lists show it."""
    translations = msgspec.json.decode(row.translations, type=list[Translation])
    default = next(item for item in translations if item.locale == row.default_locale)
    return SubscriptionType(
        "subscription", str(row.id), row.state, row.consent_type, default, translations, row.content_types
    )
