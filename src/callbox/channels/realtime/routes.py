"""Where clients open their streams, and the operations around them."""

import asyncio
from contextlib import suppress
from typing import Any

from litestar import asgi
from litestar.types import HTTPScope, Receive, Send

from callbox.channels.realtime import service
from callbox.channels.realtime.hub import Hub, hub
from callbox.channels.realtime.schemas import (
    LiveQuery,
    LiveToken,
    LiveTokenRequest,
    TypingRequest,
    WhoIsOnline,
)
from callbox.channels.realtime.service import Watching
from callbox.channels.realtime.streams import Stream, reset_frame
from callbox.people.contacts.service import ContactNotFound
from callbox.platform.events import PUBLIC_TOPICS
from callbox.platform.recent_events import Position, position_of
from callbox.support.conversations.changing import ConversationNotFound
from callbox.wire.decode import decode, decode_query
from callbox.wire.errors import NotFound, ParameterInvalid, Unauthorized
from callbox.wire.operations import caller_of, operation

_GROUP = "Live Updates"
HEARTBEAT_SECONDS = 15.0
# A client that takes nothing for so long is gone, whatever its connection says.
_STALLED_SECONDS = 30.0
_TRANSIENT = {"typing", "presence"}
_TOPICS = _TRANSIENT.union(PUBLIC_TOPICS)
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
# Tokens are in the URL, so that a page of another site may have one without any cookie.
_FOR_OTHER_SITES = (b"access-control-allow-origin", b"*")


async def _watching(scope: Any, query: LiveQuery) -> Watching:
    """Who asks, by the token in the URL or by an access token."""
    if query.token is not None:
        return await service.watching_with(query.token)
    if "caller" not in scope["state"]:
        raise Unauthorized
    return service.watching_admin(caller_of(scope))


@asgi("/live", copy_scope=False)
async def live(scope: Any, receive: Receive, send: Send) -> None:
    """Server-sent events of a workspace, as they happen."""
    if scope["method"] not in {"GET", "HEAD"}:
        raise NotFound
    query = decode_query(scope["query_string"], LiveQuery)
    topics = _topics(query.topics)
    watching = await _watching(scope, query)
    headers = [*_HEADERS, _FOR_OTHER_SITES] if query.token is not None else _HEADERS
    if scope["method"] == "HEAD":
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    stream = Stream(watching.viewer, watching.token_id, topics)
    await _stream(stream, _last_event_id(scope, query), headers, receive, send)


async def _stream(stream: Stream, last_event_id: str | None, headers: Any, receive: Receive, send: Send) -> None:
    streams = hub()
    position = await streams.open(stream)
    try:
        beginning = await _beginning(streams, stream, last_event_id, position)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        watch = asyncio.create_task(_end_with_connection(receive, stream))
        try:
            await _send_all(streams, stream, beginning, send)
        finally:
            watch.cancel()
    finally:
        streams.close(stream)


def _topics(listed: str | None) -> frozenset[str] | None:
    if listed is None:
        return None
    topics = frozenset(listed.split(","))
    for topic in sorted(topics - _TOPICS):
        raise ParameterInvalid(f"topics: {topic} is not a topic")
    return topics


def _last_event_id(scope: HTTPScope, query: LiveQuery) -> str | None:
    for name, value in scope["headers"]:
        if name == b"last-event-id":
            return value.decode("latin-1")
    return query.last_event_id


async def _beginning(streams: Hub, stream: Stream, last_event_id: str | None, upto: Position) -> bytes:
    """What was missed, if the client was here before. Its position is told at once: nothing may happen for long."""
    here = b"retry: 1000\nid: %s\n\n" % str(upto).encode()
    if not last_event_id:
        return here
    position = position_of(last_event_id)
    missed = None if position is None else await streams.missed(stream, position, upto)
    return reset_frame(upto) if missed is None else missed + here


async def _end_with_connection(receive: Receive, stream: Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
    stream.end()


async def _send_all(streams: Hub, stream: Stream, waiting: bytes, send: Send) -> None:
    with suppress(TimeoutError):
        while not stream.has_ended:
            async with asyncio.timeout(_STALLED_SECONDS):
                await send({"type": "http.response.body", "body": waiting, "more_body": True})
            await stream.wait(HEARTBEAT_SECONDS)
            waiting = stream.take(streams.position) or b":\nid: %s\n\n" % str(streams.position).encode()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


@operation(
    "POST",
    "/manage/v1/live/tokens",
    group=_GROUP,
    request=LiveTokenRequest,
    errors=[ContactNotFound],
    example={"contact_id": "6a12f0c31d3b9e5f2c8a4d10"},
)
async def create_live_token(body: bytes, scope: HTTPScope) -> LiveToken:
    """Make a token that opens `/live` for one contact or admin during the next ten minutes."""
    return await service.make_token(caller_of(scope), decode(body, LiveTokenRequest))


@operation(
    "POST",
    "/manage/v1/live/typing",
    group=_GROUP,
    request=TypingRequest,
    status=202,
    errors=[ConversationNotFound],
    example={"conversation_id": "25"},
)
async def tell_typing(body: bytes, scope: HTTPScope) -> None:
    """Show the others in a conversation that you write; with a live token in the URL, as its contact or admin."""
    query = decode_query(scope["query_string"], LiveQuery)
    watching = await _watching(scope, query)
    await service.tell_typing(watching.viewer, decode(body, TypingRequest))


@operation("GET", "/manage/v1/live/presence", group=_GROUP)
async def list_presence(scope: HTTPScope) -> WhoIsOnline:
    """List who is connected."""
    return await service.who_is_online(caller_of(scope))


ROUTES = [live]
MANAGE_ROUTES = [create_live_token, tell_typing, list_presence]
