"""What visits leave behind: browsers, phones, and the way by which somebody came."""

from random import Random

import msgspec

from callbox.demo.homes import Home

_BROWSERS = (("Chrome", "142.0"), ("Safari", "18.6"), ("Firefox", "145.0"), ("Edge", "142.0"))
_SYSTEMS = {"Chrome": "Windows 11", "Safari": "macOS 15", "Firefox": "Linux", "Edge": "Windows 11"}
_PHONES: tuple[dict[str, str], ...] = (
    {"ios_device": "iPhone 15", "ios_os_version": "18.6"},
    {"ios_device": "iPhone SE", "ios_os_version": "17.7"},
    {"android_device": "Pixel 8", "android_os_version": "15"},
    {"android_device": "Galaxy A54", "android_os_version": "14"},
)


class Source(msgspec.Struct, frozen=True):
    """What brought somebody to the website."""

    utm_campaign: str | None = None
    utm_content: str | None = None
    utm_medium: str | None = None
    utm_source: str | None = None
    utm_term: str | None = None
    referrer: str | None = None


UNKNOWN = Source()
FAIR = Source("trade-fair", utm_medium="qr", utm_source="stand")
SOURCES = (
    Source("roster-template", utm_medium="cpc", utm_source="search", utm_term="shift roster"),
    Source("payroll-webinar", "banner", "referral", "partner"),
    Source("newsletter", utm_medium="email", utm_source="newsletter"),
    Source(referrer="https://www.example.org/best-roster-tools"),
    Source(referrer="https://forum.example.net/t/planning-early-shifts"),
)


def draw_traces(draw: Random, home: Home, *, has_app: bool) -> dict[str, str]:
    """The fields of a contact that only a messenger on the customer's pages and in its app would fill."""
    browser, version = draw.choice(_BROWSERS)
    traces = {
        "browser": browser,
        "browser_version": version,
        "browser_language": home.language,
        "os": _SYSTEMS[browser],
    }
    if has_app:
        phone = draw.choice(_PHONES)
        system = "ios" if "ios_device" in phone else "android"
        traces |= {**phone, f"{system}_app_name": "Dawnshift", f"{system}_app_version": "5.2.1"}
    return traces
