"""The short way to operations leads where the framework's own way leads."""

import re

import pytest
from litestar import Litestar

from callbox.app import API_ROUTES, MANAGE_ROUTES
from callbox.wire.dispatch import Dispatch
from callbox.wire.operations import Operation

OPERATIONS: list[Operation] = [route.opt["operation"] for route in [*API_ROUTES, *MANAGE_ROUTES]]


@pytest.fixture(scope="module")
def dispatch() -> Dispatch:
    return Dispatch(Litestar([*API_ROUTES, *MANAGE_ROUTES], openapi_config=None, logging_config=None))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
def test_every_operation_is_found_with_the_parameters_of_its_path(dispatch: Dispatch, operation: Operation) -> None:
    names = re.findall(r"{(\w+):str}", operation.path)
    path = re.sub(r"{(\w+):str}", r"a \1", operation.path)
    assert dispatch.find(operation.method, path) == (operation, {name: f"a {name}" for name in names})


def test_a_named_segment_goes_before_a_parameter(dispatch: Dispatch) -> None:
    merge = next(operation for operation in OPERATIONS if operation.path == "/contacts/merge")
    assert dispatch.find("POST", "/contacts/merge") == (merge, {})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/contacts"),
        ("OPTIONS", "/contacts"),
        ("GET", "/contacts/1/nothing"),
        ("GET", "/contacts/1/notes/2/3"),
        ("GET", "/contacts//notes"),
        ("GET", "/Contacts"),
        ("GET", "/"),
        ("GET", ""),
        ("GET", "/healthz"),
    ],
)
def test_what_is_no_operation_is_left_to_the_framework(dispatch: Dispatch, method: str, path: str) -> None:
    assert dispatch.find(method, path) is None
