"""Checks of PostgreSQL: is it new enough, does it keep what it commits, and has it this release's schema."""

from datetime import datetime

import msgspec

from callbox.doctor.findings import Finding, doubtful, well, wrong, wrong_if
from callbox.installation import OLDEST_POSTGRESQL
from callbox.platform.clock import machine_time
from callbox.platform.database import Connection, GlobalQuery
from callbox.platform.database.migrate import migrations

_FREE_CONNECTIONS = 20
_CLOCKS_APART_SECONDS = 5
# PostgreSQL takes no more writes when two thousand million transactions are not frozen.
_OLD_TRANSACTIONS = 1_000_000_000


class ServerState(msgspec.Struct):
    """What a server says of itself. Sizes are in bytes."""

    version: int
    now: datetime
    fsync: str
    full_page_writes: str
    synchronous_commit: str
    max_connections: int
    connections: int
    transactions: int
    size: int


server_state = GlobalQuery(
    "server_state",
    ServerState,
    """
    SELECT
        current_setting('server_version_num')::integer / 10000,
        clock_timestamp(),
        current_setting('fsync'),
        current_setting('full_page_writes'),
        current_setting('synchronous_commit'),
        current_setting('max_connections')::integer,
        (SELECT count(*) FROM pg_stat_activity a WHERE a.backend_type = 'client backend'),
        (SELECT age(d.datfrozenxid) FROM pg_database d WHERE d.datname = current_database()),
        pg_database_size(current_database())
    """,
)


async def check_server(connection: Connection) -> list[Finding]:
    """The server, whatever is in it."""
    before = machine_time()
    state = await server_state.one(connection)
    apart = abs((before - state.now).total_seconds())
    return [
        _version(state),
        _keeping(state),
        _connections(state),
        _clocks(apart),
        _transactions(state),
    ]


def _version(state: ServerState) -> Finding:
    if state.version < OLDEST_POSTGRESQL:
        return wrong("database", f"It is PostgreSQL {state.version}.", f"Use {OLDEST_POSTGRESQL} or newer.")
    return well("database", f"It is PostgreSQL {state.version}, with {state.size / 1e6:.0f} MB.")


def _keeping(state: ServerState) -> Finding:
    lossy = [name for name in ("fsync", "full_page_writes") if getattr(state, name) == "off"]
    if lossy:
        return wrong("durability", f"{' and '.join(lossy)} are off: a power cut ruins the data.", "Turn them on.")
    if state.synchronous_commit == "off":
        return doubtful(
            "durability",
            "synchronous_commit is off: a power cut loses the last moment of what was answered.",
            "Turn it on, unless that was the intention.",
        )
    return well("durability", "What is committed is on the disk.")


def _connections(state: ServerState) -> Finding:
    free = state.max_connections - state.connections
    told = f"{state.connections} of {state.max_connections} are in use."
    remedy = "Raise max_connections: an HTTP process takes up to 32, a worker 45."
    return wrong_if(free < _FREE_CONNECTIONS, "connections", told, remedy)


def _clocks(apart: float) -> Finding:
    told = f"The clocks of this machine and of the database are {apart:.0f} s apart."
    remedy = "Let both follow a time server: jobs and links expire by them."
    return wrong_if(apart > _CLOCKS_APART_SECONDS, "clock", told, remedy)


def _transactions(state: ServerState) -> Finding:
    told = f"{state.transactions / 1e6:.0f} million transactions are not frozen."
    remedy = "See that autovacuum runs, and that no transaction has been open for days."
    return wrong_if(state.transactions > _OLD_TRANSACTIONS, "vacuum", told, remedy)


def check_database(schema: int | None) -> list[Finding]:
    """The schema, by its newest migration."""
    newest = migrations()[-1].version
    if schema is None:
        return [wrong("schema", "There is none yet.", "Run callbox serve once, or restore a backup.")]
    if schema > newest:
        return [wrong("schema", f"It is of a newer release (migration {schema}).", "Install that release.")]
    if schema < newest:
        told = f"{newest - schema} migrations are waiting."
        return [doubtful("schema", told, "Take a backup and start the server; it applies them.")]
    return [well("schema", f"It is this release's (migration {schema}).")]
