"""`python -m benchmarks.live`: how long a reply takes from its request to everybody who listens.

Replies are sent at a fixed rate while streams are open: some of admins, who hear of everything, the others of contacts,
who hear of their own conversation. The same replies are sent while nobody listens, in turns, so that it shows what
listeners cost those who write. The client that sends, listens and measures runs on the same cores as server and
database. Times begin when the request is sent, so they contain the reply's own time.

Very many: `--contacts 10000 --talks 400`, with room for as many open files (`ulimit -n`).
"""

import argparse
import asyncio
import re
import resource
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple, cast

import httpx
import msgspec
import uvloop

from benchmarks.load import http_request
from benchmarks.servers import first_token, free_port, http_process, processor_seconds, running

_MARK = re.compile(rb"<p>number (\d+) of the benchmark</p>")
_REPLIES_AT_ONCE = 16
_STREAMS_OF_ADMIN = 25


class Talk(NamedTuple):
    """A conversation, and the token with which its contact listens."""

    conversation_id: str
    live_token: str


class Cost(NamedTuple):
    """What replies took: the median of one in seconds, and the share of a core that the server took for all."""

    seconds: float
    processor: float


class Seen:
    """When each reply was sent, answered and heard of."""

    def __init__(self) -> None:
        self.begun = 0
        self.sent: dict[int, float] = {}
        self.answered: list[float] = []
        self.heard: list[float] = []


class Listener(asyncio.Protocol):
    """An open stream. The same piece may contain a reply's text twice; the first counts."""

    def __init__(self, request: bytes, seen: Seen) -> None:
        self._request = request
        self._seen = seen
        self._has_begun = False
        self._rest = b""
        self._numbers: set[int] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        cast("asyncio.Transport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        """Note which replies are in it."""
        now, text = perf_counter(), self._rest + data
        if not self._has_begun:
            self._has_begun = True
            self._seen.begun += 1
        for mark in _MARK.finditer(text):
            number = int(mark[1])
            if number not in self._numbers:
                self._numbers.add(number)
                self._seen.heard.append(now - self._seen.sent[number])
        self._rest = text[-64:]


async def _reply(port: int, token: str, talks: list[Talk], rate: float, seconds: float, seen: Seen) -> None:
    loop = asyncio.get_running_loop()
    due = asyncio.Queue[int]()

    async def send() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while True:
            number = await due.get()
            said = {"message_type": "comment", "type": "admin", "body": f"<p>number {number} of the benchmark</p>"}
            path = f"/conversations/{talks[number % len(talks)].conversation_id}/reply"
            seen.sent[number] = perf_counter()
            writer.write(http_request("POST", path, token, msgspec.json.encode(said)))
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
            seen.answered.append(perf_counter() - seen.sent[number])
            if b" 200 " not in head.partition(b"\r\n")[0]:
                raise RuntimeError(head.decode())
            due.task_done()

    senders = [asyncio.create_task(send()) for _ in range(_REPLIES_AT_ONCE)]
    started = loop.time()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, started + number / rate - loop.time()))
        due.put_nowait(number)
    await due.join()
    for sender in senders:
        sender.cancel()


async def _measure(
    port: int,
    token: str,
    talks: list[Talk],
    server: int,
    admin_tokens: list[str],
    contacts: int,
    rate: float,
    seconds: float,
) -> Cost:
    """Listen and reply; answers what the replies took, from their requests to their answers."""
    seen = Seen()
    requests = [http_request("GET", f"/live?token={each}", "-") for each in admin_tokens]
    requests += [
        http_request("GET", f"/live?token={talks[each % len(talks)].live_token}", "-") for each in range(contacts)
    ]
    loop = asyncio.get_running_loop()
    before_memory = _memory_kb(server)
    opened = [
        await loop.create_connection(lambda request=request: Listener(request, seen), "127.0.0.1", port)  # type: ignore[misc]
        for request in requests
    ]
    await _until(lambda: seen.begun == len(requests))
    memory = (_memory_kb(server) - before_memory) / max(len(requests), 1)
    before = processor_seconds(server)
    await _reply(port, token, talks, rate, seconds, seen)
    admins = len(admin_tokens)
    wanted = len(seen.sent) * admins + sum(
        len([n for n in seen.sent if n % len(talks) == each % len(talks)]) for each in range(contacts)
    )
    await _until(lambda: len(seen.heard) == wanted)
    busy = (processor_seconds(server) - before) / seconds
    for transport, _ in opened:
        transport.close()
    told = sorted(seen.heard)
    answered = sorted(seen.answered)
    print(f"{admins} admins, {contacts} contacts listen; {rate:g} replies/s for {seconds:g} s")
    print(f"  memory of the server process for each listener: {memory:.1f} KB; processor: {busy:.0%} of a core")
    if told:
        print(f"  heard {len(told):,} of {wanted:,}")
        for name, times in (("request to answer", answered), ("request to listener", told)):
            p50, p99 = median(times), times[int(len(times) * 0.99)]
            print(f"  {name}: p50 {p50 * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms, longest {times[-1] * 1000:.1f} ms")
    return Cost(median(answered), busy)


async def _until(check: Callable[[], bool]) -> None:
    """Wait for it, but not for ever: what is missing is reported."""
    for _ in range(600):
        if check():
            return
        await asyncio.sleep(0.1)


def _memory_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])


def _talks(api: httpx.Client, count: int) -> list[Talk]:
    talks = []
    for number in range(count):
        contact = api.post("/contacts", json={"role": "user", "external_id": f"live-{number}"}).json()["id"]
        begun = api.post("/conversations", json={"from": {"type": "user", "id": contact}, "body": "Hello"}).json()
        token = api.post("/manage/v1/live/tokens", json={"contact_id": contact}).json()["token"]
        talks.append(Talk(begun["conversation_id"], token))
    return talks


def _admin_tokens(api: httpx.Client, count: int) -> list[str]:
    """Tokens of as many admins as it takes, for each may have some dozen streams."""
    tokens = []
    for number in range(-(-count // _STREAMS_OF_ADMIN)):
        admin = api.post("/manage/v1/admins", json={"name": "Ada Lovelace", "email": f"live-{number}@example.com"})
        token = api.post("/manage/v1/live/tokens", json={"admin_id": admin.json()["id"]}).json()["token"]
        tokens += [token] * _STREAMS_OF_ADMIN
    return tokens[:count]


def _allow_many_connections() -> None:
    """Each stream is an open file, here as in the server."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main() -> None:
    """Start a server, open streams, send replies, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--admins", type=int, default=50)
    parser.add_argument("--contacts", type=int, default=450)
    parser.add_argument("--rate", type=float, default=200, help="replies a second")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--talks", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    _allow_many_connections()
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="callbox-bench-", ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o755)
        serve = ["callbox.cli", "serve", "--data", directory, "--port", str(port)]
        with running(serve, {"CALLBOX_RATE_LIMIT": "0"}) as process:
            token = first_token(process)
            headers = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as api:
                talks = _talks(api, options.talks)
                admin_tokens = _admin_tokens(api, options.admins)
            measure = partial(_measure, port, token, talks, http_process(process.pid))
            longer, dearer = [], []
            for _ in range(options.rounds):
                alone = uvloop.run(measure([], 0, options.rate, options.seconds))
                heard = uvloop.run(measure(admin_tokens, options.contacts, options.rate, options.seconds))
                longer.append(heard.seconds / alone.seconds)
                dearer.append(heard.processor / max(alone.processor, 0.01))
            print(
                f"A reply takes {median(longer):.2f} times as long as it does while nobody listens, "
                f"and the server's processor for it and for telling of it {median(dearer):.2f} times as long."
            )


if __name__ == "__main__":
    main()
