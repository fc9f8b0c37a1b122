"""`python -m benchmarks.mails`: how many mails one worker hands to a mail server a second.

Messages are asked for first, while no worker runs; then a worker composes and sends them, to an aiosmtpd on loopback
that shares its cores. Counted is from the first mail that arrives to the last.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import httpx
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from benchmarks.servers import first_token, free_port, running, scratch_directory
from callbox.platform.database.embedded import EmbeddedPostgres


class Mailbox:
    """Takes every mail, and notes when."""

    def __init__(self) -> None:
        self.arrived: list[float] = []
        self.recipients: set[str] = set()

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802  # the library's name
        """One mail is here."""
        self.arrived.append(time.monotonic())
        self.recipients.update(envelope.rcpt_tos)
        return "250 OK"


def _ask(api: httpx.Client, number: int) -> None:
    """Ask for a mail to each of so many contacts."""
    me = api.get("/me").raise_for_status().json()["id"]
    for each in range(number):
        person = {"role": "user", "email": f"grace-{each}@shop.internal", "name": "Grace"}
        contact = api.post("/contacts", json=person).raise_for_status().json()["id"]
        message: dict[str, Any] = {
            "message_type": "email",
            "subject": "Your new roster",
            "body": "<p>It is ready to look at.</p>",
            "template": "plain",
            "from": {"type": "admin", "id": me},
            "to": {"type": "user", "id": contact},
        }
        api.post("/messages", json=message).raise_for_status()


def run(number: int, directory: Path) -> None:
    """Ask for mails, let them go out, report."""
    mailbox, mail_port, port = Mailbox(), free_port(), free_port()
    listener = Controller(mailbox, hostname="127.0.0.1", port=mail_port)
    listener.start()
    settings = {"CALLBOX_RATE_LIMIT": "0", "CALLBOX_SMTP_URL": f"smtp://127.0.0.1:{mail_port}?starttls=optional"}
    serve = ["callbox.cli", "serve", "--data", str(directory), "--port", str(port), "--no-worker"]
    try:
        with running(serve, settings) as server:
            headers = {"Authorization": f"Bearer {first_token(server)}"}
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as api:
                _ask(api, number)
            worker = ["callbox.cli", "worker", "--data", str(directory)]
            with running(worker, {**settings, "CALLBOX_DATABASE_URL": EmbeddedPostgres(directory).dsn}):
                while len(mailbox.recipients) < number:
                    time.sleep(0.1)
    finally:
        listener.stop()
    seconds = mailbox.arrived[-1] - mailbox.arrived[0]
    twice = len(mailbox.arrived) - number
    print(f"{number:,} mails in {seconds:.1f} s: {number / seconds:,.0f} a second; {twice} of them twice")


def main() -> None:
    """Read the options; the data live in a directory that is removed at the end."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mails", description=__doc__)
    parser.add_argument("--mails", type=int, default=1000)
    options = parser.parse_args()
    with scratch_directory() as directory:
        run(options.mails, directory)


if __name__ == "__main__":
    main()
