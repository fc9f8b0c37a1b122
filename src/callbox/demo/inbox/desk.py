"""How Dawnshift's support is set up: who gets what, how soon it is answered, and what is kept of it."""

from typing import Any

import msgspec

from callbox.demo import firm
from callbox.demo.firm import KENJI, Attribute
from callbox.demo.stage import Stage
from callbox.people.data_attributes import service as data_attributes
from callbox.people.data_attributes.schemas import CreateDataAttributeRequest
from callbox.support.assignment import service as assignment
from callbox.support.assignment.schemas import (
    AssignmentRule,
    AssignTo,
    SetAssignmentRulesRequest,
    SetSlaRulesRequest,
    SetTeamAssignmentRequest,
    SlaRule,
)
from callbox.support.ratings import service as ratings
from callbox.support.ratings.schemas import RatingSettingsRequest
from callbox.support.ticket_types import service as ticket_types
from callbox.support.ticket_types.queries import Category, DataType
from callbox.support.ticket_types.schemas import CreateAttributeRequest, CreateTicketTypeRequest, TicketTypeAttribute

AREAS = (
    *("Rosters", "Shift swaps", "Time clock", "Payroll", "Billing", "Access", "Onboarding", "Mobile app", "Sales"),
    "Kind words",
)
SOLUTIONS = ("Explained", "Set right", "Mended", "Way around", "Passed on")

ATTRIBUTES = (
    Attribute("conversation", "Area", "string", "What it is about", list(AREAS)),
    Attribute("conversation", "Solved by", "string", "How it came to an end", list(SOLUTIONS)),
    Attribute("conversation", "People affected", "integer", "How many people had the trouble"),
    Attribute("conversation", "Hours lost", "float", "Working hours that it cost the customer"),
    Attribute("conversation", "Wants a call", "boolean", "Whether they would rather talk"),
    Attribute("conversation", "Promised for", "date", "By when we said that it is done"),
)

_SSO_WORDS = ("sso", "sign-on")
_MONEY_WORDS = ("invoice", "invoices", "refund", "vat", "rechnung", "facture", "factura")


class Field(msgspec.Struct, frozen=True):
    """An attribute of a ticket type."""

    name: str
    data_type: DataType
    description: str
    items: str | None = None
    is_required: bool = False
    is_for_customers: bool = True


class Kind(msgspec.Struct, frozen=True):
    """A ticket type of the firm's own."""

    name: str
    category: Category
    icon: str
    description: str
    fields: tuple[Field, ...]


BUG, PAYROLL, TERMINALS, IMPORT = "Bug report", "Payroll connection", "Terminal order", "Data import"
REQUEST, TASK, INCIDENT = "General request", "Internal task", "Incident"

KINDS = (
    Kind(
        BUG,
        "Customer",
        "🐞",
        "Something does not do what it should",
        (
            Field("Severity", "list", "How bad it is", "Low, Medium, High, Urgent", is_required=True),
            Field("People affected", "integer", "How many people have it"),
            Field("Every time", "boolean", "Whether it can be repeated at will"),
            Field("First seen", "datetime", "When it was noticed first"),
            Field("Screenshots", "files", "What it looks like"),
            Field("Found in", "string", "Where in the program the cause is", is_for_customers=False),
        ),
    ),
    Kind(
        PAYROLL,
        "Customer",
        "💶",
        "Hours travel to the payroll program by themselves",
        (
            Field("Program", "string", "The payroll program", is_required=True),
            Field("People", "integer", "How many people are paid with it"),
            Field("Night surcharge", "decimal", "In per cent"),
            Field("First pay day", "datetime", "When it has to work"),
            Field("Step", "list", "How far it is", "Asked for data, Set up, Test run, Live"),
            Field("Test run was right", "boolean", "Whether payroll has confirmed it"),
        ),
    ),
    Kind(
        TERMINALS,
        "Customer",
        "⏱️",
        "Devices for clocking in",
        (
            Field("Terminals", "integer", "How many", is_required=True),
            Field("Price", "decimal", "For one, in euro"),
            Field("Needed by", "datetime", "When it should hang on the wall"),
            Field("Deliver to", "string", "The site and who takes the parcel"),
        ),
    ),
    Kind(
        IMPORT,
        "Back-office",
        "📥",
        "Data that come from elsewhere",
        (
            Field("Comes from", "list", "Where the data were", "Spreadsheet, Other program, Paper", is_required=True),
            Field("Rows", "integer", "How many lines there are"),
            Field("Hours of work", "decimal", "What it will cost us"),
            Field("Checked by customer", "boolean", "Whether they looked at the result"),
        ),
    ),
)


async def set_up(stage: Stage) -> None:
    """Make attributes, ticket types, methods of teams and rules, as they were from the start."""
    for attribute in ATTRIBUTES:
        request = msgspec.convert(msgspec.structs.asdict(attribute), CreateDataAttributeRequest)
        await data_attributes.create_any_attribute(stage.at(firm.FOUNDED), request)
    for kind in KINDS:
        await _create(stage, kind)
    for made in await ticket_types.list_ticket_types(stage.caller):
        stage.ticket_types[made.name] = made
    await _share_out(stage)
    await _rule(stage)


async def _create(stage: Stage, kind: Kind) -> None:
    caller = stage.at(firm.FOUNDED)
    request = CreateTicketTypeRequest(
        kind.name, kind.description, kind.category, kind.icon, is_internal=kind.category != "Customer"
    )
    made = await ticket_types.create_ticket_type(caller, request)
    for field in kind.fields:
        wanted = CreateAttributeRequest(
            field.name,
            field.description,
            field.data_type,
            required_to_create=field.is_required,
            visible_to_contacts=field.is_for_customers,
            list_items=field.items or msgspec.UNSET,
            allow_multiple_values=field.data_type == "files",
        )
        await ticket_types.create_attribute(caller, made.id, wanted)


async def _share_out(stage: Stage) -> None:
    """The support team takes turns, onboarding goes by load, and billing looks for itself."""
    caller = stage.at(firm.FOUNDED)
    methods = {
        firm.SUPPORT: SetTeamAssignmentRequest("round_robin"),
        firm.ONBOARDING: SetTeamAssignmentRequest("balanced"),
        firm.BILLING: SetTeamAssignmentRequest("manual"),
    }
    for team, method in methods.items():
        await assignment.set_team_assignment(caller, stage.teams[team], method)


async def _rule(stage: Stage) -> None:
    caller = stage.at(firm.FOUNDED)
    await ratings.set_rating_settings(caller, RatingSettingsRequest(asks_users=True, asks_leads=True))
    await assignment.set_assignment_rules(
        caller,
        SetAssignmentRulesRequest(
            [
                AssignmentRule(
                    name="Sign-in through a directory",
                    conversation=_any_word(_SSO_WORDS),
                    assign_to=AssignTo("admin", stage.team[KENJI].admin_id),
                ),
                AssignmentRule(
                    name="Money",
                    conversation=_any_word(_MONEY_WORDS),
                    assign_to=AssignTo("team", stage.teams[firm.BILLING]),
                ),
                AssignmentRule(
                    name="Who is still looking around",
                    contact={"field": "role", "operator": "=", "value": "lead"},
                    assign_to=AssignTo("team", stage.teams[firm.ONBOARDING]),
                ),
                AssignmentRule(name="Everything else", assign_to=AssignTo("team", stage.teams[firm.SUPPORT])),
            ]
        ),
    )
    await assignment.set_sla_rules(
        caller,
        SetSlaRulesRequest(
            [
                SlaRule(
                    name="Before they look elsewhere",
                    contact={"field": "role", "operator": "=", "value": "lead"},
                    first_reply=8 * 3600,
                ),
                SlaRule(
                    name="VIP",
                    contact={"field": "tag_id", "operator": "=", "value": stage.tags[firm.VIP]},
                    first_reply=5 * 3600,
                    next_reply=16 * 3600,
                    close=6 * 24 * 3600,
                ),
            ]
        ),
    )


def _any_word(words: tuple[str, ...]) -> dict[str, Any]:
    return {"field": "source.body", "operator": "IN", "value": list(words)}


def option_id(attribute: TicketTypeAttribute, label: str) -> str:
    """The id by which a ticket is written with a choice of a list."""
    options = (attribute.input_options and attribute.input_options.list_options) or []
    return next(option.id for option in options if option.label == label)
