"""A client of `/live` for tests: reads server-sent events on a thread of its own."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.waiting import GENEROUS_SECONDS


@dataclass
class Told:
    """One event."""

    id: str
    topic: str
    data: Any


@dataclass
class LiveClient:
    """What a stream has told so far."""

    response: httpx.Response
    told: list[Told] = field(default_factory=list)
    last_id: str = ""
    has_ended: bool = False

    def read(self) -> None:
        """Read until the stream ends."""
        topic, data = "", ""
        try:
            for line in self.response.iter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    self.last_id = value
                elif name == "event":
                    topic = value
                elif name == "data":
                    data = value
                elif not line and topic:
                    self.told.append(Told(self.last_id, topic, json.loads(data)))
                    topic = ""
        except (httpx.HTTPError, httpx.StreamError):
            pass
        self.has_ended = True

    def topics(self) -> list[str]:
        """The topics in the order in which they were told."""
        return [each.topic for each in self.told]

    def wait(self, check: Callable[["LiveClient"], Any]) -> Any:
        """Wait until the check answers something true."""
        deadline = time.monotonic() + GENEROUS_SECONDS
        while not (answer := check(self)):
            assert time.monotonic() < deadline, f"told so far: {self.topics()}, ended: {self.has_ended}"
            time.sleep(0.02)
        return answer


@contextmanager
def watching(url: str, bearer: str | None = None, after: str | None = None, **query: str) -> Iterator[LiveClient]:
    """An open stream; it is open when the block begins."""
    headers = {"Accept": "text/event-stream"}
    if bearer is not None:
        headers["Authorization"] = f"Bearer {bearer}"
    if after is not None:
        headers["Last-Event-ID"] = after
    timeout = httpx.Timeout(10, read=40)
    with (
        httpx.Client(timeout=timeout) as client,
        client.stream("GET", f"{url}/live", params=query, headers=headers) as response,
    ):
        assert response.status_code == 200, response.read()
        live = LiveClient(response)
        reader = threading.Thread(target=live.read, daemon=True)
        reader.start()
        live.wait(lambda each: each.last_id)
        yield live
        # The reader waits in the socket; what it waits for ends with the connection.
        response.extensions["network_stream"].get_extra_info("socket").shutdown(2)
        reader.join(10)
