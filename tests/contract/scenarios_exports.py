"""How the documented answers of data exports are provoked."""

import time

import httpx

from tests.contract.scenarios import scenario
from tests.contract.world import Json, World


def _begin(world: World) -> httpx.Response:
    user, now = world.user(), int(time.time())
    sender, to = {"type": "admin", "id": world.admin_id()}, {"type": "user", "id": user["id"]}
    world.post("/messages", {"from": sender, "to": to, "body": "heyy"})
    return world.api.post("/export/content/data", json={"created_at_after": now - 60, "created_at_before": now + 60})


def _identifier(world: World) -> str:
    return str(_begin(world).json()["job_identifier"])


@scenario("POST /export/content/data", 200, "successful")
def _(world: World) -> httpx.Response:
    return _begin(world)


@scenario("GET /export/content/data/{job_identifier}", 200, "successful")
def _(world: World) -> httpx.Response:
    return _completed(world)


@scenario("POST /export/cancel/{job_identifier}", 200, "successful")
def _(world: World) -> httpx.Response:
    return world.api.post(f"/export/cancel/{_identifier(world)}")


@scenario("GET /download/content/data/{job_identifier}", 200, None)
def _(world: World) -> httpx.Response:
    export: Json = _completed(world).json()
    return world.api.get(export["download_url"], headers={"Accept": "application/octet-stream"})


def _completed(world: World) -> httpx.Response:
    path, deadline = f"/export/content/data/{_identifier(world)}", time.monotonic() + 20
    while True:
        answer = world.api.get(path)
        if answer.json()["status"] == "completed":
            return answer
        assert time.monotonic() < deadline, "the export was not complete within 20 seconds"
        time.sleep(0.05)
