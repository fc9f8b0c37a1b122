"""Assembles the ASGI application: the rooms' routes, their reactions to one another, the gate in front."""

import gc
from typing import Any

from litestar import Litestar, Request
from litestar.response import Response

from callbox.channels.email import routes as email
from callbox.channels.email.inbound import routes as inbound_email
from callbox.channels.realtime import routes as realtime
from callbox.channels.realtime.hub import stop_hub
from callbox.channels.sms import routes as sms
from callbox.channels.webhooks import routes as webhooks
from callbox.exports.data_export import routes as data_export
from callbox.knowledge.articles import routes as articles
from callbox.knowledge.help_center import routes as help_center
from callbox.knowledge.news import routes as news
from callbox.people import notes
from callbox.people.companies import routes as companies
from callbox.people.contacts import routes as contacts
from callbox.people.data_attributes import routes as data_attributes
from callbox.people.data_events import routes as data_events
from callbox.people.segments import routes as segments
from callbox.people.subscription_types import routes as subscription_types
from callbox.people.tags import routes as tags
from callbox.people.visitors import routes as visitors
from callbox.platform.database import close_pool, open_pool
from callbox.reactions import register_reactions
from callbox.support import phone_switch
from callbox.support.assignment import routes as assignment
from callbox.support.attachments import routes as attachments
from callbox.support.conversations import routes as conversations
from callbox.support.messages import routes as messages
from callbox.support.ratings import routes as ratings
from callbox.support.ticket_types import routes as ticket_types
from callbox.support.tickets import routes as tickets
from callbox.wire import health
from callbox.wire.authentication import Authenticator
from callbox.wire.description import description_routes
from callbox.wire.dispatch import Dispatch
from callbox.wire.errors import JSON_MEDIA_TYPE
from callbox.wire.faults import wire_error_of
from callbox.wire.gate import Gate
from callbox.wire.operations import INERT
from callbox.wire.rate_limits import RateLimiter
from callbox.workspace import access_tokens, activity_logs, teams, workspaces
from callbox.workspace.access_tokens import look_up_token
from callbox.workspace.admins import routes as admins

API_ROUTES = [
    *admins.ROUTES,
    *activity_logs.ROUTES,
    *teams.ROUTES,
    *companies.ROUTES,
    *contacts.ROUTES,
    *data_attributes.ROUTES,
    *data_events.ROUTES,
    *notes.ROUTES,
    *segments.ROUTES,
    *subscription_types.ROUTES,
    *tags.ROUTES,
    *visitors.ROUTES,
    *conversations.ROUTES,
    *assignment.ROUTES,
    *messages.ROUTES,
    *phone_switch.ROUTES,
    *ticket_types.ROUTES,
    *tickets.ROUTES,
    *articles.ROUTES,
    *help_center.ROUTES,
    *news.ROUTES,
    *data_export.ROUTES,
]

MANAGE_ROUTES = [
    *assignment.MANAGE_ROUTES,
    *email.MANAGE_ROUTES,
    *inbound_email.MANAGE_ROUTES,
    *messages.MANAGE_ROUTES,
    *ratings.MANAGE_ROUTES,
    *workspaces.MANAGE_ROUTES,
    *access_tokens.MANAGE_ROUTES,
    *admins.MANAGE_ROUTES,
    *teams.MANAGE_ROUTES,
    *data_attributes.MANAGE_ROUTES,
    *segments.MANAGE_ROUTES,
    *subscription_types.MANAGE_ROUTES,
    *visitors.MANAGE_ROUTES,
    *tickets.MANAGE_ROUTES,
    *articles.MANAGE_ROUTES,
    *help_center.MANAGE_ROUTES,
    *news.MANAGE_ROUTES,
    *data_export.MANAGE_ROUTES,
    *webhooks.MANAGE_ROUTES,
    *realtime.MANAGE_ROUTES,
    *sms.MANAGE_ROUTES,
]


def _answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    request_id: str = request.scope["state"]["request_id"]
    refused = wire_error_of(error, request_id)
    name, value = INERT
    return Response(
        refused.body(request_id),
        status_code=refused.status,
        media_type=JSON_MEDIA_TYPE,
        headers={name.decode(): value.decode()},
    )


def create_app(database_url: str, limiter: RateLimiter) -> Gate:
    """The application of one server process."""

    async def start() -> None:
        await open_pool(database_url)
        # The framework's long-lived objects leave the collector's sight: tenfold on the 99th percentile.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 1000)

    register_reactions()
    application = Litestar(
        [
            *health.ROUTES,
            *attachments.ROUTES,
            *realtime.ROUTES,
            *sms.ROUTES,
            *email.ROUTES,
            *description_routes([*API_ROUTES, *MANAGE_ROUTES]),
            *API_ROUTES,
            *MANAGE_ROUTES,
        ],
        openapi_config=None,
        logging_config=None,
        exception_handlers={Exception: _answer_error},
        on_startup=[start],
        on_shutdown=[stop_hub, close_pool],
    )
    return Gate(Dispatch(application), Authenticator(look_up_token), limiter)
