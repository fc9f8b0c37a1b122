"""A workspace that is told of things over HTTP, and what it is told."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.channels.receiver import Json, Receiver, listening
from tests.support.tickets import TicketDesk

Eventually = Callable[[Callable[[], Any]], Any]


@dataclass
class Hook:
    """A webhook, its receiver, and the way to both."""

    desk: TicketDesk
    receiver: Receiver
    made: Json
    eventually: Eventually

    @property
    def workspace_id(self) -> str:
        """Whose webhook it is."""
        return str(self.desk.call("GET", "/me")["app"]["id_code"])

    @property
    def path(self) -> str:
        """Where it is managed."""
        return f"/manage/v1/webhooks/{self.made['id']}"

    def read(self) -> Json:
        """The webhook."""
        found: Json = self.desk.call("GET", self.path)
        return found

    def set(self, **values: Any) -> Json:
        """A change of the webhook."""
        changed: Json = self.desk.call("PUT", self.path, json=values)
        return changed

    def deliveries(self, **query: Any) -> list[Json]:
        """What was told or waits, oldest first."""
        listed: list[Json] = self.desk.call("GET", f"{self.path}/deliveries", params={"per_page": 150, **query})["data"]
        return listed[::-1]

    def delivery(self, delivery_id: str) -> Json:
        """One delivery with its attempts."""
        found: Json = self.desk.call("GET", f"{self.path}/deliveries/{delivery_id}")
        return found

    def attempts(self, number: int) -> list[Json]:
        """Wait for so many attempts at the newest delivery but pings; answers them, the first one first."""
        delivery_id = self.eventually(lambda: [each for each in self.deliveries() if each["topic"] != "ping"])[-1]["id"]
        self.eventually(lambda: self.delivery(delivery_id)["attempts"] >= number)
        found: list[Json] = self.delivery(delivery_id)["latest_attempts"]
        return found[::-1]

    def told(self, number: int, topic: str = "") -> list[Json]:
        """Wait for so many notifications; answers them in the order of arrival."""
        self.eventually(lambda: len(self.receiver.notifications(topic)) >= number)
        return self.receiver.notifications(topic)

    def settled(self) -> list[Json]:
        """Wait until nothing is due any more; answers the deliveries."""
        self.eventually(lambda: not self.deliveries(state="waiting"))
        return self.deliveries()


@pytest.fixture
def desk(api: httpx.Client) -> TicketDesk:
    """A desk of this test's workspace."""
    return TicketDesk(api)


@pytest.fixture
def hook(desk: TicketDesk, eventually: Eventually) -> Iterator[Callable[..., Hook]]:
    """Makes webhooks that have got their pings, each with a receiver of its own."""
    with ExitStack() as receivers:

        def make(*topics: str, answer: int | str = 200, **values: Any) -> Hook:
            receiver = receivers.enter_context(listening())
            body = {"url": receiver.url, "topics": list(topics) or None, **values}
            made = Hook(desk, receiver, desk.post("/manage/v1/webhooks", body), eventually)
            made.settled()
            receiver.answer = answer
            return made

        yield make
