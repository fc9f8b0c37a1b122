"""How the documented answers of data exports are provoked."""

import time

import httpx

from tests.contract.scenarios import scenario
from tests.contract.world import Json, World
from tests.waiting import wait_for


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
    path = f"/export/content/data/{_identifier(world)}"
    wait_for(lambda: world.api.get(path).json()["status"] == "completed")
    return world.api.get(path)
