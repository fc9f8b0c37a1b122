"""`callbox serve`: the parent process, and what its children run.

The parent owns the listening socket, the embedded PostgreSQL and the order of start and end; it serves no
request itself. Children are HTTP processes and one job worker.
"""

import asyncio
import contextlib
import ctypes
import os
import resource
import socket
import struct
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from time import sleep
from typing import Any

import msgspec
import uvicorn

from callbox.channels.email.inbound.doors import Doors
from callbox.channels.email.senders import set_email_domain
from callbox.channels.sms.providers import use_provider
from callbox.channels.webhooks.policy import Policy, set_policy
from callbox.platform import telemetry
from callbox.platform.files import open_files
from callbox.platform.outgoing import allow_private_addresses
from callbox.platform.processes import Child, ChildSpec, Lifeline, stop_signal, stop_when_parent_is_gone
from callbox.settings import Settings
from callbox.wire.rate_limits import RateLimiter, shared_counters
from callbox.wire.unreadable import ApiProtocol
from callbox.wire.urls import set_public_url

_CHILD_VARIABLE = "CALLBOX_CHILD"
_GRACE_SECONDS = 30
_LAST_CONNECTIONS_SECONDS = 0.1
_LAST_REQUESTS_SECONDS = 0.5
# Longer than clients and proxies keep an idle connection, so that none sends into one that is being closed.
_KEEP_ALIVE_SECONDS = 75
_BIND_ATTEMPTS = 50
# A connection ends when the other side confirms nothing, or takes nothing, for so long.
_SILENCE_SECONDS = 60
_HIGHEST_PORT = 65_535
_SO_ATTACH_FILTER = 26
_BPF_RETURN = 0x06


class CannotListen(Exception):
    """The address cannot be bound; the message says which and why."""


class ChildConfiguration(msgspec.Struct, frozen=True):
    """What the parent tells a child, through its environment: settings, descriptors, where the database is."""

    settings: Settings
    database_url: str
    lifeline: int
    ready: int
    listening: int = -1
    counters: int = -1
    number: int = 0
    processes: int = 1
    doors: Doors | None = None

    def written(self) -> str:
        """As text for the environment."""
        return msgspec.json.encode(self, enc_hook=str).decode()

    @classmethod
    def read(cls, text: str) -> "ChildConfiguration":
        """What `written` wrote."""
        return msgspec.json.decode(text, type=cls, dec_hook=lambda kind, value: kind(value))


def tell_process(settings: Settings) -> None:
    """Let the rooms know what the operator decided; told once in every process that does their work."""
    set_public_url(settings.public_url)
    open_files(settings.files)
    allow_private_addresses(allowed=settings.allow_private_addresses)
    set_policy(webhook_policy(settings))
    use_provider(settings.sms_url)
    set_email_domain(settings.email_domain)


def webhook_policy(settings: Settings) -> Policy:
    """What the settings say of webhooks. Where all private addresses may be reached, receivers may be there too."""
    private_receivers = settings.allow_private_webhooks or settings.allow_private_addresses
    return Policy(private_receivers, settings.webhook_retry_hours)


def listen(host: str, port: int) -> socket.socket:
    """The listening socket that all HTTP processes share. A server that was just killed may hold it for a moment."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    _end_what_is_silent(listening)
    for attempt in range(_BIND_ATTEMPTS):
        try:
            listening.bind((host, port))
            listening.listen(2048)
            break
        except OSError as error:
            if attempt == _BIND_ATTEMPTS - 1:
                raise CannotListen(
                    f"Cannot listen on {host} port {port}: {error.strerror}. Choose another --port."
                ) from error
            sleep(0.1)
    listening.set_inheritable(True)
    return listening


def _end_what_is_silent(listening: socket.socket) -> None:
    """Connections that are accepted inherit it: neither a machine that vanished nor a client that never reads stays."""
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _SILENCE_SECONDS * 1000)


def listen_at(place: str) -> socket.socket:
    """The same for mail: at a port of this machine, at HOST:PORT, or at the path of a Unix socket."""
    if "/" in place:
        return _listen_at_path(Path(place))
    host, _, port = place.rpartition(":")
    if not (port.isascii() and port.isdigit() and len(port) <= len(str(_HIGHEST_PORT)) and int(port) <= _HIGHEST_PORT):
        raise CannotListen(f"Cannot listen at {place}: it must be a port, HOST:PORT, or the path of a socket.")
    return listen(host.strip("[]") or "127.0.0.1", int(port))


def _listen_at_path(path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # What a server that was killed left there keeps nobody from listening. Any other file is somebody's.
        if path.is_socket():
            path.unlink()
        listening.bind(str(path))
        path.chmod(0o666)  # who may come near is a matter of the directory
    except OSError as error:
        listening.close()
        raise CannotListen(f"Cannot listen at {path}: {error.strerror}.") from error
    listening.listen()
    listening.set_inheritable(True)
    return listening


def _begin_no_connection(listening: socket.socket) -> None:
    """Drop further attempts to connect, in all processes that share the socket. Those that succeeded are accepted.

    Closing the socket alone would reset connections that wait, with requests already sent on them. Some kernels let
    only root drop attempts altogether; else a single one may wait, so that hardly any is reset.
    """
    drop_all = ctypes.create_string_buffer(struct.pack("HBBI", _BPF_RETURN, 0, 0, 0))
    try:
        listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(drop_all)))
    except PermissionError:
        listening.listen(0)


class Server:
    """Everything that one `callbox serve` runs besides the database. Its metrics meet in an empty directory."""

    def __init__(
        self,
        settings: Settings,
        database_url: str,
        listening: socket.socket,
        workers: int,
        run_jobs: bool,
        own_url: str,
        metrics: Path,
        doors: Doors | None = None,
    ) -> None:
        self._listening = listening
        self._metrics = metrics
        self._lifeline = Lifeline()
        self._ready_reading, self._ready_writing = os.pipe()
        os.set_inheritable(self._ready_writing, True)
        counters = shared_counters(workers)
        self._expected = workers + run_jobs
        told = partial(
            ChildConfiguration,
            database_url=database_url,
            lifeline=self._lifeline.reading_end,
            ready=self._ready_writing,
        )
        self._children = [
            self._child(
                "http",
                told(settings, listening=listening.fileno(), counters=counters, number=number, processes=workers),
            )
            for number in range(workers)
        ]
        if run_jobs:
            # No request tells the worker under which address links lead here.
            settings = msgspec.structs.replace(settings, public_url=own_url)
            self._children.append(self._child("worker", told(settings, doors=doors)))

    def _child(self, kind: str, configuration: ChildConfiguration) -> Child:
        descriptors = [
            configuration.lifeline,
            configuration.ready,
            configuration.listening,
            configuration.counters,
            *(configuration.doors.descriptors() if configuration.doors else []),
        ]
        spec = ChildSpec(
            name=kind,
            module="callbox.serving",
            arguments=[kind],
            environment={
                _CHILD_VARIABLE: configuration.written(),
                telemetry.METRICS_VARIABLE: str(self._metrics),
            },
            descriptors=[descriptor for descriptor in descriptors if descriptor >= 0],
        )
        return Child(spec, partial(telemetry.forget_process, self._metrics))

    async def run(
        self,
        stop: asyncio.Event,
        on_ready: Callable[[], None],
        watch: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """Serve until told to stop. `watch` runs beside; an exception from it or a child ends the server.

        Connections wait while a child is started again, and none begins when the server ends.
        """
        running = [asyncio.create_task(child.keep_running()) for child in self._children]
        beside = [asyncio.create_task(watch()), asyncio.create_task(self._announce(on_ready))]
        ended = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait([*running, beside[0], ended], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            _begin_no_connection(self._listening)
            self._listening.close()
            for task in beside:
                task.cancel()
            await asyncio.gather(*(child.stop() for child in self._children))
            await asyncio.gather(*running, *beside, return_exceptions=True)

    async def _announce(self, on_ready: Callable[[], None]) -> None:
        """Every child writes one byte when it is ready; one that is started again writes another, unheeded."""
        loop = asyncio.get_running_loop()
        all_ready = asyncio.Event()
        awaited = self._expected

        def count() -> None:
            nonlocal awaited
            awaited -= len(os.read(self._ready_reading, 64))
            if awaited <= 0:
                all_ready.set()

        loop.add_reader(self._ready_reading, count)
        try:
            await all_ready.wait()
        finally:
            loop.remove_reader(self._ready_reading)
        on_ready()


class _HttpServer(uvicorn.Server):
    """Says when it accepts connections, and ends without cutting a request that is on its way; streams it ends."""

    def __init__(self, config: uvicorn.Config, ready: int, end_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self._end_streams = end_streams

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            os.write(self._ready, b".")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await asyncio.sleep(_LAST_CONNECTIONS_SECONDS)
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        self.server_state.default_headers.append((b"connection", b"close"))
        self._end_streams()
        if self.server_state.connections:
            await asyncio.sleep(_LAST_REQUESTS_SECONDS)
        await super().shutdown(sockets)


def http_config(application: Any, trusted_proxies: str = "") -> uvicorn.Config:
    """How an HTTP process runs its application."""
    return uvicorn.Config(
        application,
        loop="uvloop",
        http=ApiProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies or None,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )


def _allow_many_connections() -> None:
    """As many open files as the operator allows, not as many as a shell begins with: each stream is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _serve_http(configuration: ChildConfiguration) -> None:
    from callbox.app import create_app  # noqa: PLC0415  # the parent and the worker do without its memory
    from callbox.channels.realtime.hub import end_streams  # noqa: PLC0415

    tell_process(configuration.settings)
    limiter = RateLimiter(
        configuration.settings.rate_limit, configuration.counters, configuration.number, configuration.processes
    )
    config = http_config(create_app(configuration.database_url, limiter), configuration.settings.trusted_proxies)
    listening = socket.socket(fileno=configuration.listening)
    _allow_many_connections()
    _HttpServer(config, configuration.ready, end_streams).run(sockets=[listening])


def _run_jobs(configuration: ChildConfiguration) -> None:
    from callbox.channels.email.smtp import use_mail_server  # noqa: PLC0415  # only the worker sends
    from callbox.working import work  # noqa: PLC0415  # only the worker needs the queue library

    tell_process(configuration.settings)
    use_mail_server(configuration.settings.smtp_url)

    async def run() -> None:
        stop = stop_signal()
        os.write(configuration.ready, b".")
        await work(configuration.database_url, stop, configuration.doors)

    asyncio.run(run())


def main() -> None:
    """Entry of a child process."""
    telemetry.configure_logging()
    configuration = ChildConfiguration.read(os.environ.pop(_CHILD_VARIABLE))
    stop_when_parent_is_gone(configuration.lifeline)
    with contextlib.suppress(KeyboardInterrupt):
        {"http": _serve_http, "worker": _run_jobs}[sys.argv[1]](configuration)


if __name__ == "__main__":
    main()
