"""Dawnshift, the firm of the demo workspace: it sells rosters to businesses whose teams work in shifts."""

from datetime import timedelta
from typing import Any, Literal

import msgspec

from callbox.people.segments.schemas import PersonType

NAME = "Dawnshift"
TIMEZONE = "Europe/Dublin"
FOUNDED = timedelta(days=365)


class Teammate(msgspec.Struct, frozen=True):
    """An admin of the workspace."""

    name: str
    email: str
    job_title: str
    has_inbox_seat: bool = True


class Team(msgspec.Struct, frozen=True):
    """A team; members by their place in `TEAMMATES`, with their priority."""

    name: str
    members: tuple[tuple[int, Literal["primary", "secondary"]], ...]


class Attribute(msgspec.Struct, frozen=True):
    """A custom attribute of contacts or companies."""

    model: str
    name: str
    data_type: str
    description: str
    options: list[str] | None = None


class Customer(msgspec.Struct, frozen=True):
    """A company that uses Dawnshift, in which so many of its people have an account."""

    name: str
    domain: str
    industry: str
    plan: str
    size: int
    sites: int
    home: str
    people: int


class Segment(msgspec.Struct, frozen=True):
    """A segment; where its predicate names a tag, the value is the tag's name."""

    name: str
    person_type: PersonType
    predicate: dict[str, Any]


MAYA, TOMAS, AOIFE, KENJI, NGOZI = range(5)

TEAMMATES = (
    Teammate("Maya Lindqvist", "maya@dawnshift.example", "Founder"),
    Teammate("Tomás Ferreira", "tomas@dawnshift.example", "Head of support"),
    Teammate("Aoife Brennan", "aoife@dawnshift.example", "Customer success"),
    Teammate("Kenji Watanabe", "kenji@dawnshift.example", "Solutions engineer"),
    Teammate("Ngozi Adeyemi", "ngozi@dawnshift.example", "Finance", has_inbox_seat=False),
)
# On leave since Monday morning, as the story counts days.
AWAY, AWAY_SINCE = KENJI, timedelta(days=2, hours=6)

SUPPORT, ONBOARDING, BILLING = "Support", "Onboarding", "Billing"
TEAMS = (
    Team(SUPPORT, ((TOMAS, "primary"), (AOIFE, "primary"), (KENJI, "primary"), (MAYA, "secondary"))),
    Team(ONBOARDING, ((AOIFE, "primary"), (KENJI, "primary"), (MAYA, "secondary"))),
    Team(BILLING, ((NGOZI, "primary"), (TOMAS, "secondary"))),
)

ATTRIBUTES = (
    Attribute(
        "contact",
        "job_role",
        "string",
        "What they do where the rosters are made",
        ["Owner", "Manager", "Planner", "Employee"],
    ),
    Attribute("contact", "rosters_published", "integer", "How many rosters they have published"),
    Attribute("contact", "hours_saved", "float", "Hours of planning they save in a month"),
    Attribute("contact", "mobile_app", "boolean", "Whether they use the app on a phone"),
    Attribute("contact", "trial_ends_on", "date", "The last day of their trial"),
    Attribute("contact", "preferred_language", "string", "The language they want to read"),
    Attribute("company", "sites", "integer", "In how many places they work"),
    Attribute("company", "health_score", "float", "0 to 100, from how much of the product they use"),
    Attribute("company", "single_sign_on", "boolean", "Whether their people sign in through their own directory"),
    Attribute("company", "renews_on", "date", "When the contract runs out"),
    Attribute("company", "payroll", "string", "How hours reach their payroll", ["Connected", "Spreadsheet", "By hand"]),
)

# What a plan costs a month, for each person on the roster.
PRICES = {"Starter": 4, "Team": 4, "Multi-site": 4, "Enterprise": 3.5}
CONNECTED_PLANS = ("Multi-site", "Enterprise")

CUSTOMERS = (
    Customer("Northgate Bakery", "northgate-bakery", "Bakery", "Team", 34, 2, "GB", 5),
    Customer("Harbour & Vine", "harbour-and-vine", "Restaurants", "Multi-site", 86, 4, "IE", 7),
    Customer("Klinik am Lindenplatz", "klinik-lindenplatz", "Healthcare", "Enterprise", 412, 1, "DE", 10),
    Customer("Bäckerei Sonntag", "baeckerei-sonntag", "Bakery", "Starter", 12, 1, "DE", 3),
    Customer("Hotel Casa Almendra", "casa-almendra", "Hotels", "Multi-site", 140, 3, "ES", 7),
    Customer("Padaria Boa Vista", "padaria-boa-vista", "Bakery", "Team", 28, 2, "BR", 4),
    Customer("Café du Canal", "cafe-du-canal", "Restaurants", "Starter", 9, 1, "FR", 3),
    Customer("Clinique Bellerive", "clinique-bellerive", "Healthcare", "Enterprise", 275, 2, "CH", 9),
    Customer("Trattoria Tre Fontane", "tre-fontane", "Restaurants", "Starter", 14, 1, "IT", 3),
    Customer("De Vliegende Koffiepot", "koffiepot", "Restaurants", "Team", 31, 3, "NL", 5),
    Customer("Nordlys Hotell", "nordlys-hotell", "Hotels", "Multi-site", 118, 2, "NO", 6),
    Customer("Sjöbo Trädgård", "sjobo-tradgard", "Retail", "Team", 46, 1, "SE", 4),
    Customer("Karavan Lojistik", "karavan-lojistik", "Logistics", "Enterprise", 530, 6, "TR", 9),
    Customer("Zielony Rynek", "zielony-rynek", "Retail", "Multi-site", 97, 5, "PL", 6),
    Customer("小林旅館", "kobayashi-ryokan", "Hotels", "Team", 38, 1, "JP", 5),
    Customer("Blue Gum Childcare", "blue-gum-childcare", "Childcare", "Multi-site", 74, 4, "AU", 6),
    Customer("Prairie Home Care", "prairie-home-care", "Healthcare", "Enterprise", 310, 8, "US", 9),
    Customer("Redwood Climbing Halls", "redwood-climbing", "Leisure", "Team", 42, 3, "US", 5),
    Customer("Sunita's Kitchen", "sunitas-kitchen", "Restaurants", "Starter", 11, 1, "GB", 3),
    Customer("Lagos Fresh Markets", "lagos-fresh-markets", "Retail", "Multi-site", 160, 7, "NG", 7),
    Customer("Meena Textiles", "meena-textiles", "Manufacturing", "Enterprise", 640, 3, "IN", 9),
    Customer("Maple Street Pharmacy", "maple-street-pharmacy", "Healthcare", "Team", 24, 1, "CA", 4),
    Customer("Brot & Zeit", "brot-und-zeit", "Bakery", "Team", 19, 2, "AT", 3),
    Customer("Hanoi Lantern Tours", "hanoi-lantern", "Leisure", "Starter", 16, 1, "VN", 3),
    Customer("Ledger & Lark", "ledger-and-lark", "Accounting", "Team", 18, 1, "IE", 5),
)
# The accountants of several other customers, who look into their rosters too.
ADVISERS = "Ledger & Lark"
ADVISED = ("Harbour & Vine", "Northgate Bakery", "Sunita's Kitchen", "Café du Canal")

VIP, BETA, CHAMPION, CALL, FAIR, SSO, RISK = (
    *("VIP", "Beta tester", "Champion", "Needs onboarding call", "Trade fair", "Asked for single sign-on"),
    "Churn risk",
)
PILOT, SEASONAL, REFERENCE = "Payroll pilot", "Seasonal business", "Reference customer"
TAGS = (VIP, BETA, CHAMPION, CALL, FAIR, SSO, RISK, PILOT, SEASONAL, REFERENCE)
# Of conversations and tickets.
MATTERS = ("How-to", "Bug", "Feature request", "Refund", "Kind words")

SEGMENTS = (
    Segment(
        "Power planners",
        "user",
        {
            "operator": "AND",
            "value": [
                {"field": "custom_attributes.rosters_published", "operator": ">", "value": 25},
                {"field": "last_seen_at", "operator": ">", "value": {"days_ago": 14}},
            ],
        },
    ),
    Segment(
        "Owners in their trial",
        "user",
        {
            "operator": "AND",
            "value": [
                {"field": "custom_attributes.job_role", "operator": "=", "value": "Owner"},
                {"field": "custom_attributes.trial_ends_on", "operator": ">", "value": {"days_ago": 1}},
            ],
        },
    ),
    Segment(
        "German-speaking countries",
        "user",
        {"field": "location.country", "operator": "IN", "value": ["Germany", "Austria", "Switzerland"]},
    ),
    Segment(
        "Planning without the app",
        "user",
        {
            "operator": "AND",
            "value": [
                {"field": "custom_attributes.mobile_app", "operator": "=", "value": False},
                {
                    "operator": "OR",
                    "value": [
                        {"field": "custom_attributes.job_role", "operator": "=", "value": "Manager"},
                        {"field": "custom_attributes.job_role", "operator": "=", "value": "Planner"},
                    ],
                },
            ],
        },
    ),
    Segment(
        "Leads to write to",
        "contact",
        {
            "operator": "AND",
            "value": [
                {"field": "email", "operator": "!=", "value": None},
                {"field": "created_at", "operator": ">", "value": {"days_ago": 60}},
            ],
        },
    ),
    Segment("Met at the trade fair", "contact", {"field": "tag_id", "operator": "=", "value": FAIR}),
    Segment("Large accounts", "company", {"field": "monthly_spend", "operator": ">=", "value": 400}),
    Segment(
        "Payroll still to connect",
        "company",
        {
            "operator": "AND",
            "value": [
                {"field": "plan", "operator": "IN", "value": list(CONNECTED_PLANS)},
                {"field": "custom_attributes.payroll", "operator": "!=", "value": "Connected"},
            ],
        },
    ),
    Segment(
        "Accounts at risk",
        "company",
        {
            "operator": "OR",
            "value": [
                {"field": "custom_attributes.health_score", "operator": "<", "value": 45},
                {"field": "last_request_at", "operator": "<", "value": {"days_ago": 21}},
            ],
        },
    ),
)

SUBSCRIPTION_TYPES: tuple[dict[str, Any], ...] = (
    {
        "consent_type": "opt_out",
        "content_types": ["email"],
        "default_translation": {
            "name": "Product updates",
            "description": "What is new in Dawnshift, about once a month",
            "locale": "en",
        },
        "translations": [
            {"name": "Neues von Dawnshift", "description": "Was neu ist, etwa einmal im Monat", "locale": "de"},
            {"name": "Nouveautés", "description": "Ce qui change, environ une fois par mois", "locale": "fr"},
            {"name": "Novedades", "description": "Lo nuevo, más o menos una vez al mes", "locale": "es"},
        ],
    },
    {
        "consent_type": "opt_in",
        "content_types": ["email"],
        "default_translation": {
            "name": "Roster school",
            "description": "A short lesson on planning shifts, every second week",
            "locale": "en",
        },
        "translations": [
            {"name": "Dienstplanschule", "description": "Alle zwei Wochen eine kurze Lektion", "locale": "de"},
        ],
    },
    {
        "consent_type": "opt_in",
        "content_types": ["sms_message"],
        "default_translation": {
            "name": "Open shifts",
            "description": "A text message when a shift falls free",
            "locale": "en",
        },
    },
)
UPDATES, SCHOOL, OPEN_SHIFTS = "Product updates", "Roster school", "Open shifts"
