"""The data attributes that every workspace has, in the order in which the vendor lists them."""

from typing import NamedTuple


class Builtin(NamedTuple):
    """A standard attribute. `place` tells whether it stands before or after the custom ones."""

    full_name: str
    label: str
    data_type: str
    description: str
    api_writable: bool = False
    ui_writable: bool = False

    @property
    def name(self) -> str:
        """The last part of the full name; not unique within a model."""
        return self.full_name.rpartition(".")[2]


CONTACT_FIRST = (
    Builtin("role", "Contact role", "string", "Whether the contact is a user or a lead", True),
    Builtin("name", "Name", "string", "Full name", True, True),
    Builtin("owner_id", "Owner", "integer", "The admin who looks after the contact", True),
    Builtin("email", "Email", "string", "E-mail address", True, True),
    Builtin("phone", "Phone", "string", "Phone number", True, True),
    Builtin("external_id", "User ID", "string", "The id in your own system", True),
    Builtin("created_at", "First Seen", "date", "When the contact came to be known here"),
    Builtin("signed_up_at", "Signed up", "date", "When the contact signed up with you", True),
    Builtin("last_seen_at", "Last seen", "date", "When the contact was last seen", True),
    Builtin("last_contacted_at", "Last contacted", "date", "When the team last wrote to the contact"),
    Builtin("last_replied_at", "Last heard from", "date", "When the contact last wrote"),
    Builtin("last_email_opened_at", "Last opened email", "date", "When an e-mail was last opened"),
    Builtin("last_email_clicked_at", "Last clicked on link in email", "date", "When a link was last followed"),
    Builtin("location.country", "Country", "string", "Country of the last visit"),
    Builtin("location.region", "Region", "string", "Region of the last visit"),
    Builtin("location.city", "City", "string", "City of the last visit"),
    Builtin("browser_language", "Browser Language", "string", "Language that the browser asks for"),
    Builtin("language_override", "Language Override", "string", "Language set for the contact"),
    Builtin("browser", "Browser", "string", "Browser of the last visit"),
    Builtin("browser_version", "Browser Version", "string", "Version of that browser"),
    Builtin("os", "OS", "string", "Operating system of the last visit"),
    Builtin("unsubscribed_from_emails", "Unsubscribed from Emails", "boolean", "Wants no marketing mail", True),
    Builtin("marked_email_as_spam", "Marked email as spam", "boolean", "Reported a mail as spam"),
    Builtin("has_hard_bounced", "Has hard bounced", "boolean", "The address does not take mail"),
)

CONTACT_LAST = (
    Builtin("id", "ID", "string", "The id in Callbox"),
    Builtin("avatar", "Avatar image url", "string", "Address of a picture", True),
    Builtin("updated_at", "Updated at", "date", "When anything about the contact last changed"),
    Builtin("workspace_id", "Workspace ID", "string", "The workspace that the contact belongs to"),
    Builtin("android_app_name", "Android App name", "string", "Name of your Android app"),
    Builtin("android_app_version", "Android App version", "string", "Version of your Android app"),
    Builtin("android_device", "Android device", "string", "Model of the Android device"),
    Builtin("android_os_version", "Android OS version", "string", "Version of Android"),
    Builtin("android_sdk_version", "Android SDK version", "string", "Version of the Android SDK"),
    Builtin("android_last_seen_at", "Last seen on Android", "date", "When the Android app was last used"),
    Builtin("ios_app_name", "iOS App name", "string", "Name of your iOS app"),
    Builtin("ios_app_version", "iOS App version", "string", "Version of your iOS app"),
    Builtin("ios_device", "iOS device", "string", "Model of the iOS device"),
    Builtin("ios_os_version", "iOS OS version", "string", "Version of iOS"),
    Builtin("ios_sdk_version", "iOS SDK version", "string", "Version of the iOS SDK"),
    Builtin("ios_last_seen_at", "Last seen on iOS", "date", "When the iOS app was last used"),
)

COMPANY_FIRST = (
    Builtin("name", "Company name", "string", "Name of the company", True),
    Builtin("company_id", "Company ID", "string", "The id in your own system"),
    Builtin("last_request_at", "Company last seen", "date", "When anybody of the company was last seen"),
    Builtin("remote_created_at", "Company created at", "date", "When the company came to be in your system", True),
    Builtin("user_count", "People", "integer", "How many contacts are in the company"),
    Builtin("session_count", "Company web sessions", "integer", "How many visits its people made"),
    Builtin("plan.name", "Plan", "string", "What the company pays for"),
    Builtin("monthly_spend", "Monthly Spend", "float", "How much the company pays a month", True),
    Builtin("size", "Company size", "integer", "How many people work there", True),
    Builtin("industry", "Company industry", "string", "What the company does", True),
    Builtin("website", "Company website", "string", "Address of its website", True),
)

COMPANY_LAST = (
    Builtin("id", "ID", "string", "The id in Callbox"),
    Builtin("created_at", "Created at", "date", "When the company came to be known here"),
    Builtin("updated_at", "Updated at", "date", "When anything about the company last changed"),
    Builtin("plan.id", "Plan ID", "string", "The id of its plan"),
    Builtin("app_id", "App ID", "string", "The workspace that the company belongs to"),
)

BUILTINS: dict[str, tuple[tuple[Builtin, ...], tuple[Builtin, ...]]] = {
    "contact": (CONTACT_FIRST, CONTACT_LAST),
    "company": (COMPANY_FIRST, COMPANY_LAST),
    "conversation": ((), ()),
}
