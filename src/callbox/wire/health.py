"""What load balancers and monitoring ask. These need no token and say nothing about any workspace."""

import msgspec
from litestar import get
from litestar.response import Response

from callbox.platform.database import CONNECTION_FAULTS, DatabaseUnavailable, GlobalQuery, connection
from callbox.platform.database.migrate import is_current
from callbox.platform.jobs import backlog
from callbox.platform.telemetry import metrics_text

_UNAVAILABLE = (DatabaseUnavailable, *CONNECTION_FAULTS)


class Connections(msgspec.Struct):
    """How many clients PostgreSQL has, of all databases, and how many it takes."""

    database_connections: int
    database_connections_allowed: int


count_connections = GlobalQuery(
    "count_connections",
    Connections,
    """
    SELECT count(*), current_setting('max_connections')::integer
    FROM pg_stat_activity a
    WHERE a.backend_type = 'client backend'
    """,
)


@get("/healthz", sync_to_thread=False)
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@get("/readyz")
async def readyz() -> Response[dict[str, str]]:
    """The database can be reached and has this release's schema."""
    try:
        async with connection() as held:
            current = await is_current(held)
    except _UNAVAILABLE as error:
        return Response({"status": "unavailable", "reason": type(error).__name__}, status_code=503)
    if not current:
        return Response({"status": "unavailable", "reason": "migrations are missing"}, status_code=503)
    return Response({"status": "ready"})


@get("/metrics", media_type="text/plain; version=0.0.4")
async def metrics() -> bytes:
    """Prometheus text of all processes of this server; the backlog of events and jobs is that of the database."""
    try:
        async with connection() as held:
            found = [await backlog(held), await count_connections.one(held)]
    except _UNAVAILABLE:
        found = []
    return metrics_text({name: value for each in found for name, value in msgspec.structs.asdict(each).items()})


ROUTES = [healthz, readyz, metrics]
