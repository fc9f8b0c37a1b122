"""A backlog: requests go on, the worker catches up, and what cannot succeed stands in nobody's way."""

import json

import httpx

from tests.contract.world import World
from tests.survival.harness import Installation

EVENTS = 6_000
JOBS = 60
FEW = 20

MANY_EVENTS = """
    INSERT INTO outbox (workspace_id, topic, item_id, item, created_at)
    SELECT $1, 'contact.user.updated', lpad(to_hex(n), 24, '0'), '{}', now()
    FROM generate_series(1, $2::int) AS n
"""
UNREADABLE_EVENT = """
    INSERT INTO outbox (workspace_id, topic, item_id, item, created_at)
    VALUES ($1, 'company.contact.attached', 'c1', 'no JSON', now())
"""
MANY_JOBS = """
    INSERT INTO pgqueuer (priority, status, entrypoint, payload)
    SELECT 0, 'queued', 'segments.compute_members', convert_to($1, 'UTF8')
    FROM generate_series(1, $2::int)
"""
# It has failed often enough for the next attempt to be the last.
UNREADABLE_JOB = """
    INSERT INTO pgqueuer (priority, status, entrypoint, payload, attempts)
    VALUES (1000, 'queued', 'segments.compute', 'no JSON', 7)
    RETURNING id
"""


def test_a_full_queue_is_worked_off_while_requests_are_answered(installation: Installation) -> None:
    installation.serve()
    with installation.client() as api:
        world = World(api)
        workspace_id = world.call("GET", "/me")["app"]["id_code"]
        segment = world.segment({"field": "name", "operator": "=", "value": "Ada"})
        nobody = json.dumps({"workspace_id": workspace_id, "member_ids": ["0" * 24], "of_companies": False})
        [job] = installation.sql(UNREADABLE_JOB)
        installation.sql(MANY_JOBS, nobody, JOBS)
        installation.sql(MANY_EVENTS, workspace_id, EVENTS // 2)
        installation.sql(UNREADABLE_EVENT, workspace_id)
        installation.sql(MANY_EVENTS, workspace_id, EVENTS // 2)
        assert metrics(api)["events_waiting"] > 0

        asked = 0
        # Each user that is made is work again: so to the last piece it would go on by chance.
        while sum(metrics(api)[name] for name in ("events_waiting", "jobs_waiting")) > FEW:
            world.user(name="Ada")
            world.call("GET", "/contacts", params={"per_page": 5})
            asked += 1
        assert asked > 1
        installation.wait_until_idle()
        counts = {each["id"]: each["count"] for each in world.call("GET", "/segments?include_count=true")["segments"]}
        assert counts[segment["id"]] == asked

        assert (metrics(api)["jobs_held"], metrics(api)["events_failed"]) == (1, 1)
        check_failures(installation, api, workspace_id, job["id"])
    assert installation.stop() == 0


def check_failures(installation: Installation, api: httpx.Client, workspace_id: str, job_id: int) -> None:
    """An operator sees them, and tries them again when their cause is gone."""
    code, listed = installation.run("failure", "list")
    assert code == 0
    rows = {row.split("\t")[0]: row for row in listed.splitlines()}
    [event_id] = rows.keys() - {f"job-{job_id}"}
    assert "segments.compute\tDecodeError" in rows[f"job-{job_id}"]
    assert "company.contact.attached\tDecodeError" in rows[event_id]

    readable = json.dumps({"workspace_id": workspace_id, "segment_id": "1"})
    installation.sql("UPDATE pgqueuer SET payload = convert_to($1, 'UTF8')", readable)
    installation.sql("UPDATE failed_events SET item = '{}'")
    for failure in (f"job-{job_id}", event_id):
        assert installation.run("failure", "retry", failure)[0] == 0
    installation.wait_until_idle()
    assert (metrics(api)["jobs_held"], metrics(api)["events_failed"]) == (0, 0)
    assert installation.run("failure", "retry", event_id)[0] == 1
    assert installation.run("failure", "retry", "something")[0] == 1


def metrics(api: httpx.Client) -> dict[str, float]:
    """The values of the backlog."""
    lines = [
        line.split()
        for line in api.get("/metrics").text.splitlines()
        if line.startswith(("callbox_events_", "callbox_jobs_"))
    ]
    return {name.removeprefix("callbox_"): float(value) for name, value in lines if "{" not in name}
