"""The mix of the load benchmark asks for what there is, and what it makes comes after what was loaded."""

from random import Random

import httpx
from benchmarks.dataset import Dataset
from benchmarks.mix.operations import draw, mix

from tests.benchmarks.conftest import CONVERSATIONS, get, search


def test_the_mix_succeeds_and_what_it_makes_comes_after_what_is_there(dataset: Dataset, api: httpx.Client) -> None:
    parts = mix(dataset, api)
    assert sum(part.weight for part in parts) == 100
    by_class = {kind: sum(part.weight for part in parts if part.kind == kind) for kind in ("read", "search", "write")}
    assert by_class == {"read": 60, "search": 25, "write": 15}
    for number, part in enumerate(parts):
        call = part.call(number)
        answer = api.request(call.method, call.path, content=call.body, headers={"Content-Type": "application/json"})
        assert answer.is_success, (part.name, answer.text)
    assert {place for place, _ in draw(parts, 5000, Random(1))} == set(range(len(parts)))
    assert get(api, "/conversations")["total_count"] == CONVERSATIONS + 1
    latest = search(api, "conversations", ("created_at", ">", 0))["conversations"]
    sources = [each["source"]["id"] for each in latest]
    assert len(sources) == len(set(sources)) == CONVERSATIONS + 1
    tickets = search(api, "tickets", ("created_at", ">", 0))["tickets"]
    assert max(int(each["ticket_id"]) for each in tickets) == dataset.size.tickets + 1
