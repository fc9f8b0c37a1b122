"""Every answer that the official description shows is provoked, and held against schema and example.

A new operation or answer in the description has no scenario, and so a test of its own that fails.
"""

import re

import httpx
import pytest

from tests.conftest import TestWorkspace
from tests.contract import (  # they register
    reference,
    scenarios_articles,  # noqa: F401
    scenarios_conversations,  # noqa: F401
    scenarios_exports,  # noqa: F401
    scenarios_messages,  # noqa: F401
    scenarios_news,  # noqa: F401
    scenarios_tickets,  # noqa: F401
)
from tests.contract.reference import DocumentedAnswer
from tests.contract.scenarios import SCENARIOS
from tests.contract.world import World

pytestmark = pytest.mark.skipif(
    not reference.is_here(),
    reason="the official description is not here; CALLBOX_REFERENCE names it",
)

ANSWERS = list(reference.documented_answers()) if reference.is_here() else []

# Keys of an example that our answer need not have: operation, paths, why.
NOT_SENT: dict[str, tuple[tuple[str, ...], str]] = {
    "GET /admins/activity_logs": (("$.activity_logs[0].metadata",), "metadata differs from activity to activity"),
    "GET /events": (("$.pages.next",), "there is no following page, so no link to it"),
    "POST /companies": (("$.custom_attributes",), "custom attributes are the workspace's own"),
    "GET /contacts/{contact_id}/companies": (("$.data[0].last_request_at",), "left out while unset"),
}


# Answers that are files; the description is silent about their bodies.
DOWNLOADS = {"GET /download/content/data/{job_identifier}"}


def _name(answer: DocumentedAnswer) -> str:
    return f"{answer.operation} {answer.status} {answer.name or 'empty'}"


def _with_a_wrong_token(world: World, operation: str) -> httpx.Response:
    """The same for every operation: who asks is checked before anything else."""
    method, _, path = operation.partition(" ")
    return world.api.request(method, re.sub(r"\{\w+\}", "1", path), headers={"Authorization": "Bearer wrong"})


def test_all_operations_of_the_groups_are_known() -> None:
    assert len(reference.operations()) == reference.OPERATION_COUNT


def test_no_scenario_is_for_an_answer_that_is_not_documented() -> None:
    assert set(SCENARIOS) - {answer.key for answer in ANSWERS} == set()


# Examples of another time than their schemas: operation, why.
OF_ANOTHER_TIME = {
    "POST /conversations/{conversation_id}/customers": "the participants alone, where the schema has the conversation",
    "DELETE /conversations/{conversation_id}/customers/{contact_id}": "the same",
}
WITH_EXAMPLES = [
    each
    for each in ANSWERS
    if each.schema and each.example is not None and (each.status >= 400 or each.operation not in OF_ANOTHER_TIME)
]


@pytest.mark.parametrize("answer", WITH_EXAMPLES, ids=_name)
def test_the_descriptions_own_example_fits_the_corrected_schema(answer: DocumentedAnswer) -> None:
    assert answer.schema is not None
    assert reference.violations(answer.example, answer.schema) == []


@pytest.mark.parametrize("answer", ANSWERS, ids=_name)
def test_documented_answer(answer: DocumentedAnswer, workspace: TestWorkspace) -> None:
    world = World(workspace.api)
    if answer.status == 401:
        given = _with_a_wrong_token(world, answer.operation)
    elif answer.key in SCENARIOS:
        given = SCENARIOS[answer.key](world)
    else:
        pytest.fail(f"no scenario leads to {_name(answer)}")
    assert given.status_code == answer.status, given.text
    if answer.schema is None and answer.example is None:
        assert given.content == b"" or answer.operation in DOWNLOADS
        return
    _check_body(answer, given)


def _check_body(answer: DocumentedAnswer, given: httpx.Response) -> None:
    body = given.json()
    if answer.schema is not None:
        assert reference.violations(body, answer.schema) == []
    allowed, _ = NOT_SENT.get(answer.operation, ((), ""))
    missing = reference.missing_keys(body, answer.example)
    assert [path for path in missing if not path.startswith(allowed)] == []
    if "error_key" in body:  # Switch; for a landline, the example has a placeholder
        assert body["error_key"] == answer.example["error_key"] or answer.example["error_key"] == "some_error"
        return
    if answer.status >= 400:
        assert body["errors"] == answer.example["errors"]
        assert (body["request_id"] is None) == (answer.example["request_id"] is None)
        return
    assert _emptied_lists(body, answer.example) == []


def _emptied_lists(body: object, example: object, path: str = "$") -> list[str]:
    """Lists that the example fills and the answer does not: their items would go unseen."""
    if isinstance(example, dict) and isinstance(body, dict):
        shared = (key for key in example if key in body)
        return [empty for key in shared for empty in _emptied_lists(body[key], example[key], f"{path}.{key}")]
    if isinstance(example, list) and isinstance(body, list) and example:
        return _emptied_lists(body[0], example[0], f"{path}[0]") if body else [path]
    return []
