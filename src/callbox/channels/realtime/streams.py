"""The streams that are open in this process, by who watches, and what waits to be sent on each.

What waits is the same bytes for all who see the same, and bounded: a client that reads too slowly loses it, and is
told to load anew instead.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator

import msgspec

from callbox.channels.realtime.schemas import EventView, Presence, PresenceView, Typing, TypingView, Viewer
from callbox.channels.realtime.visibility import contact_view
from callbox.platform.clock import unix
from callbox.platform.events import is_internal
from callbox.platform.recent_events import Position, RecentEvent

MAX_WAITING_FRAMES = 1_000
MAX_WAITING_BYTES = 4 * 1024 * 1024


def frame(event: str, data: bytes, position: Position | None = None) -> bytes:
    """One event on the wire."""
    id_line = b"" if position is None else f"id: {position}\n".encode()
    return b"%sevent: %s\ndata: %s\n\n" % (id_line, event.encode(), data)


def reset_frame(position: Position) -> bytes:
    """Events are missing: whoever reads this loads again what it shows. What follows is whole again."""
    return frame("reset", b"{}", position)


class Stream:
    """What waits to be sent to one client."""

    __slots__ = ("_frames", "_is_behind", "_size", "_wake", "has_ended", "token_id", "topics", "viewer")

    def __init__(self, viewer: Viewer, token_id: int, topics: frozenset[str] | None) -> None:
        self.viewer = viewer
        self.token_id = token_id
        self.topics = topics
        self.has_ended = False
        self._frames: deque[bytes] = deque()
        self._size = 0
        self._is_behind = False
        self._wake = asyncio.Event()

    def wants(self, topic: str) -> bool:
        """Whether the client asked for events of this topic."""
        return self.topics is None or topic in self.topics

    def push(self, encoded: bytes) -> None:
        """Add something to be sent; where too much waits already, forget all of it."""
        if len(self._frames) >= MAX_WAITING_FRAMES or self._size > MAX_WAITING_BYTES:
            self._frames.clear()
            self._size = 0
            self._is_behind = True
        if not self._is_behind:
            self._frames.append(encoded)
            self._size += len(encoded)
        self._wake.set()

    def reset(self) -> None:
        """Events are missing before what comes next."""
        self._is_behind = True
        self._wake.set()

    def end(self) -> None:
        """Close the stream once what waits is sent."""
        self.has_ended = True
        self._wake.set()

    async def wait(self, seconds: float) -> None:
        """Wait until there is something to do, at most this long."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    def take(self, position: Position) -> bytes:
        """All that waits; `position` is where the process has read to."""
        self._wake.clear()
        waiting = b"".join(self._frames)
        if self._is_behind:
            waiting = reset_frame(position)
        self._frames.clear()
        self._size = 0
        self._is_behind = False
        return waiting


class Room:
    """The streams of one workspace."""

    def __init__(self) -> None:
        self.admins: dict[str, set[Stream]] = {}
        self.contacts: dict[str, set[Stream]] = {}

    def of(self, viewer: Viewer) -> set[Stream]:
        """The streams of one viewer."""
        return (self.admins if viewer.type == "admin" else self.contacts).setdefault(viewer.id, set())

    def discard(self, stream: Stream) -> bool:
        """Forget a stream; whether it was the viewer's last."""
        by_id = self.admins if stream.viewer.type == "admin" else self.contacts
        streams = by_id.get(stream.viewer.id, set())
        streams.discard(stream)
        if not streams:
            by_id.pop(stream.viewer.id, None)
        return not streams

    def __iter__(self) -> Iterator[Stream]:
        for by_id in (self.admins, self.contacts):
            for streams in by_id.values():
                yield from streams

    def __bool__(self) -> bool:
        return bool(self.admins or self.contacts)

    def tell(self, event: RecentEvent) -> None:
        """Pass an event to all who may see it and asked for it."""
        if self.admins and (encoded := admin_frame(event)) is not None:
            _push(self._of_all(self.admins), event.topic, encoded)
        if self.contacts and (seen := contact_frame(event)) is not None:
            contact_ids, encoded = seen
            _push(self._of(self.contacts, contact_ids), event.topic, encoded)

    def tell_typing(self, typing: Typing) -> None:
        """Show everybody else in a conversation that somebody writes."""
        view = TypingView(typing.conversation_id, typing.by.type, typing.by.id)
        told = [*self._of_all(self.admins), *self._of(self.contacts, typing.contact_ids)]
        others = [stream for stream in told if stream.viewer != typing.by]
        _push(others, "typing", frame("typing", msgspec.json.encode(view)))

    def tell_presence(self, presence: Presence) -> None:
        """Show the team who came or went."""
        view = PresenceView(presence.who.type, presence.who.id, presence.online)
        _push(self._of_all(self.admins), "presence", frame("presence", msgspec.json.encode(view)))

    @staticmethod
    def _of_all(by_id: dict[str, set[Stream]]) -> Iterator[Stream]:
        for streams in by_id.values():
            yield from streams

    @staticmethod
    def _of(by_id: dict[str, set[Stream]], ids: Iterable[str]) -> Iterator[Stream]:
        for viewer_id in ids:
            yield from by_id.get(viewer_id, ())


def _push(streams: Iterable[Stream], topic: str, encoded: bytes) -> None:
    for stream in streams:
        if stream.wants(topic):
            stream.push(encoded)


def admin_frame(event: RecentEvent) -> bytes | None:
    """An event as admins see it; None for what never leaves the house."""
    return None if is_internal(event.topic) else _event_frame(event, event.item.encode())


def contact_frame(event: RecentEvent) -> tuple[list[str], bytes] | None:
    """Which contacts see an event, and how."""
    view = contact_view(event.topic, event.item)
    return None if view is None else (view.contact_ids, _event_frame(event, view.item))


def _event_frame(event: RecentEvent, item: bytes) -> bytes:
    view = EventView(event.topic, event.item_id, msgspec.Raw(item), unix(event.created_at))
    return frame(event.topic, msgspec.json.encode(view), event.position)
