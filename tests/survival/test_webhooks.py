"""A worker that is killed while it sends: nothing is lost, nothing comes more than twice, and order is kept."""

import os
import signal
from collections import Counter

from tests.channels.receiver import listening
from tests.support.conversations import Desk, parts_of
from tests.survival.harness import Installation
from tests.waiting import wait_for

CONVERSATIONS = 12
REPLIES = 15
KILLS = 3


def test_a_killed_worker_loses_no_delivery_and_repeats_each_at_most_once(installation: Installation) -> None:
    installation.serve(environment={"CALLBOX_ALLOW_PRIVATE_WEBHOOKS": "1"})
    with installation.client() as api, listening() as receiver:
        desk = Desk(api)
        receiver.delay = 0.02
        body = {"url": receiver.url, "topics": ["conversation.admin.replied"]}
        webhook = desk.post("/manage/v1/webhooks", body)
        talks = [desk.start() for _ in range(CONVERSATIONS)]
        desk.call("PUT", f"/manage/v1/webhooks/{webhook['id']}", json={"state": "paused"})
        said = [desk.answer(talk, body=str(number)) for number in range(REPLIES) for talk in talks]
        wait_for(lambda: waiting(installation) >= len(said))
        desk.call("PUT", f"/manage/v1/webhooks/{webhook['id']}", json={"state": "active"})
        for number in range(1, KILLS + 1):
            enough = number * len(said) // (KILLS + 1)
            wait_for(lambda: len({each["id"] for each in receiver.notifications()}) >= enough, pause=0.005)  # noqa: B023
            os.kill(installation.child("worker"), signal.SIGKILL)
        wait_for(lambda: waiting(installation) == 0)

        arrived = receiver.notifications()
        times = Counter(each["id"] for each in arrived)
        delivered = installation.sql("SELECT 'notif_' || id FROM webhook_deliveries WHERE item_id <> ''")
        assert set(times) == {row[0] for row in delivered}
        assert len(times) == len(said)
        assert set(times.values()) <= {1, 2}
        for talk in talks:
            first_times = dict.fromkeys(
                parts_of(each["data"]["item"])[0]["id"] for each in arrived if each["data"]["item"]["id"] == talk["id"]
            )
            assert list(first_times) == [part["id"] for part in parts_of(desk.get(talk["id"]))]
    assert webhook["secret"] not in installation.log()
    assert installation.stop() == 0


def waiting(installation: Installation) -> int:
    """How many notifications have not been taken yet."""
    return int(installation.sql("SELECT count(*) FROM webhook_deliveries WHERE state = 'waiting'")[0][0])
