"""What was acknowledged is not lost, whenever the worker dies."""

import os
import signal
import smtplib
from contextlib import suppress

from tests.conftest import free_port
from tests.survival.harness import Installation
from tests.waiting import wait_for


def test_no_acknowledged_mail_is_lost_or_doubled_when_the_worker_is_killed(installation: Installation) -> None:
    port = free_port()
    installation.serve("--smtp", str(port))
    acknowledged: list[str] = []
    with installation.client() as api:
        address = f"{api.get('/manage/v1/workspace').json()['id']}@localhost"
        with suppress(OSError, smtplib.SMTPException), smtplib.SMTP("127.0.0.1", port, timeout=30) as smtp:
            for number in range(30):
                mail = f"From: g{number}@example.com\r\nMessage-ID: <{number}@x>\r\nSubject: {number}\r\n\r\nHello"
                smtp.sendmail("g@example.com", [address], mail)
                acknowledged.append(str(number))
            os.kill(installation.child("worker"), signal.SIGKILL)
        assert len(acknowledged) == 30

        def subjects() -> list[str]:
            listed = api.get("/conversations", params={"per_page": 150}).json()["conversations"]
            return [conversation["source"]["subject"] for conversation in listed]

        wait_for(lambda: set(acknowledged) <= set(subjects()))
        installation.wait_until_idle()
        assert sorted(subjects()) == sorted(acknowledged)
        states = {each["state"] for each in api.get("/manage/v1/inbound_emails?per_page=150").json()["data"]}
        assert states == {"done"}
    assert installation.stop() == 0
