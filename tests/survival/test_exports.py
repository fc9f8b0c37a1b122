"""A worker that is killed while it writes an export: the next one completes it, and no beginnings are left."""

import gzip
import os
import signal
import time
from pathlib import Path
from typing import Any

from tests.contract.world import World
from tests.survival.harness import Installation
from tests.waiting import wait_for

# Half of them, with subjects that do not compress, fill the first part of a file.
MESSAGES = 100_000
_STATE = "SELECT state, file_id::text AS file_id, rows_written, rows_total, attempts FROM data_exports"


def test_an_export_survives_the_death_of_its_worker(installation: Installation) -> None:
    installation.serve()
    with installation.client() as api:
        world = World(api)
        user, now = world.user(), int(time.time())
        installation.sql(
            """
            INSERT INTO messages (workspace_id, message_type, subject, body, from_admin_id, to_contact_id, created_at)
            SELECT c.workspace_id, 'email', s.subject, '<p>Hello</p>', $1, c.id, c.created_at
            FROM contacts c
            CROSS JOIN generate_series(1, $2) AS n
            CROSS JOIN LATERAL (SELECT string_agg(md5(n || '-' || m), '') FROM generate_series(1, 8) m) AS s (subject)
            """,
            int(world.admin_id()),
            MESSAGES,
        )
        body = {"created_at_after": now - 3600, "created_at_before": now + 3600}
        export = world.post("/export/content/data", body)["job_identifier"]
        killed = wait_for(lambda: _midway(installation), pause=0.01)
        os.kill(installation.child("worker"), signal.SIGKILL)
        [left] = installation.sql(_STATE)
        assert left["state"] == "in_progress", "it was killed too late for this test to mean anything"
        assert _files(installation), "it had begun to write"

        assert wait_for(lambda: world.call("GET", f"/export/content/data/{export}")["status"] == "completed")
        [ended] = installation.sql(_STATE)
        assert (ended["rows_written"], ended["attempts"]) == (MESSAGES, 2)
        assert ended["file_id"] != killed["file_id"]
        assert [file.name for file in _files(installation)] == [ended["file_id"]]
        file = api.get(f"/download/content/data/{export}").content
        lines = gzip.decompress(file).decode().splitlines()
        assert len(lines) == MESSAGES + 1
        assert all(line.startswith(f"{user['id']},") for line in lines[1:])
        assert len({line.split(",")[13] for line in lines[1:]}) == MESSAGES, "each message once"
    assert installation.stop() == 0


def _midway(installation: Installation) -> Any:
    [export] = installation.sql(_STATE)
    return export if export["rows_written"] > MESSAGES / 2 else None


def _files(installation: Installation) -> list[Path]:
    return [path for path in (installation.data / "files").rglob("*") if path.is_file()]
