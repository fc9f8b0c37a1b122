"""The states that a ticket goes through, and what teammates and customers call them."""

from typing import Literal

TicketState = Literal["submitted", "in_progress", "waiting_on_customer", "resolved"]

INTERNAL_LABELS: dict[TicketState, str] = {
    "submitted": "Submitted",
    "in_progress": "In progress",
    "waiting_on_customer": "Waiting on customer",
    "resolved": "Resolved",
}
EXTERNAL_LABELS: dict[TicketState, str] = {**INTERNAL_LABELS, "waiting_on_customer": "Waiting on you"}
