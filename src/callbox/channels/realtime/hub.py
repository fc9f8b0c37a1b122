"""What one server process does for all its streams: it reads events once, and passes them on.

The decision behind it, with numbers: docs/decisions/0018-live-updates-read-the-outbox.md.
"""

import asyncio
from contextlib import suppress
from typing import Any
from uuid import uuid4

import msgspec
import structlog

from callbox.channels.realtime import presence
from callbox.channels.realtime.schemas import Presence, Typing, Viewer
from callbox.channels.realtime.streams import Room, Stream, admin_frame, contact_frame
from callbox.platform import recent_events
from callbox.platform.database import CONNECTION_FAULTS, Connection, DatabaseUnavailable, connection, own_connection
from callbox.platform.database.notifications import CHANNEL, notify
from callbox.platform.events import EVENTS_WRITTEN
from callbox.platform.recent_events import Position
from callbox.platform.telemetry import live_streams
from callbox.wire.errors import RateLimitExceeded, ServiceUnavailable

MAX_STREAMS_OF_VIEWER = 32
MAX_STREAMS = 20_000
_POLL_SECONDS = 0.5
_SHORTEST_PAUSE_SECONDS = 0.01
_RETRY_SECONDS = 1.0
_START_SECONDS = 10.0
_TIDY_SECONDS = 2.0
_MOST_MISSED = 1_000
_CATCHING_UP_AT_ONCE = 4

_log = structlog.get_logger("callbox.live")


class TooManyStreams(RateLimitExceeded):
    """One viewer has no use for so many."""

    message = f"At most {MAX_STREAMS_OF_VIEWER} streams may be open for one viewer"


class Hub:
    """The streams of this process. It begins to read with the first of them."""

    def __init__(self) -> None:
        self.process_id = uuid4()
        self.position = Position("")
        self._rooms: dict[str, Room] = {}
        self._count = 0
        self._wake = asyncio.Event()
        self._awaiting: list[asyncio.Future[None]] = []
        self._changed: set[Viewer] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._catching_up = asyncio.Semaphore(_CATCHING_UP_AT_ONCE)
        self._has_ended = False

    async def open(self, stream: Stream) -> Position:
        """Let a stream begin; answers the position from which on it misses nothing."""
        if self._has_ended or self._count >= MAX_STREAMS:
            raise ServiceUnavailable
        room = self._rooms.setdefault(stream.viewer.workspace_id, Room())
        streams = room.of(stream.viewer)
        if len(streams) >= MAX_STREAMS_OF_VIEWER:
            raise TooManyStreams
        streams.add(stream)
        self._count += 1
        live_streams.inc()
        self._changed.add(stream.viewer)
        try:
            await self._read_now()
            while self.position.until is not None:
                await self._read_now()
        except BaseException:
            self.close(stream)
            raise
        stream.take(self.position)
        return self.position

    def close(self, stream: Stream) -> None:
        """The stream has ended."""
        room = self._rooms[stream.viewer.workspace_id]
        self._count -= 1
        live_streams.dec()
        if room.discard(stream):
            self._changed.add(stream.viewer)
        if not room:
            del self._rooms[stream.viewer.workspace_id]

    async def _read_now(self) -> None:
        """Wait until everything is read that has committed before."""
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._keep(self._follow)), asyncio.create_task(self._keep(self._tidy))]
        waiting = asyncio.get_running_loop().create_future()
        self._awaiting.append(waiting)
        self._wake.set()
        try:
            async with asyncio.timeout(_START_SECONDS):
                await waiting
        except TimeoutError as error:
            raise DatabaseUnavailable("live updates cannot be read") from error

    async def missed(self, stream: Stream, position: Position, upto: Position) -> bytes | None:
        """What a client has not seen between two positions; None where that cannot be told any more."""
        viewer, frames = stream.viewer, []
        about = viewer.id if viewer.type == "contact" else None
        read = 0
        async with self._catching_up, connection() as held:
            while position.after != upto.after:
                if position.until is None:
                    position = msgspec.structs.replace(position, until=upto.after)
                reading = await recent_events.read(held, position, [viewer.workspace_id], about=about)
                read += len(reading.events)
                if not reading.is_whole or read > _MOST_MISSED:
                    return None
                frames += [_seen_by(viewer, event) for event in reading.events if stream.wants(event.topic)]
                position = reading.position
        return b"".join(frames)

    def end(self) -> None:
        """End every stream: the process stops."""
        self._has_ended = True
        for room in self._rooms.values():
            for stream in room:
                stream.end()

    async def stop(self) -> None:
        """After the streams have ended."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._tasks:
            with suppress(DatabaseUnavailable, *CONNECTION_FAULTS):
                await presence.leave(self.process_id)

    async def _keep(self, work: Any) -> None:
        while True:
            try:
                await work()
            except (DatabaseUnavailable, *CONNECTION_FAULTS) as error:
                _log.warning("live_updates_interrupted", reason=repr(error))
            await asyncio.sleep(_RETRY_SECONDS)

    async def _follow(self) -> None:
        held = await own_connection()
        try:
            held.add_termination_listener(lambda *_: self._wake.set())
            await held.add_listener(CHANNEL, self._hear)
            if not self.position.after:
                self.position = await recent_events.current_position(held)
            while True:
                await self._read(held)
                await asyncio.sleep(_SHORTEST_PAUSE_SECONDS)
                with suppress(TimeoutError):
                    async with asyncio.timeout(_POLL_SECONDS):
                        await self._wake.wait()
        finally:
            held.terminate()

    async def _read(self, held: Connection) -> None:
        """Read and pass on all that has become visible."""
        self._wake.clear()
        awaiting, self._awaiting = self._awaiting, []
        try:
            while True:
                reading = await recent_events.read(held, self.position, list(self._rooms))
                # From here to the end of the turn nobody else runs, so that each position is behind what was pushed.
                if not reading.is_whole:
                    self._reset_all()
                for event in reading.events:
                    if (room := self._rooms.get(event.workspace_id)) is not None:
                        room.tell(event)
                self.position = reading.position
                if self.position.until is None:
                    break
        except BaseException:
            self._awaiting += awaiting
            raise
        for waiting in awaiting:
            if not waiting.done():
                waiting.set_result(None)

    def _reset_all(self) -> None:
        for room in self._rooms.values():
            for stream in room:
                stream.reset()

    def _hear(self, _: object, __: int, ___: str, payload: object) -> None:
        """Something was told to all processes."""
        if payload == EVENTS_WRITTEN:
            self._wake.set()
            return
        told = msgspec.json.decode(str(payload), type=Typing | Presence)
        who = told.by if isinstance(told, Typing) else told.who
        room = self._rooms.get(who.workspace_id)
        if room is not None:
            if isinstance(told, Typing):
                room.tell_typing(told)
            else:
                room.tell_presence(told)

    async def _tidy(self) -> None:
        """Now and then: who came and went, and who may watch no longer."""
        self._changed |= {stream.viewer for room in self._rooms.values() for stream in room}
        while True:
            await self._tell_presence()
            await self._end_refused()
            await asyncio.sleep(_TIDY_SECONDS)

    async def _tell_presence(self) -> None:
        changed, self._changed = self._changed, set()
        here = {stream.viewer for room in self._rooms.values() for stream in room}
        try:
            told = await presence.note(self.process_id, changed & here, changed - here)
        except BaseException:
            self._changed |= changed
            raise
        for each in told:
            notify(msgspec.json.encode(each).decode())

    async def _end_refused(self) -> None:
        streams = [stream for room in self._rooms.values() for stream in room]
        if streams:
            refused = await presence.refused(streams)
            for stream in refused:
                stream.end()


def _seen_by(viewer: Viewer, event: recent_events.RecentEvent) -> bytes:
    """An event as this viewer sees it; nothing if it is none of theirs."""
    if viewer.type == "admin":
        return admin_frame(event) or b""
    seen = contact_frame(event)
    return seen[1] if seen and viewer.id in seen[0] else b""


_hub: Hub | None = None


def hub() -> Hub:
    """This process's hub."""
    global _hub  # noqa: PLW0603  # one hub a process
    if _hub is None:
        _hub = Hub()
    return _hub


def end_streams() -> None:
    """Called when the process begins to stop: streams would otherwise go on for ever."""
    hub().end()


async def stop_hub() -> None:
    """Called when the process has answered everything."""
    await hub().stop()
