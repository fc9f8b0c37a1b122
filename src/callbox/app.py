"""Assembles the ASGI application: the rooms' routes, their reactions to one another, the gate in front."""

import gc
from typing import Any

from litestar import Litestar, Request
from litestar.response import Response
from litestar.types import ControllerRouterHandler

from callbox.people.contacts import routes as contacts
from callbox.platform.database import close_pool, open_pool
from callbox.wire import health
from callbox.wire.authentication import Authenticator
from callbox.wire.faults import wire_error_of
from callbox.wire.gate import MAX_BODY_BYTES, Gate
from callbox.wire.rate_limits import RateLimiter
from callbox.workspace import access_tokens, workspaces
from callbox.workspace.access_tokens import look_up_token

ROUTES: list[ControllerRouterHandler] = [
    *health.ROUTES,
    *workspaces.MANAGE_ROUTES,
    *access_tokens.MANAGE_ROUTES,
    *contacts.ROUTES,
]


def _answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    request_id: str = request.scope["state"]["request_id"]
    refused = wire_error_of(error, request_id)
    return Response(refused.body(request_id), status_code=refused.status, media_type="application/json; charset=utf-8")


def create_app(database_url: str, limiter: RateLimiter) -> Gate:
    """The application of one server process."""

    async def start() -> None:
        await open_pool(database_url)
        # The framework's long-lived objects leave the collector's sight: tenfold on the 99th percentile.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 1000)

    application = Litestar(
        ROUTES,
        openapi_config=None,
        logging_config=None,
        exception_handlers={Exception: _answer_error},
        request_max_body_size=MAX_BODY_BYTES,
        on_startup=[start],
        on_shutdown=[close_pool],
    )
    return Gate(application, Authenticator(look_up_token), limiter)
